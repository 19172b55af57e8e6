import type { DataCase } from './case.ts'
import { type DataWorld, recorded } from './open-world.ts'

const bulk = 10_000
const backlog = 10_000

/**
 * What recording changes costs (compare with the rows of `tasks`), how soon a consumer is told, and how fast one catches up. By
 * hand a consumer is told by `notify`, and one that catches up reads the outbox by number, page by page with its rows.
 */
export function changeCases({ acme, ask, pool }: DataWorld, callers: number): DataCase[] {
  const table = 'bench_v1.recorded'
  const insert = `insert into ${table} (tenant_id, title, n) values ($1, $2, $3) returning *`
  const given = Array.from({ length: bulk }, (_, n) => ({ title: `row ${n}`, n }))
  const empty = () => pool.query(`truncate ${table}, tenantry.changes`)
  let position = ''
  return [
    {
      name: 'insert, its change recorded',
      callers,
      prepare: empty,
      ours: () => acme.insert(recorded, { title: 'a row', n: 1 }),
      byHand: () => ask('insert recorded', insert, ['acme', 'a row', 1]),
    },
    {
      name: `insert ${bulk} rows, their changes recorded`,
      callers: 1,
      rows: bulk,
      prepare: empty,
      ours: () => acme.insert(recorded, given),
      byHand: () =>
        ask(
          'bulk recorded',
          `insert into ${table} (tenant_id, title, n) select $1, title, n from json_to_recordset($2) as j(title text, n int) returning *`,
          ['acme', JSON.stringify(given)],
        ),
    },
    { ...toldCase({ acme, pool, ask }, insert), prepare: empty },
    {
      name: `follow a backlog of ${backlog} changes`,
      callers: 1,
      rows: backlog,
      prepare: async () => {
        await empty()
        position = await acme.changePosition(recorded)
        await acme.insert(recorded, given.slice(0, backlog))
      },
      ours: async () => {
        let told = 0
        for await (const _ of acme.changes(recorded, { after: position })) if (++told === backlog) break
      },
      byHand: async () => {
        const text = `select c.position, c.operation, r.* from tenantry.changes c
          left join ${table} r on r.tenant_id = c.tenant_id and r.id = c.key[1]::uuid
          where c.tenant_id = $1 and c.entity = 'bench@1.recorded' and c.position > $2 order by c.position limit 200`
        for (let told = 0, after = '0'; told < backlog; ) {
          const rows = await ask<{ position: string }>('backlog', text, ['acme', after])
          told += rows.length
          after = rows.at(-1)?.position ?? after
        }
      },
    },
  ]
}

/** From the call that writes until its consumer has the row. */
function toldCase({ acme, pool, ask }: Pick<DataWorld, 'acme' | 'pool' | 'ask'>, insert: string): DataCase {
  const waiting = new Map<string, () => void>()
  const until = (title: string) => new Promise<void>(resolve => waiting.set(title, resolve))
  const tell = (title: string | undefined) => {
    waiting.get(title ?? '')?.()
    waiting.delete(title ?? '')
  }
  let number = 0
  return {
    name: 'write a row until its consumer has it',
    callers: 1,
    async ours() {
      const title = `told ${number++}`
      const position = await acme.changePosition(recorded)
      const told = (async () => {
        for await (const { row } of acme.changes(recorded, { after: position })) if (row?.title === title) return
      })()
      await acme.insert(recorded, { title })
      await told
    },
    async byHand() {
      const title = `told ${number++}`
      const listener = await pool.connect()
      try {
        const told = until(title)
        listener.once('notification', async ({ payload }) => {
          const text = 'select title from bench_v1.recorded where tenant_id = $1 and id = $2'
          tell((await ask<{ title: string }>('told', text, ['acme', payload]))[0]?.title)
        })
        await listener.query('listen bench')
        const [row] = await ask<{ id: string }>('insert recorded', insert, ['acme', title, 1])
        await ask('notify', `select pg_notify('bench', $1)`, [row?.id])
        await told
        await listener.query('unlisten bench')
      } finally {
        listener.release()
      }
    },
  }
}
