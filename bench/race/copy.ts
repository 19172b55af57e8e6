import { randomBytes } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import type { EmbeddedServer } from '../../src/data/postgres/embedded.ts'

/** The tables that the requests touch. */
const tables = [
  { schema: 'customers_v1', name: 'customers' },
  { schema: 'invoices_v1', name: 'invoices' },
  { schema: 'invoices_v1', name: 'line_items' },
] as const

/** The one that the nested request follows. */
const reference = { from: 'line_items', field: 'invoice_id', to: 'invoices' } as const

export interface CopyOptions {
  /** The new database. */
  readonly database: string
  /** Undefined: the rows of all tenants, with the column that tells whose they are. Else its rows alone, without it. */
  readonly tenant?: string
  /** What the tenant is by default when it has a column. */
  readonly currentTenant?: string
}

/**
 * Copies tables, rows, checks and indexes into a database of its own on the same server; without Tenantry's policies and
 * triggers, and with one foreign key. Answers a client to it, to be ended by the caller.
 */
export async function copyTables(
  server: EmbeddedServer,
  { database, tenant, currentTenant = 'null' }: CopyOptions,
): Promise<pg.Client> {
  const source = new pg.Client(server.connection('postgres'))
  const target = new pg.Client(server.connection(database))
  // The server, which may run under another account, writes and reads the file itself; nobody else gets into its folder.
  const folder = mkdtempSync(join(server.folder, 'race-'))
  chmodSync(folder, 0o777)
  await source.connect()
  try {
    await source.query(`create database ${database}`)
    await target.connect()
    for (const [index, table] of tables.entries()) {
      const columns = await columnsOf(source, table, tenant === undefined ? currentTenant : undefined)
      const names = columns.map(({ name }) => name).join(', ')
      await target.query(`create table ${table.name} (${columns.map(({ sql }) => sql).join(', ')})`)
      const rows = `select ${names} from ${table.schema}.${table.name}${tenant === undefined ? '' : ` where tenant_id = '${tenant}'`}`
      const file = join(folder, String(index))
      await source.query(`copy (${rows}) to '${file}' (format binary)`)
      await target.query(`copy ${table.name} (${names}) from '${file}' (format binary)`)
      for (const statement of await keysOf(source, table)) {
        await target.query(tenant === undefined ? statement : statement.replaceAll('tenant_id, ', ''))
      }
    }
    const { from, field, to } = reference
    const scope = tenant === undefined ? 'tenant_id, ' : ''
    await target.query(
      `alter table ${from} add foreign key (${scope}${field}) references ${to} (${scope}id) on delete cascade`,
    )
    await target.query('vacuum analyze')
    return target
  } finally {
    await source.end()
    rmSync(folder, { recursive: true, force: true })
  }
}

type Table = (typeof tables)[number]

async function columnsOf(source: pg.Client, { schema, name }: Table, currentTenant: string | undefined) {
  const { rows } = await source.query<{
    name: string
    type: string
    collation: string | null
    required: boolean
    given: string | null
  }>(
    `select a.attname as name, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as required,
            case when a.attcollation = 0 then null else 'C' end as collation, pg_get_expr(d.adbin, d.adrelid) as given
     from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
     where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped order by a.attnum`,
    [`${schema}.${name}`],
  )
  return rows
    .filter(({ name }) => name !== 'tenant_id' || currentTenant !== undefined)
    .map(({ name, type, collation, required, given }) => {
      const value = name === 'tenant_id' ? currentTenant : name === 'id' ? 'uuidv7()' : defaultOf(name, given)
      // Platformatic DB wants a payload to name what is not null, also where there is a default.
      const always = required && (currentTenant !== undefined || !value || name === 'id')
      const parts = [collation && `collate "${collation}"`, always && 'not null', value && `default ${value}`]
      return { name, sql: [name, type, ...parts.filter(part => part)].join(' ') }
    })
}

/** What Tenantry's trigger fills in. */
function defaultOf(name: string, given: string | null): string | null {
  if (name === 'created_at' || name === 'updated_at') return 'now()'
  return name === 'revision' ? '1' : given
}

/** Primary key, checks and indexes as statements for a table of the same name. */
async function keysOf(source: pg.Client, { schema, name }: Table): Promise<string[]> {
  const { rows } = await source.query<{ sql: string }>(
    `select format('alter table %I add %s', $2::text, pg_get_constraintdef(oid)) as sql
     from pg_constraint where conrelid = $1::regclass and contype in ('p', 'c')
     union all
     select pg_get_indexdef(indexrelid) from pg_index where indrelid = $1::regclass and not indisprimary`,
    [`${schema}.${name}`, name],
  )
  return rows.map(({ sql }) => sql.replace(` ON ${schema}.`, ' ON '))
}

/** Row security on copies that hold all tenants' rows, for a login that becomes `user` and may do nothing before. */
export async function keepTenantsApart(
  client: pg.Client,
  { login, user, currentTenant }: { readonly login: string; readonly user: string; readonly currentTenant: string },
): Promise<{ readonly password: string }> {
  const password = randomBytes(16).toString('hex')
  const names = tables.map(({ name }) => name)
  await client.query(`
    create role ${login} login noinherit password '${password}';
    create role ${user} nologin;
    grant ${user} to ${login};
    grant select, insert, update, delete on ${names.join(', ')} to ${user}`)
  for (const name of names) {
    await client.query(`
      alter table ${name} enable row level security, force row level security;
      create policy tenant on ${name} to ${user}
        using (tenant_id = (select ${currentTenant})) with check (tenant_id = (select ${currentTenant}))`)
  }
  return { password }
}
