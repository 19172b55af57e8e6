import { constraintName, type Entity, type EntityField, type Module, type Relation } from '../../core/module-set.ts'
import { ownFields } from '../../core/own-rows.ts'
import { recorderSteps } from './changes-ddl.ts'
import { ownSteps } from './own-rows.ts'
import { currentInstance, currentTenant, grantSql, policySql, rolesOnTable } from './policies.ts'
import { rolesOf } from './roles.ts'
import { extensionSteps, searchSchemaSteps, searchSteps } from './search-functions.ts'
import { shareSteps } from './sharing-ddl.ts'
import { defaultSql } from './sql/defaults.ts'
import { hasTwin, isSearched, searchIndexesOf, twinOf } from './sql/indexes.ts'
import { tableOf } from './sql/join.ts'
import { columnType, elementType } from './sql/types.ts'
import { identifier, literal } from './sql/writer.ts'
import type { Step } from './step.ts'
import { upgradableSteps } from './upgrade-ddl.ts'
import { viewSteps } from './views-ddl.ts'

export type { Step } from './step.ts'

/** Everything that a module version needs in the database, in an order in which it can be made. Pure. */
export function moduleSteps(module: Module, prefix: string): Step[] {
  const tables = module.entities.filter(({ view }) => !view)
  return [
    ...extensionSteps(module),
    ...schemaSteps(module, prefix),
    ...searchSchemaSteps(module, prefix),
    ...tables.flatMap(tableSteps),
    ...tables.flatMap(indexSteps),
    ...tables.flatMap(foreignKeySteps),
    ...tables.flatMap(triggerSteps),
    ...tables.flatMap(entity => accessSteps(entity, prefix)),
    ...tables.flatMap(entity => searchSteps(entity, prefix)),
    ...tables.flatMap(entity => recorderSteps(entity, prefix)),
    ...upgradableSteps(module, prefix),
    ...viewSteps(module, prefix),
  ]
}

function schemaSteps({ schema }: Module, prefix: string): Step[] {
  const roles = rolesOf(prefix)
  return [
    { id: `schema ${schema}`, sql: `create schema ${identifier(schema)}` },
    ...roles.servingRoles.map(role => ({
      id: `schema grant ${schema} ${role}`,
      sql: `grant usage on schema ${identifier(schema)} to ${identifier(role)}`,
    })),
  ]
}

interface Column {
  readonly name: string
  readonly sql: string
}

/** The columns that keep rows apart stand first; they are nobody's fields. */
function scopeColumns(entity: Entity): Column[] {
  const column = (name: string, current: string): Column => ({
    name,
    sql: `${name} text collate "C" not null default ${current}`,
  })
  return [
    ...(entity.global ? [] : [column('tenant_id', currentTenant)]),
    ...(entity.instanced ? [column('instance_id', currentInstance)] : []),
  ]
}

function scopeNames(entity: Entity): string[] {
  return scopeColumns(entity).map(({ name }) => name)
}

/** The columns of the primary key, which its index is in the order of. */
export function primaryKey(entity: Entity): string[] {
  return [...scopeNames(entity), ...entity.key.map(identifier)]
}

function fieldColumns(entity: Entity): Column[] {
  return [...entity.fields.values()]
    .filter(({ name }) => name !== 'instance_id')
    .flatMap(field => [
      { name: field.name, sql: columnSql(entity, field) },
      ...(hasTwin(entity, field) ? [{ name: twinOf(field), sql: twinSql(field) }] : []),
    ])
}

/** Kept by the database beside an indexed decimal, and nobody's field. */
function twinSql(field: EntityField): string {
  return `${identifier(twinOf(field))} float8 generated always as (${identifier(field.name)}::float8) stored`
}

function columnSql(entity: Entity, field: EntityField): string {
  const { spec } = field
  if (spec.type === 'searchText') return searchColumnSql(field)
  const collation = elementType(entity, field) === 'text' ? ` collate ${identifier(spec.collation ?? 'C')}` : ''
  const given = defaultSql(entity, field)
  return `${identifier(field.name)} ${columnType(entity, field)}${collation}${spec.optional ? '' : ' not null'}${given ? ` default ${given}` : ''}`
}

