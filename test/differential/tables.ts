import { constraintName, type Entity, type EntityField, type ModuleSet } from '../../src/core/module-set.ts'
import { functionSql, sqlActionsOf } from '../../src/data/postgres/actions-ddl.ts'
import type { TestDatabase } from '../../src/testing/test-database.ts'
import { rows } from './rows.ts'

/** The tenants that hold the same rows. */
export const tenants = ['acme', 'globex'] as const

export const peerSchema = 'peer'

/** The tables of the peer and of the tenants, which began with the same rows. */
export interface Tables {
  /** What sets them apart after a write, one line for each row, and the entities whose rows are not as at the start. */
  compare(): Promise<{ readonly unlike: readonly string[]; readonly touched: readonly string[] }>
  /** Puts the rows of these entities back as they were. */
  reset(entities: readonly string[]): Promise<void>
}

/**
 * Rows without an order come as they lie in the table and as the plan meets them: with the simplest plans both sides
 * answer in the same order. To be called before anything connects to stay.
 */
export async function simplifyPlans({ name, query }: TestDatabase): Promise<void> {
  const ways = ['indexscan', 'indexonlyscan', 'bitmapscan', 'hashjoin', 'mergejoin', 'hashagg', 'memoize', 'material']
  for (const way of ways) await query(`alter database "${name}" set enable_${way} = off`)
  await query(`alter database "${name}" set timezone = 'UTC'`)
}

/**
 * Makes the peer's tables beside Tenantry's: made from them in the live database, without the tenant. What carries the
 * tenant in Tenantry (keys, unique indexes, foreign keys) is made anew without it, under the same names.
 */
export async function createTables(database: TestDatabase, modules: ModuleSet, peerRole: string): Promise<Tables> {
  const entities = modules.modules.flatMap(module => module.entities)
  const statements = [
    `create schema ${peerSchema}`,
    'create schema template',
    ...entities.flatMap(tableOf),
    ...entities.flatMap(referencesOf),
    'create table template.filled (name text not null, xid xid not null, rows bigint not null)',
    resetFunction(entities),
    ...entities.map(unlikeView),
    touchedFunction(entities),
    `grant usage on schema ${peerSchema}, tenantry to "${peerRole}"`,
    `grant execute on all functions in schema tenantry to "${peerRole}"`,
    ...entities.flatMap(entity => grantOf(entity, peerRole)),
    ...functionsOf(modules),
  ]
  for (const statement of statements) await database.query(statement)
  for (const { name } of entities) {
    await database.query(
      `insert into template.${name} select * from json_populate_recordset(null::template.${name}, $1)`,
      [rows[name] ?? '[]'],
    )
  }
  const reset = async (names: readonly string[]) => {
    const touched = entities.filter(({ name }) => names.includes(name))
    const places = touched.flatMap(entity => [`${peerSchema}.${entity.name}`, tenantTable(entity)])
    await database.query('select template.reset($1)', [names])
    // Rows come in the order of their keys again, wherever there was room for them.
    await database.query(places.map(place => `cluster ${place} using ${place.split('.').at(-1)}_pkey`).join('; '))
  }
  await reset(entities.map(({ name }) => name))
  return {
    reset,
    compare: async () => {
      const found = await database.query<{ name: string }>('select * from template.touched() as name')
      const touched = found.map(({ name }) => name)
      const compared = await Promise.all(
        touched.map(name => database.query<{ line: string }>(`select line from template.${name}_unlike`)),
      )
      return { unlike: compared.flat().map(({ line }) => line), touched }
    },
  }
}

function tableOf(entity: Entity): string[] {
  const { name, module, key, unique } = entity
  const here = `${peerSchema}.${name}`
  return [
    `create table ${here} (like ${module.schema}.${name} including defaults including generated including constraints)`,
    `alter table ${here} drop column tenant_id`,
    `alter table ${here} add constraint ${name}_pkey primary key (${key.join(', ')})`,
    ...unique.map(set => `alter table ${here} add constraint ${set.name} unique (${set.fields.join(', ')})`),
    `create trigger keep before insert or update on ${here} for each row execute function tenantry.keep()`,
    `create table template.${name} (like ${here})`,
  ]
}

const onDelete = { restrict: 'no action', cascade: 'cascade', setNull: 'set null' } as const

function referencesOf({ name, references }: Entity): string[] {
  return references.map(
    ({ field, to, toField, onDelete: then }) =>
      `alter table ${peerSchema}.${name} add constraint ${constraintName(name, [field], 'fkey')} foreign key (${field}) references ${peerSchema}.${to.name} (${toField}) on delete ${onDelete[then]} deferrable initially immediate`,
  )
}

