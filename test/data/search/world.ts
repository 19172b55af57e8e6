import { createHash } from 'node:crypto'
import pg from 'pg'
import { parseRest } from '../../../src/api/rest/parse.ts'
import type { ServingRole } from '../../../src/core/access-role.ts'
import { entity } from '../../../src/core/entity.ts'
import {
  array,
  bigint,
  boolean,
  date,
  decimal,
  integer,
  json,
  oneOf,
  range,
  reference,
  searchText,
  text,
  timestamp,
  uuid,
} from '../../../src/core/field.ts'
import type { ModuleDefinition } from '../../../src/core/module.ts'
import { createModuleSet } from '../../../src/core/module-set.ts'
import { checkPlan } from '../../../src/core/plan-check.ts'
import { settingsSql } from '../../../src/data/postgres/settings.ts'
import { statementOf } from '../../../src/data/postgres/sql/statement.ts'
import type { Statement } from '../../../src/data/postgres/sql/writer.ts'
import type { TestDatabase } from '../../../src/testing/test-database.ts'

export const owners = entity('owners', { name: text({ max: 50 }), rank: integer() }, { indexes: [['rank']] })

/** A field of every type that filters of the dialect can be served from an index on. */
const items = entity(
  'items',
  {
    name: text({ max: 200 }),
    spoken: text({ collation: 'en-x-icu' }).optional(),
    amount: integer(),
    total: bigint(),
    price: decimal(12, 2).optional(),
    wide: decimal(30, 2),
    active: boolean(),
    kind: oneOf('a', 'b', 'c', 'd'),
    seen: timestamp(),
    day: date(),
    code: uuid(),
    serial: text().unique(),
    tags: array(text()),
    sizes: array(integer()),
    data: json(),
    span: range('integer'),
    words: searchText('name'),
    owner_id: reference(() => owners),
  },
  {
    softDelete: true,
    aggregates: true,
    indexes: [
      ...([['name'], ['spoken'], ['amount'], ['total'], ['price'], ['wide'], ['seen'], ['day'], ['code']] as const),
      ...([['active'], ['kind', 'amount'], ['tags'], ['sizes'], ['data'], ['span']] as const),
    ],
  },
)

/** Kept apart by instance too. */
export const places = entity('places', { tags: array(text()) }, { instanced: true, indexes: [['tags']] })

/** One table for all tenants, where nothing has to be kept apart. */
const labels = entity(
  'labels',
  { tags: array(text()), price: decimal(8, 2) },
  { scope: 'global', indexes: [['tags'], ['price']] },
)

export const searched: ModuleDefinition = {
  name: 'searched',
  version: '1.0.0',
  entities: [owners, items, places, labels],
  access: { admin: 'tenant_writer', local: 'tenant_instance_reader', platform: 'reader' },
}

/** SQL that gives a tenant `rows` items, deterministic and of all selectivities; `owners` rows of its owners. */
export function fillSql(tenant: string, rows: number, owners = Math.max(10, Math.ceil(rows / 100))): string[] {
  const id = (number: string) => `('00000000-0000-7000-8000-' || lpad(to_hex(${number}), 12, '0'))::uuid`
  return [
    `insert into searched_v1.owners (tenant_id, id, name, rank)
     select '${tenant}', ${id('i')}, 'Owner ' || i, i from generate_series(0, ${owners - 1}) i`,
    `insert into searched_v1.items (tenant_id, id, name, spoken, amount, total, price, wide, active, kind, seen, day, code, serial, tags, sizes, data, span, owner_id)
     select '${tenant}', ${id('i')}, 'Customer ' || i || ' rare' || i % ${rare(rows)} || ' part' || i % 100 || ' half' || i % 2, 'Größe ' || i, i, i * 1000000::bigint,
       i / 100.0, i * 12345678901234567890.25, i % 50 = 0, (array['a', 'b', 'c', 'd'])[1 + i % 4], timestamptz '2024-01-01Z' + i * interval '1 minute',
       date '2000-01-01' + i % 5000, ${id('i * 7')}, '${tenant} ' || i,
       array['rare' || i % ${rare(rows)}, 'part' || i % 100, 'half' || i % 2], array[i, i + 1],
       jsonb_build_object('rare', i % ${rare(rows)}, 'part', i % 100, 'half', i % 2), int4range(i * 10, i * 10 + 10), ${id(`i % ${owners}`)}
     from generate_series(0, ${rows - 1}) i`,
  ]
}