/** Filled in by the database with every write. A missing text has no words. */
function searchColumnSql({ name, spec }: EntityField): string {
  const words = (spec.from ?? []).map(field => `coalesce(${identifier(field)}, '')`).join(` || ' ' || `)
  const config = literal(`pg_catalog.${spec.config ?? 'simple'}`)
  return `${identifier(name)} tsvector generated always as (to_tsvector(${config}::regconfig, ${words})) stored`
}

interface Constraint {
  readonly name: string
  readonly sql: string
}

function checks(entity: Entity): Constraint[] {
  return [...entity.fields.values()].flatMap(field => {
    const sql = checkSql(field)
    return sql === undefined
      ? []
      : [{ name: constraintName(entity.name, [field.name], 'check'), sql: `check (${sql})` }]
  })
}

/** The limits of a field as a condition that null satisfies. */
export function checkSql({ name, spec }: EntityField): string | undefined {
  const column = identifier(name)
  const { type, array, min, max, values } = spec
  const between = (least: string, greatest: string) =>
    [
      ...(min === undefined ? [] : [`${least} >= ${min}`]),
      ...(max === undefined ? [] : [`${greatest} <= ${max}`]),
    ].join(' and ')
  if (type === 'oneOf') {
    const list = `array[${(values ?? []).map(literal).join(', ')}]`
    return array ? `${column} <@ ${list}` : `${column} = any (${list})`
  }
  if (min === undefined && max === undefined) return undefined
  if (type === 'text') {
    return array
      ? between(`tenantry.shortest(${column})`, `tenantry.longest(${column})`)
      : between(`char_length(${column})`, `char_length(${column})`)
  }
  if (type === 'bytes') return array ? undefined : between(`octet_length(${column})`, `octet_length(${column})`)
  if (!array) return between(column, column)
  return [
    ...(min === undefined ? [] : [`${min} <= all (${column})`]),
    ...(max === undefined ? [] : [`${max} >= all (${column})`]),
  ].join(' and ')
}

function tableSteps(entity: Entity): Step[] {
  const table = `${entity.module.schema}.${entity.name}`
  const columns = [...scopeColumns(entity), ...fieldColumns(entity)]
  const key: Constraint = {
    name: `${entity.name}_pkey`,
    sql: `primary key (${primaryKey(entity).join(', ')})`,
  }
  const constraints = [key, ...checks(entity)]
  const named = constraints.map(({ name, sql }) => ({
    id: `constraint ${table}.${name}`,
    sql: `constraint ${identifier(name)} ${sql}`,
  }))
  return [
    {
      id: `table ${table}`,
      // Row security is switched on with the table, never later: a live table without it is refused, not mended.
      sql: `create table ${tableOf(entity)} (${[...columns.map(({ sql }) => sql), ...named.map(({ sql }) => sql)].join(', ')});
        alter table ${tableOf(entity)} enable row level security, force row level security`,
      covers: [...columns.map(({ name }) => `column ${table}.${name}`), ...named.map(({ id }) => id)],
    },
    ...columns.map(({ name, sql }) => ({
      id: `column ${table}.${name}`,
      sql: `alter table ${tableOf(entity)} add column ${sql}`,
    })),
    ...named.map(({ id, sql }) => ({ id, sql: `alter table ${tableOf(entity)} add ${sql}` })),
  ]
}

/** Unique keys and indexes begin with what keeps rows apart; each foreign key is served by one. */
function indexSteps(entity: Entity): Step[] {
  const scope = scopeNames(entity)
  const { schema } = entity.module
  const step = (name: string, columns: readonly string[], unique: boolean): Step => ({
    id: `index ${schema}.${name}`,
    sql: `create ${unique ? 'unique ' : ''}index ${identifier(name)} on ${tableOf(entity)} (${[...scope, ...columns].join(', ')})${unique && entity.softDelete ? ' where deleted_at is null' : ''}`,
  })
  const plain = entity.indexes.filter(fields => !isSearched(entity, fields))
  const served = (field: string) =>
    [entity.key, ...plain, ...(entity.softDelete ? [] : entity.unique.map(({ fields }) => fields))].some(
      fields => fields[0] === field,
    )
  return [
    ...entity.unique.map(({ name, fields }) => step(name, fields.map(identifier), true)),
    ...plain.map(fields => {
      const columns = fields.map(name => indexedColumn(entity, name))
      const kind = columns.every((column, index) => column === fields[index]) ? 'idx' : 'num'
      return step(constraintName(entity.name, fields, kind), columns.map(identifier), false)
    }),
    ...entity.references
      .filter(({ field }) => !served(field))
      .map(({ field }) => step(constraintName(entity.name, [field], 'idx'), [identifier(field)], false)),
    ...ownFields(entity.own, 'write')
      .filter(field => !served(field))
      .map(field => step(constraintName(entity.name, [field], 'own'), [field, ...entity.key].map(identifier), false)),
    ...searchIndexesOf(entity).map(({ field, method, operatorClass }) => {
      const name = constraintName(entity.name, [field.name], method)
      const column = `${identifier(field.name)}${operatorClass ? ` ${operatorClass}` : ''}`
      return {
        id: `index ${schema}.${name}`,
        sql: `create index ${identifier(name)} on ${tableOf(entity)} using ${method} (${[...scope, column].join(', ')})${method === 'gin' ? pendingList : ''}`,
      }
    }),
  ]
}