function grantOf({ name, access }: Entity, role: string): string[] {
  const granted = access.get('admin')
  if (granted === undefined || granted === 'none') return []
  const rights = granted.endsWith('writer') ? 'select, insert, update, delete' : 'select'
  return [`grant ${rights} on ${peerSchema}.${name} to "${role}"`]
}

/** The functions of the actions, over the peer's tables. What answers one row is there one that returns a row. */
function functionsOf({ modules }: ModuleSet): string[] {
  return sqlActionsOf(modules).map(action => {
    const sql = functionSql(action, peerSchema).replaceAll(/"\w+_v1"\./g, `"${peerSchema}".`)
    const { kind, entity } = action.action.output
    const oneRow = kind === 'row' && entity.key.length > 0 ? sql.replace(/setof /, '').replace(' rows 1', '') : sql
    return `set search_path to ${peerSchema}; ${oneRow}; reset search_path`
  })
}

/** The database makes it from other columns. */
function isMade({ spec }: EntityField): boolean {
  return spec.type === 'searchText'
}

/** The columns of a table that can be written. */
function columnsOf(entity: Entity): string {
  return [...entity.fields.values()]
    .filter(field => !isMade(field))
    .map(({ name }) => `"${name}"`)
    .join(', ')
}

/** Takes names of entities and gives all their tables the rows of the template. */
function resetFunction(entities: readonly Entity[]): string {
  const steps = entities.map(entity => {
    const { name } = entity
    const columns = columnsOf(entity)
    const from = `${columns} from template.${name}`
    return `if '${name}' = any (names) then
      delete from ${peerSchema}.${name};
      delete from ${tenantTable(entity)};
      insert into ${peerSchema}.${name} (${columns}) select ${from};
      ${tenants.map(tenant => `insert into ${tenantTable(entity)} (tenant_id, ${columns}) select '${tenant}', ${from};`).join('\n')}
      delete from template.filled where filled.name = '${name}';
      insert into template.filled select '${name}', pg_current_xact_id()::xid, count(*) from template.${name};
    end if;`
  })
  return `create function template.reset(names text[]) returns void language plpgsql
    set session_replication_role = replica as $$ begin ${steps.join('\n')} end $$`
}

/** The tables that no longer hold exactly the rows that they were filled with. */
function touchedFunction(entities: readonly Entity[]): string {
  const selects = entities.map(entity => {
    const isTouched = (table: string, times: number) =>
      `(select count(*) <> ${times} * f.rows or count(*) filter (where xmin = f.xid) <> ${times} * f.rows from ${table})`
    return `select f.name from template.filled f where f.name = '${entity.name}'
      and (${isTouched(`${peerSchema}.${entity.name}`, 1)} or ${isTouched(tenantTable(entity), tenants.length)})`
  })
  return `create function template.touched() returns setof text language plpgsql as $$
    begin return query ${selects.join(' union all ')}; end $$`
}

function tenantTable({ name, module }: Entity): string {
  return `${module.schema}.${name}`
}

/**
 * The rows that one side has and the other has not, as JSON. Times of this hour and ids of version 7 were made by the
 * database and count as equal.
 */
function unlikeView(entity: Entity): string {
  const { name, fields } = entity
  const made = [...fields.values()].flatMap(({ name: field, spec, platform }) => {
    const isTime = spec.type === 'timestamp' && !spec.array && (platform || spec.default === 'now')
    if (isTime)
      return [
        `'${field}', case when ${field} between now() - interval '1 hour' and now() then 'made' else ${field}::text end`,
      ]
    return spec.type === 'reference' || field === 'id'
      ? [`'${field}', regexp_replace(${field}::text, '^0.{12}-7.*', 'made')`]
      : []
  })
  const left = ['tenant_id', ...[...fields.values()].filter(isMade).map(field => field.name)]
  const rowsOf = (table: string, where = '') =>
    `select to_jsonb(t) - array[${left.map(column => `'${column}'`).join(', ')}] || jsonb_build_object(${made.join(', ')}) as line from ${table} t${where}`
  const peer = rowsOf(`${peerSchema}.${name}`)
  const [first = '', second = ''] = tenants.map(tenant => rowsOf(tenantTable(entity), ` where tenant_id = '${tenant}'`))
  const minus = (what: string, one: string, other: string) =>
    `select '${name}: ${what} ' || l.line::text as line from ((${one}) except all (${other})) l`
  return `create view template.${name}_unlike as ${[
    minus('only PostgREST has', peer, first),
    minus('only Tenantry has', first, peer),
    minus('only the first tenant has', first, second),
    minus('only the second tenant has', second, first),
  ].join(' union all ')}`
}
