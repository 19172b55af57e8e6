import { parseArgs } from 'node:util'
import pg from 'pg'
import { openTwoTenants } from 'tenantry/testing'
import { Callers, fillSql, searched, statementFor } from '../test/data/search/world.ts'
import { median } from './http-load.ts'

/** What does row security cost a filter, with what Tenantry does about it and without? One large tenant beside many. */
const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    tenants: { type: 'string', default: '1000' },
    each: { type: 'string', default: '1000' },
    runs: { type: 'string', default: '7' },
    /** Prints the plans too. */
    plans: { type: 'boolean', default: false },
  },
})
const [rows, tenants, each, runs] = [
  Number(values.rows),
  Number(values.tenants),
  Number(values.each),
  Number(values.runs),
]

const page = 'select=id,name&order=amount&limit=20'
/** What is asked, in words, and the request. Values match about a hundred rows (`rare`), one in a hundred, or half of them. */
const cases: readonly [what: string, line: string, body?: unknown][] = [
  ['key, `eq`', 'GET items?select=name&id=eq.00000000-0000-7000-8000-000000000007'],
  ['integer, range', 'GET items?select=id&amount=gte.5000&amount=lt.5100'],
  ['text, `eq`', 'GET items?select=id&serial=eq.big 7'],
  ['text, prefix (11 rows)', 'GET items?select=id&name=like.Customer 7777 *'],
  ['text, prefix (1,111 rows)', 'GET items?select=id&name=like.Customer 777*&order=name&limit=20'],
  ['text, `like(any)`', 'GET items?select=id&name=like(any).{Customer 7777 *,Customer 8888 *}'],
  ['decimal, `eq`', 'GET items?select=id&price=eq.77.77'],
  ['decimal, range', 'GET items?select=id&price=gte.50&price=lt.51'],
  ['decimal, range, first 20', 'GET items?select=id&price=gte.5000&order=price&limit=20'],
  ['decimal of 30 digits, range', 'GET items?select=id&wide=lt.1234567890123456789025'],
  ['array `cs`, rare', 'GET items?select=id&tags=cs.{rare7}'],
  ['array `cs`, rare, first 20', `GET items?${page}&tags=cs.{rare7}`],
  ['array `ov`, rare', 'GET items?select=id&tags=ov.{rare7,rare8}'],
  ['array `cs`, 1 %, counted', 'GET items?select=id&limit=1&count&tags=cs.{part7}'],
  ['array `cs`, 1 %, first 20', `GET items?${page}&tags=cs.{part7}`],
  ['array `cs`, half, first 20', `GET items?${page}&tags=cs.{half1}`],
  ['array `cs`, half, counted', 'GET items?select=id&limit=1&count&tags=cs.{half1}'],
  ['array `cs`, nothing', 'GET items?select=id&tags=cs.{nowhere}'],
  ['JSON `cs`, rare', 'GET items?select=id&data=cs.{"rare":7}'],
  ['JSON `cs`, half, first 20', `GET items?${page}&data=cs.{"half":1}`],
  ['words, rare', 'GET items?select=id&words=fts.rare7'],
  ['words, rare, first 20', `GET items?${page}&words=wfts.rare7`],
  ['words, 1 %, first 20', `GET items?${page}&words=plfts.part7`],
  ['words, half, first 20', `GET items?${page}&words=fts.half1`],
  ['words, half, counted', 'GET items?select=id&limit=1&count&words=fts.half1'],
  ['range `ov`', 'GET items?select=id&span=ov.[77770,77790)'],
  ['range `cs`', 'GET items?select=id&span=cs.[77771,77773)'],
  ['embed with `!inner`, rare', 'GET owners?select=id,items!inner(id)&items.tags=cs.{rare7}&limit=20'],
  ['change of what is rare', 'PATCH items?select=id&tags=cs.{rare7}', { total: 3 }],
]

const { database, close } = await openTwoTenants({ modules: [searched] })
const owner = new pg.Client(database.target)
await owner.connect()
try {
  const started = Date.now()
  // Triggers and foreign keys would only slow the loading down; indexes are made when all rows are there.
  await owner.query(`set session_replication_role = replica; set maintenance_work_mem = '512MB'`)
  for (const table of ['items', 'owners'])
    await owner.query(`alter table searched_v1.${table} set unlogged`).catch(() => {})
  const { rows: indexes } = await owner.query<{ name: string; sql: string }>(
    `select c.relname as name, pg_get_indexdef(c.oid) as sql from pg_index i join pg_class c on c.oid = i.indexrelid
     where i.indrelid = 'searched_v1.items'::regclass and not i.indisunique`,
  )
  for (const { name } of indexes) await owner.query(`drop index searched_v1."${name}"`)
  for (const sql of fillSql('big', rows)) await owner.query(sql)
  for (let other = 0; other < tenants; other++) for (const sql of fillSql(`other${other}`, each)) await owner.query(sql)
  for (const { sql } of indexes) await owner.query(sql)
  // What a plain condition on decimals would have.
  for (const field of ['price', 'wide']) await owner.query(`create index on searched_v1.items (tenant_id, ${field})`)
  await owner.query('vacuum (analyze) searched_v1.items')
  await owner.query('vacuum (analyze) searched_v1.owners')
  const { rows: sizes } = await owner.query<{ name: string; size: string }>(
    `select c.relname as name, pg_size_pretty(pg_relation_size(c.oid)) as size from pg_index i join pg_class c on c.oid = i.indexrelid
     where i.indrelid = 'searched_v1.items'::regclass order by pg_relation_size(c.oid) desc`,
  )
  console.error(`${rows} + ${tenants} × ${each} rows loaded in ${Math.round((Date.now() - started) / 1000)} s`)
  console.error(sizes.map(({ name, size }) => `${name} ${size}`).join(', '))

  const callers = await Callers.open(database)
  console.log('| filter | rows | plain condition | Tenantry | ratio |\n| --- | ---: | ---: | ---: | ---: |')
  for (const [what, line, body] of cases) {
    const caller = { role: line.startsWith('GET') ? 'tenant_reader' : 'tenant_writer', tenant: 'big' } as const
    const measured = []
    for (const plain of [true, false]) {
      const statement = statementFor(line, { body, plain })
      const times: number[] = []
      let found = 0
      // What takes seconds is not asked often.
      for (let run = 0; run < runs && (run < 2 || sum(times) < 3_000); run++) {
        const { milliseconds, row } = await callers.time(caller, statement)
        times.push(milliseconds)
        found = Number(Object.values(row)[2] ?? Object.values(row)[1])
      }
      measured.push({ time: median(times.slice(1)), found })
      if (values.plans) console.error(`\n${line}\n${(await callers.explain(caller, statement, 'analyze')).join('\n')}`)
    }
    const [before, after] = measured
    if (!before || !after) continue
    if (before.found !== after.found) throw new Error(`${line} finds ${after.found} rows instead of ${before.found}`)
    const ratio = before.time / after.time
    console.log(
      `| ${what} | ${after.found} | ${show(before.time)} | ${show(after.time)} | ${ratio >= 10 ? Math.round(ratio) : ratio.toFixed(1)}× |`,
    )
  }
  await callers.close()
} finally {
  await owner.end()
  await close()
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

function show(milliseconds: number): string {
  return `${milliseconds >= 10 ? Math.round(milliseconds) : milliseconds.toFixed(1)} ms`
}