/** Every search reads the list of what is not in the index yet, whichever tenant has written it: in kB. */
const pendingList = ' with (gin_pending_list_limit = 256)'

function indexedColumn(entity: Entity, name: string): string {
  const field = entity.fields.get(name)
  return field && hasTwin(entity, field) ? twinOf(field) : name
}

const onDelete = { restrict: 'no action', cascade: 'cascade', setNull: 'set null' } as const

/**
 * Foreign keys carry the tenant, so that no row can name another tenant's (their checks run outside row security).
 * They can be deferred: a tenant's rows, which may name each other in circles, are removed in one transaction.
 */
function foreignKeySteps(entity: Entity): Step[] {
  return entity.references.map(relation => {
    const shared = sharedScope(relation)
    const own = [...shared, identifier(relation.field)]
    const target = [...shared, identifier(relation.toField)]
    const cleared = relation.onDelete === 'setNull' ? ` (${identifier(relation.field)})` : ''
    return {
      id: `constraint ${entity.module.schema}.${entity.name}.${relation.name}`,
      sql: `alter table ${tableOf(entity)} add constraint ${identifier(relation.name)} foreign key (${own.join(', ')}) references ${tableOf(relation.to)} (${target.join(', ')}) on delete ${onDelete[relation.onDelete]}${cleared} deferrable initially immediate`,
    }
  })
}

function sharedScope({ from, to }: Relation): string[] {
  return scopeNames(to).filter(name => scopeNames(from).includes(name))
}

/** Times, authors and revision are kept by the database, so that no way of writing goes around them. */
function triggerSteps(entity: Entity): Step[] {
  const duties = [...(entity.revision ? ['revision'] : []), ...(entity.authors ? ['authors'] : [])]
  const { schema } = entity.module
  return [
    {
      id: `trigger ${schema}.${entity.name}.keep`,
      sql: `create trigger keep before insert or update on ${tableOf(entity)} for each row execute function tenantry.keep(${duties.map(literal).join(', ')})`,
    },
    ...writeOnceSteps(entity),
  ]
}

/** Fields that are written once: the function is called only to refuse. */
function writeOnceSteps(entity: Entity): Step[] {
  const names = [...entity.fields.values()].filter(({ spec }) => spec.rules?.writeOnce).map(({ name }) => name)
  if (names.length === 0) return []
  const changed = names
    .map(identifier)
    .map(name => `(old.${name} is not null and new.${name} is distinct from old.${name})`)
  return [
    {
      id: `trigger ${entity.module.schema}.${entity.name}.write_once`,
      sql: `create trigger write_once before update on ${tableOf(entity)} for each row when (${changed.join(' or ')}) execute function tenantry.refuse_change(${names.map(literal).join(', ')})`,
    },
  ]
}

function accessSteps(entity: Entity, prefix: string): Step[] {
  const table = `${entity.module.schema}.${entity.name}`
  const main = identifier(rolesOf(prefix).main)
  return [
    {
      id: `policy ${table}.main`,
      sql: `create policy main on ${tableOf(entity)} to ${main} using (true) with check (true)`,
    },
    ...rolesOnTable(entity).flatMap(role => [
      { id: `policy ${table}.${role.role}`, sql: policySql(entity, prefix, role) },
      { id: `grant ${table} ${prefix}_${role.role}`, sql: grantSql(entity, prefix, role) },
    ]),
    ...ownSteps(entity, prefix),
    ...shareSteps(entity, prefix),
  ]
}
