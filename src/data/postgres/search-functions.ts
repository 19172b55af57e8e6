import { isTenantRole, reachOf, type ServingRole, servingRoles } from '../../core/access-role.ts'
import type { Entity, Module } from '../../core/module-set.ts'
import { currentInstance, currentTenant } from './policies.ts'
import { rolesOf } from './roles.ts'
import { scalarSql } from './sql/condition.ts'
import {
  mostCandidates,
  type SearchedOperator,
  type SearchIndex,
  searchFunction,
  searchIndexesOf,
} from './sql/indexes.ts'
import { tableOf } from './sql/join.ts'
import { identifier, literal } from './sql/writer.ts'
import type { Step } from './step.ts'

/** Rows looked at from each end of the key, and how many of them match where naming all that do would take too long. */
const sampleSize = 32
const denseSample = 3

const operators: Readonly<Record<SearchedOperator, string>> = { ...scalarSql, fts: '@@' }

/** No column is called so, and PostgreSQL would take a column for a variable of the same name. */
const argumentsOf = ({ operand }: SearchIndex) => `"wanted?" ${operand}, "most?" integer`

/** `orders_v1.orders.tags cs("wanted?" text[], "most?" integer)`, as the live catalog shows it. */
function signatureOf(entity: Entity, index: SearchIndex, operator: SearchedOperator): string {
  return `${entity.module.schema}.${searchFunction(entity, index.field, operator)}(${argumentsOf(index)})`
}

function functionIndexesOf(entity: Entity): readonly SearchIndex[] {
  return entity.global ? [] : searchIndexesOf(entity)
}

/** The functions of these modules that may run with their owner's rights, all of which belong to the search role. */
export function searchSignatures(modules: readonly Module[]): string[] {
  return modules.flatMap(({ entities }) =>
    entities.flatMap(entity =>
      functionIndexesOf(entity).flatMap(index => index.operators.map(operator => signatureOf(entity, index, operator))),
    ),
  )
}

/** The extensions that a module's search indexes need: without them no such index can begin with the tenant. */
export function extensionSteps(module: Module): Step[] {
  const methods = new Set(module.entities.flatMap(entity => functionIndexesOf(entity).map(({ method }) => method)))
  return [...methods].sort().map(method => ({
    id: `extension btree_${method}`,
    sql: `create schema if not exists tenantry_extensions; create extension if not exists btree_${method} schema tenantry_extensions`,
  }))
}

/** What the search role may see, and the functions that look there for those who may read the table. */
export function searchSteps(entity: Entity, prefix: string): Step[] {
  const indexes = functionIndexesOf(entity)
  if (indexes.length === 0) return []
  const { search } = rolesOf(prefix)
  const table = `${entity.module.schema}.${entity.name}`
  const scope = ['ctid', 'tenant_id', ...(entity.instanced ? ['instance_id'] : [])]
  const columns = [...scope, ...new Set([...entity.key, ...indexes.map(({ field }) => field.name)])]
  return [
    {
      id: `policy ${table}.search`,
      sql: `create policy search on ${tableOf(entity)} for select to ${identifier(search)} using (true)`,
    },
    ...columns.map(column => ({
      id: `column grant ${table}.${column} ${search}`,
      sql: `grant select (${identifier(column)}) on ${tableOf(entity)} to ${identifier(search)}`,
    })),
    ...indexes.flatMap(index => index.operators.map(operator => functionStep(entity, index, operator, prefix))),
  ]
}

/** The search role's use of a schema that has something to be searched. */
export function searchSchemaSteps({ schema, entities }: Module, prefix: string): Step[] {
  if (entities.every(entity => functionIndexesOf(entity).length === 0)) return []
  const { search } = rolesOf(prefix)
  return [
    {
      id: `schema grant ${schema} ${search}`,
      sql: `grant usage on schema ${identifier(schema)} to ${identifier(search)}`,
    },
  ]
}

/** The search role makes its functions itself, so that nobody has to be able to give them away to it. */
function functionStep(entity: Entity, index: SearchIndex, operator: SearchedOperator, prefix: string): Step {
  const roles = rolesOf(prefix)
  const [main, search] = [identifier(roles.main), identifier(roles.search)]
  const schema = identifier(entity.module.schema)
  const name = `${schema}.${identifier(searchFunction(entity, index.field, operator))}`
  const signature = `${name}(${index.operand}, integer)`
  const readers = roles.servingRoles.map(identifier).join(', ')
  return {
    id: `function ${signatureOf(entity, index, operator)}`,
    sql: `grant create on schema ${schema} to ${search};
      set local role ${search};
      create or replace function ${name}(${argumentsOf(index)}) ${bodySql(entity, index, operator, prefix)};
      revoke execute on function ${signature} from public;
      grant execute on function ${signature} to ${readers};
      set local role ${main};
      revoke create on schema ${schema} from ${search}`,
  }
}

/**
 * Row ids of rows that an index finds among those that the caller's role may see: of the current tenant and, where it is kept
 * within an instance, of the current instance. Null where they are more than `most`, or where the role reaches across tenants.
 * Rows at both ends of the key are looked at first: where many of them match, so do many others, and naming them all would
 * cost more than it saves. Each call is planned anew, for a tenant and a wish that may be of any size.
 */
function bodySql(entity: Entity, { field }: SearchIndex, operator: SearchedOperator, prefix: string): string {
  const table = tableOf(entity)
  const column = identifier(field.name)
  const matches = `${column} operator(pg_catalog.${operators[operator]}) "wanted?"`
  const instanced = entity.instanced ? ['instance_id'] : []
  const scope = ['tenant_id = "tenant?"', ...instanced.map(() => '("everywhere?" or instance_id = "instance?")')].join(
    ' and ',
  )
  const isDense = (direction: 'asc' | 'desc') => {
    const order = ['tenant_id', ...instanced, ...entity.key.map(identifier)]
      .map(name => `${name} ${direction}`)
      .join(', ')
    const sample = `select ${column} from ${table} where ${scope} order by ${order} limit ${sampleSize}`
    return `(select count(*) filter (where ${matches}) from (${sample}) s) >= ${denseSample}`
  }
  const among = (within: readonly ServingRole[]) =>
    `current_setting('role') = any (array[${within.map(role => literal(`${prefix}_${role}`)).join(', ')}])`
  const tenantRoles = servingRoles.filter(isTenantRole)
  const declared = instanced.map(
    () => `
  "everywhere?" constant boolean := ${among(tenantRoles.filter(role => !reachOf(role).withinInstance))};
  "instance?" constant text := ${currentInstance};`,
  )
  return `returns tid[] language plpgsql stable parallel restricted security definer
set search_path = pg_catalog set plan_cache_mode = force_custom_plan set enable_seqscan = off as $$
declare
  "tenant?" constant text := ${currentTenant};${declared.join('')}
  "bound?" constant integer := greatest(0, least("most?", ${mostCandidates}));
  "rows?" tid[];
begin
  if "tenant?" is null or not ${among(tenantRoles)} then return null; end if;
  if ${isDense('asc')} and ${isDense('desc')} then return null; end if;
  -- Planned as if all were wanted: a limit would tempt the planner to read the tenant's rows until there are enough.
  "rows?" := array(with named as materialized (select ctid as id from ${table} where ${scope} and ${matches}) select id from named limit "bound?" + 1);
  return case when cardinality("rows?") <= "bound?" then "rows?" end;
end $$`
}