/** About a hundred rows of each, but for small tenants. */
function rare(rows: number): number {
  return Math.max(20, Math.floor(rows / 100))
}

/** The same entities without an index: statements made from them are what they would be without any of our doing. */
const unindexedOwners = entity('owners', owners.fields)
const unindexed: ModuleDefinition = {
  ...searched,
  entities: [
    unindexedOwners,
    entity(
      'items',
      { ...items.fields, owner_id: reference(() => unindexedOwners) },
      { softDelete: true, aggregates: true },
    ),
    entity('places', places.fields, { instanced: true }),
  ],
}

/** The statement of a request such as `GET items?amount=eq.7`; `plain`: as if nothing had an index; `after`: the page that begins there. */
export function statementFor(
  line: string,
  { plain = false, body, after }: { plain?: boolean; body?: unknown; after?: readonly (string | null)[] } = {},
): Statement {
  const modules = plain ? plainModules : ourModules
  const [method = '', target = ''] = line.split(/ (.*)/s)
  const [name = '', query = ''] = target.split(/\?(.*)/s)
  const entity = modules.modules[0]?.entities.find(entity => entity.name === name)
  if (!entity) throw new Error(`there is no ${name}`)
  const { plan } = parseRest({
    method,
    entity,
    query: encodeURI(query),
    headers: {
      'content-type': 'application/json',
      prefer: method === 'GET' ? 'count=exact' : 'return=representation',
      ...(!/count/.test(line) && method === 'GET' && { prefer: undefined }),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
    locationBase: `/${name}`,
  })
  const paged = after && plan.kind === 'read' ? { ...plan, keyset: { after } } : plan
  return statementOf(checkPlan(paged, modules.expose(['searched@1'])))
}

const ourModules = createModuleSet([searched])
const plainModules = createModuleSet([unindexed])
// Searched text always has an index, so here it passes for something else that is compared as it is.
for (const { fields } of plainModules.modules[0]?.entities ?? []) {
  const words = fields.get('words')
  if (words) Object.assign(words, { spec: { ...words.spec, type: 'range' } })
}

export interface Caller {
  readonly role: ServingRole
  readonly tenant: string
  readonly instance?: string
}

/** Runs statements as a role, each in a transaction of its own that is undone. */
export class Callers {
  readonly #client: pg.Client
  readonly #prefix: string

  private constructor(client: pg.Client, prefix: string) {
    this.#client = client
    this.#prefix = prefix
  }

  static async open({ target, prefix }: TestDatabase): Promise<Callers> {
    const client = new pg.Client(target)
    await client.connect()
    return new Callers(client, prefix)
  }

  async run<Row extends pg.QueryResultRow = Record<string, unknown>>(
    { role, tenant, instance = '' }: Caller,
    { text, values }: Statement,
    databaseRole = `${this.#prefix}_${role}`,
  ): Promise<Row[]> {
    await this.#client.query('begin')
    try {
      await this.#client.query(settingsSql, [databaseRole, tenant, instance, 'somebody', '0'])
      return (await this.#client.query<Row>({ text, values: [...values] })).rows
    } finally {
      await this.#client.query('rollback')
    }
  }

  /** The first row of a statement that stays prepared, and how long it took from here. */
  async time(
    { role, tenant, instance = '' }: Caller,
    { text, values }: Statement,
  ): Promise<{ milliseconds: number; row: object }> {
    await this.#client.query('begin')
    try {
      await this.#client.query(settingsSql, [`${this.#prefix}_${role}`, tenant, instance, 'somebody', '0'])
      const name = createHash('sha256').update(text).digest('hex').slice(0, 40)
      const started = performance.now()
      const { rows } = await this.#client.query<object>({ name, text, values: [...values] })
      return { milliseconds: performance.now() - started, row: rows[0] ?? {} }
    } finally {
      await this.#client.query('rollback')
    }
  }

  /** The plan as PostgreSQL shows it, one line per element. */
  async explain(caller: Caller, { text, values }: Statement, options = 'costs off'): Promise<string[]> {
    const rows = await this.run<{ 'QUERY PLAN': string }>(caller, { text: `explain (${options}) ${text}`, values })
    return rows.map(row => row['QUERY PLAN'])
  }

  close(): Promise<void> {
    return this.#client.end()
  }
}
