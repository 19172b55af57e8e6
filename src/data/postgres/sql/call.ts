import type { CheckedCall } from '../../../core/checked-plan.ts'
import { TenantryError } from '../../../core/errors.ts'
import type { Entity, EntityField } from '../../../core/module-set.ts'
import { checkSql } from '../ddl.ts'
import { currentTenant } from '../policies.ts'
import { defaultSql } from './defaults.ts'
import type { Narrowing } from './narrowing.ts'
import { raised } from './raised.ts'
import { bounded, Reader } from './read.ts'
import { columnType, needsExactOutput, valueType } from './types.ts'
import { type Binder, type Given, identifier, literal } from './writer.ts'

/** One statement: reads the arguments, runs the action's function on them and makes the answer of what it gives. */
export function callSql(plan: CheckedCall, binder: Binder, narrowing: Narrowing): string {
  const { stage, action, given } = plan
  if (stage === undefined && action.definition.sql === undefined) {
    throw new TenantryError('internal', `The body of ${action.id} is TypeScript, which no statement can run`)
  }
  const runs = stage === undefined && given.length > 0
  const parts = runs ? [`i as materialized (${inputSql(plan, binder)})`] : []
  parts.push(...answerParts(plan, binder, narrowing))
  // Read by nobody: arguments are looked at although no row may ask for them, and the number of rows may be refused.
  const guards = [
    ...(runs ? ['(select count(*) from i)'] : []),
    ...(plan.single ? [`case when n <> 1 then tenantry.refuse(${literal(raised.notSingle)}, n::text) end`] : []),
  ]
  return `with ${parts.join(', ')} select ${['body', 'n', 'total', 'null', ...guards].join(', ')} from a`
}

/** The answer, called `a`, and what it stands on. */
function answerParts(plan: CheckedCall, binder: Binder, narrowing: Narrowing): string[] {
  const { stage, action, entity } = plan
  const reader = new Reader(binder, plan.output, narrowing)
  const answer = (sql: string) => `a(body, n, total) as (${sql})`
  if (stage === 'arguments') return rowsParts(plan, argumentsSql(plan, binder), reader)
  const { kind } = action.output
  // A value, or nothing, counts as one row, as in PostgREST.
  const one = plan.count ? '1' : 'null'
  if (kind === 'nothing') {
    // It is shown so that it is run: what nobody looks at PostgreSQL may leave out.
    return [answer(stage ? `select '', 1, ${one}` : `select v.value::text, 1, ${one} from (${functionValue(plan)}) v`)]
  }
  if (kind === 'value' && plan.format === 'json') {
    return [answer(valueSql(plan, stage ? givenRows(entity, stage.result, binder) : functionValue(plan), one))]
  }
  const ofFunction = kind === 'value' ? functionValue(plan) : functionRows(plan)
  return rowsParts(plan, stage ? givenRows(entity, stage.result, binder) : ofFunction, reader)
}

/** Filters reach into a function that only selects, unless the rows are looked at twice. */
function rowsParts(plan: CheckedCall, source: string, reader: Reader): string[] {
  if (!plan.count) return [`a(body, n, total) as (${reader.statement(plan, `(${source})`)})`]
  return [`f as (${source})`, `a(body, n, total) as (${reader.statement(plan, 'f')})`]
}

function valueSql(plan: CheckedCall, source: string, total: string): string {
  const field = plan.entity.fields.get('value')
  const exact = plan.output === 'exact' && field && needsExactOutput(plan.entity, field)
  const value = exact ? `v.value::text${field.spec.array ? '[]' : ''}` : 'v.value'
  const body = `coalesce(to_json(${value}), 'null')`
  return `select ${bounded('body', 'json')}, 1, ${total} from (select ${body} as body from (${source}) v) a`
}

function functionRows(plan: CheckedCall): string {
  return `select r.* from ${callOf(plan)} r`
}

function functionValue(plan: CheckedCall): string {
  return `select r.value from ${callOf(plan)} r(value)`
}

/** The function with the arguments that are given, by name. */
function callOf({ action: { module, name }, given }: CheckedCall): string {
  const named = given.map(field => `${identifier(field.name)} => i.${identifier(field.name)}`)
  const call = `${identifier(module.schema)}.${identifier(name)}(${named.join(', ')})`
  return given.length === 0 ? call : `i cross join lateral ${call}`
}

function inputSql({ action, given, input, slot }: CheckedCall, binder: Binder): string {
  const columns = given.map(field => `${givenValue(action.input, field)} as ${identifier(field.name)}`)
  return `select ${columns.join(', ')} from ${recordOf(action.input, given, { value: input, slot }, binder)}`
}

/** All parameters of an action: those that are not given have their defaults. */
function argumentsSql({ action, given, input, slot }: CheckedCall, binder: Binder): string {
  const values = [...action.input.fields.values()].map(field => {
    const value = given.includes(field) ? givenValue(action.input, field) : absentValue(action.input, field)
    return `${value} as ${identifier(field.name)}`
  })
  const from = given.length === 0 ? '' : ` from ${recordOf(action.input, given, { value: input, slot }, binder)}`
  return `select ${values.join(', ')}${from}`
}

export function absentValue(shape: Entity, field: EntityField): string {
  return defaultSql(shape, field) ?? `null::${valueType(shape, field)}`
}

function recordOf(shape: Entity, fields: readonly EntityField[], json: Given, binder: Binder): string {
  const columns = fields.map(field => `${identifier(field.name)} ${columnType(shape, field)}`)
  return `json_to_record(${binder.bindGiven(json, 'json')}) as j(${columns.join(', ')})`
}

/** What a field's builder promises holds, or the call refuses itself; no column of a table is there to see to it. */
function givenValue(shape: Entity, field: EntityField): string {
  const { name, spec } = field
  const limit = checkSql(field)
  const conditions = [
    ...(spec.optional ? [] : [`j.${identifier(name)} is not null`]),
    ...(limit === undefined ? [] : [`(${limit}) is not false`]),
  ]
  if (conditions.length === 0) return `j.${identifier(name)}`
  const refusal = `tenantry.refuse(${literal(raised.refused)}, ${literal(`The argument "${name}" ${promiseOf(field)}`)})`
  return `case when ${conditions.join(' and ')} then j.${identifier(name)} else ${refusal}::${valueType(shape, field)} end`
}

function promiseOf({ spec: { type, array, optional, min, max, values = [] } }: EntityField): string {
  const be = array ? 'hold values of' : 'be'
  const unit = type === 'text' ? ' characters' : type === 'bytes' ? ' bytes' : ''
  const parts = [
    ...(type === 'oneOf' ? [`${be} one of ${values.join(', ')}`] : []),
    ...(min === undefined ? [] : [`${be} at least ${min}${unit}`]),
    ...(max === undefined ? [] : [`${be} at most ${max}${unit}`]),
    ...(optional ? [] : ['not be null']),
  ]
  return `must ${parts.join(', and must ')}`
}

/** Rows that TypeScript made, as the database would have. A row of an entity has its tenant, by which embeds are joined. */
function givenRows(entity: Entity, json: string, binder: Binder): string {
  const columns = [...entity.fields.values()].map(field => `${identifier(field.name)} ${valueType(entity, field)}`)
  const tenant = entity.global ? '' : `${currentTenant} as tenant_id, `
  return `select ${tenant}j.* from json_to_recordset(${binder.bind(json, 'json')}) as j(${columns.join(', ')})`
}
