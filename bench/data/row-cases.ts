import type { DataCase } from './case.ts'
import { type DataWorld, tasks } from './open-world.ts'

const bulk = 10_000
const writers = 100

/** Rows one by one, many in one call, in transactions, and many writers that want the same row. */
export function rowCases({ acme, ask, pool }: DataWorld, callers: number): DataCase[] {
  const ids: string[] = []
  let turn = 0
  const id = () => ids[turn++ % ids.length] ?? ''
  const table = 'bench_v1.tasks'
  const given = Array.from({ length: bulk }, (_, n) => ({ title: `task ${n}`, n }))
  const insert = `insert into ${table} (tenant_id, title, n) values ($1, $2, $3) returning *`
  const update = `update ${table} set n = $3 where tenant_id = $1 and id = $2 and deleted_at is null returning *`
  const filled = async (rows: number) => {
    await pool.query(`truncate ${table}`)
    const made = await acme.insert(tasks, given.slice(0, rows))
    ids.splice(0, ids.length, ...made.map(({ id }) => id))
  }
  const prepare = () => filled(1_000)

  return [
    {
      name: 'insert',
      prepare,
      ours: () => acme.insert(tasks, { title: 'a task', n: 1 }),
      byHand: () => ask('insert', insert, ['acme', 'a task', 1]),
    },
    {
      name: 'get by key',
      prepare,
      ours: () => acme.get(tasks, id()),
      byHand: () =>
        ask('get', `select * from ${table} where tenant_id = $1 and id = $2 and deleted_at is null`, ['acme', id()]),
    },
    {
      name: 'list of 20',
      prepare,
      ours: () => acme.list(tasks, { order: { id: 'asc' }, limit: 20 }),
      byHand: () =>
        ask('list', `select * from ${table} where tenant_id = $1 and deleted_at is null order by id limit 20`, [
          'acme',
        ]),
    },
    {
      name: 'update',
      prepare,
      ours: () => acme.update(tasks, id(), { n: 7 }),
      byHand: () => ask('update', update, ['acme', id(), 7]),
    },
    {
      name: 'soft delete and restore',
      prepare,
      ours: async () => {
        const { id } = await acme.insert(tasks, { title: 'a task' })
        await acme.softDelete(tasks, id)
        await acme.restore(tasks, id)
      },
      byHand: async () => {
        const [row] = await ask<{ id: string }>('insert', insert, ['acme', 'a task', 0])
        const mark = (value: string) =>
          `update ${table} set deleted_at = ${value} where tenant_id = $1 and id = $2 returning *`
        await ask('delete', mark('now()'), ['acme', row?.id])
        await ask('restore', mark('null'), ['acme', row?.id])
      },
    },
    {
      name: 'transaction: insert, get, update',
      prepare,
      callers: Math.min(callers, 8),
      ours: () =>
        acme.transaction(async inside => {
          const { id } = await inside.insert(tasks, { title: 'a task' })
          const { n } = await inside.get(tasks, id)
          await inside.update(tasks, id, { n: n + 1 })
        }),
      byHand: async () => {
        const client = await pool.connect()
        try {
          await client.query('begin')
          const { rows } = await client.query({ name: 'insert', text: insert, values: ['acme', 'a task', 0] })
          const values = ['acme', rows[0].id]
          const text = `select * from ${table} where tenant_id = $1 and id = $2 and deleted_at is null`
          const found = await client.query({ name: 'get', text, values })
          await client.query({ name: 'update', text: update, values: [...values, found.rows[0].n + 1] })
          await client.query('commit')
        } finally {
          client.release()
        }
      },
    },
    {
      name: `insert ${bulk} rows in one call`,
      callers: 1,
      rows: bulk,
      prepare: () => filled(0),
      ours: () => acme.insert(tasks, given),
      byHand: () =>
        ask(
          'bulk insert',
          `insert into ${table} (tenant_id, title, n) select $1, title, n from json_to_recordset($2) as j(title text, n int) returning *`,
          ['acme', JSON.stringify(given)],
        ),
    },
    {
      name: `update ${bulk} rows in one call`,
      callers: 1,
      rows: bulk,
      prepare: () => filled(bulk),
      ours: () => acme.updateMany(tasks, { where: {} }, { n: 7 }),
      byHand: () =>
        ask('bulk update', `update ${table} set n = 7 where tenant_id = $1 and deleted_at is null`, ['acme']),
    },
    {
      name: `${writers} writers on one revision`,
      callers: 1,
      rows: writers,
      prepare,
      ours: async () => {
        const row = await acme.get(tasks, ids[0] ?? '')
        const patch = { n: 8, revision: row.revision }
        const all = await Promise.allSettled(Array.from({ length: writers }, () => acme.update(tasks, row.id, patch)))
        oneWins(all.filter(({ status }) => status === 'fulfilled').length)
      },
      byHand: async () => {
        const get = `select * from ${table} where tenant_id = $1 and id = $2 and deleted_at is null`
        const [row] = await ask<{ revision: number }>('get', get, ['acme', ids[0]])
        const text = `update ${table} set n = 8 where tenant_id = $1 and id = $2 and revision = $3 returning *`
        const values = ['acme', ids[0], row?.revision]
        const all = await Promise.all(Array.from({ length: writers }, () => ask('update revision', text, values)))
        oneWins(all.filter(rows => rows.length === 1).length)
      },
    },
  ]
}

function oneWins(count: number): void {
  if (count !== 1) throw new Error(`${count} writers changed one revision`)
}
