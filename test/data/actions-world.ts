import { action } from '../../src/core/action.ts'
import { row, rows } from '../../src/core/action-definition.ts'
import { entity } from '../../src/core/entity.ts'
import { TenantryError } from '../../src/core/errors.ts'
import { array, bigint, bytes, decimal, integer, json, oneOf, reference, text, uuid } from '../../src/core/field.ts'
import type { ModuleDefinition } from '../../src/core/module.ts'

const access = { admin: 'tenant_writer', auditor: 'tenant_reader' } as const

export const places = entity('places', { title: text() })

export const shared: ModuleDefinition = { name: 'shared', version: '1.0.0', entities: [places], access }

export const bills = entity(
  'bills',
  {
    title: text({ max: 100 }),
    status: oneOf('open', 'paid').default('open'),
    total: decimal(12, 2).default('0'),
    place_id: reference(() => places).optional(),
  },
  { revision: true },
)

/** Read by auditors, written by nobody. */
const ledger = entity('ledger', { title: text() }, { access: { admin: 'none', auditor: 'tenant_reader' } })

export const openBills = action('open_bills', {
  description: 'Bills that are not paid',
  input: { least: decimal(12, 2).default('0'), place: reference(() => places).optional() },
  reads: [bills],
  output: rows(bills),
  sql: `select * from bills b where b.status = 'open' and b.total >= open_bills.least
    and (open_bills.place is null or b.place_id = open_bills.place);`,
})

/** PostgreSQL sees that there is nothing to look at. */
export const noBills = action('no_bills', {
  input: { least: integer({ min: 0 }) },
  reads: [bills],
  output: rows(bills),
  sql: 'select * from bills where false and revision >= no_bills.least',
})

/** In SQL, and it writes. */
export const settle = action('settle', {
  input: { bill: uuid() },
  writes: [bills],
  output: row(bills),
  sql: `update bills set status = 'paid' where id = settle.bill returning *`,
})

/** Several statements; answers nothing. */
export const close = action('close_all', {
  input: { title: text({ min: 3, max: 10 }).optional() },
  writes: [bills],
  sql: `update bills set status = 'paid'; insert into bills (title) values (coalesce(close_all.title, 'closing'))`,
})

export const sums = action('sums', {
  reads: [bills, places],
  output: rows({ status: oneOf('open', 'paid'), bills: bigint(), total: decimal(14, 2) }),
  sql: `select b.status, count(*), sum(b.total) from bills b left join shared_v1.places p on p.id = b.place_id
    group by 1 order by 1`,
})

export const echo = action('echo', {
  input: {
    big: bigint({ max: 9_000_000_000_000_000 }),
    exact: decimal(30, 10),
    raw: bytes({ max: 4 }).optional(),
    kind: oneOf('a', 'b').default('a'),
    tags: array(text({ max: 3 })).default([]),
    data: json().default({ fresh: true }),
  },
  roles: ['admin'],
  output: row({
    big2: bigint(),
    exact2: decimal(30, 10),
    raw2: bytes().optional(),
    tags2: array(text()),
    data2: json(),
  }),
  sql: 'select echo.big, echo.exact, echo.raw, echo.tags, echo.data',
})

export const total = action('total', {
  reads: [bills],
  output: decimal(14, 2),
  sql: 'select coalesce(sum(total), 0) from bills',
})

/** In TypeScript. */
export const pay = action('pay', {
  input: { bill: uuid(), note: text({ max: 5 }).optional(), times: integer({ min: 1 }).default(1) },
  writes: [bills],
  output: row(bills),
  run: async (tenant, { bill, note, times }) => {
    const found = await tenant.get(bills, bill)
    if (found.status === 'paid') throw new TenantryError('conflict', 'The bill is paid', { reason: 'already_paid' })
    await tenant.insert(bills, { title: `copy ${note ?? 'without note'} ${times}`, status: 'paid' })
    return tenant.update(bills, bill, { status: 'paid' })
  },
})

export const billsTwice = action('bills_twice', {
  reads: [bills],
  output: rows(bills),
  run: async tenant => {
    const all = await tenant.list(bills, { order: { title: 'asc' } })
    return [...all, ...all]
  },
})

export const wrong = action('wrong', {
  input: { how: text() },
  reads: [bills],
  output: rows({ title: text(), number: bigint() }),
  run: async (tenant, { how }) => {
    // Past the compiler, as a mistake in JavaScript would be.
    const results: Record<string, unknown> = {
      nothing: undefined,
      object: { title: 'x', number: 1n },
      short: [{ title: 'x' }],
      long: [{ title: 'secret', number: 1n, tenant_id: 'globex' }],
      number: [{ title: 'x', number: 1 }],
      null: [{ title: null, number: 1n }],
    }
    if (how === 'undeclared') await tenant.insert(bills, { title: 'x' })
    if (how === 'read') await tenant.list(ledger)
    return results[how] as never
  },
})

export const nested = action('nested', {
  input: { bill: uuid() },
  writes: [bills],
  output: decimal(14, 2),
  run: async (tenant, { bill }) => {
    await tenant.call(settle, { bill })
    return tenant.call(total, {})
  },
})

export const lines = action('ledger_lines', {
  reads: [ledger],
  output: rows(ledger),
  sql: 'select * from ledger',
})

export const books: ModuleDefinition = {
  name: 'books',
  version: '1.0.0',
  dependsOn: ['shared@1'],
  entities: [bills, ledger],
  access,
  actions: [openBills, noBills, settle, close, sums, echo, total, pay, billsTwice, wrong, nested, lines],
}
