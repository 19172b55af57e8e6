import { isTenantRole, reachOf, servingRoles } from '../../core/access-role.ts'
import type { Action, EntityField, Module } from '../../core/module-set.ts'
import { absentValue } from './sql/call.ts'
import { tableOf } from './sql/join.ts'
import { valueType } from './sql/types.ts'
import { identifier } from './sql/writer.ts'

/** An action whose body is SQL: a function in the schema of its module. */
export interface SqlAction {
  readonly action: Action
  readonly body: string
}

export function sqlActionsOf(modules: readonly Module[]): SqlAction[] {
  return modules.flatMap(({ actions }) =>
    actions.flatMap(action => (action.definition.sql === undefined ? [] : [{ action, body: action.definition.sql }])),
  )
}

/**
 * One command that makes the function in `schema`. Names in a body of this kind are resolved while it is made, from the search
 * path of that moment, so none counts later; it runs with the rights of who calls it, under row security.
 */
export function functionSql({ action, body }: SqlAction, schema: string): string {
  const { name, input, readOnly, output } = action
  const parameters = parametersOf(action).map(field => {
    const absent = isNeeded(field) ? '' : ` default ${absentValue(input, field)}`
    return `${identifier(field.name)} ${valueType(input, field)}${absent}`
  })
  const one = output.kind === 'row' ? ' rows 1' : ''
  return `create function ${identifier(schema)}.${identifier(name)}(${parameters.join(', ')}) returns ${resultSql(action)}
    language sql ${readOnly ? 'stable' : 'volatile'} security invoker${one}
    begin atomic ${body.trim().replace(/;$/, '')}
    ; end`
}

/** Who may run it: whoever may read, and for what writes those who may write. Nobody else, which is not what PostgreSQL does by itself. */
export function executeSql({ action }: SqlAction, schema: string, prefix: string): string[] {
  const types = parametersOf(action).map(field => valueType(action.input, field))
  const signature = `${identifier(schema)}.${identifier(action.name)}(${types.join(', ')})`
  const roles = servingRoles
    .filter(role => action.readOnly || mayWrite(action, role))
    .map(role => identifier(`${prefix}_${role}`))
  return [
    `revoke execute on function ${signature} from public`,
    ...(roles.length === 0 ? [] : [`grant execute on function ${signature} to ${roles.join(', ')}`]),
  ]
}

/** A table without a tenant is written by roles that reach across tenants only. */
function mayWrite({ uses }: Action, role: (typeof servingRoles)[number]): boolean {
  const global = uses.some(({ verb, entity }) => verb === 'write' && entity.global)
  return reachOf(role).verb === 'write' && !(global && isTenantRole(role))
}

/** Those that must be given come first, as PostgreSQL wants it; calls name them all. */
function parametersOf({ input }: Action): EntityField[] {
  const fields = [...input.fields.values()]
  return [...fields.filter(isNeeded), ...fields.filter(field => !isNeeded(field))]
}

function isNeeded({ spec }: EntityField): boolean {
  return !spec.optional && spec.default === undefined
}

function resultSql({ output: { kind, entity } }: Action): string {
  const types = [...entity.fields.values()].map(field => ({ name: field.name, type: valueType(entity, field) }))
  switch (kind) {
    case 'nothing':
      return 'void'
    case 'value':
      return types[0]?.type ?? 'void'
    case 'rows':
    case 'row':
      // Every table has a key; what has none is no table.
      if (entity.key.length > 0) return `setof ${tableOf(entity)}`
      return `table(${types.map(({ name, type }) => `${identifier(name)} ${type}`).join(', ')})`
  }
}
