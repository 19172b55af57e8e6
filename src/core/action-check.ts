import { type ActionDefinition, type EntitySource, entityOfSource, isField } from './action-definition.ts'
import type { EntityDefinition } from './entity.ts'
import type { AnyField, Fields } from './field.ts'
import type { ModuleDefinition } from './module.ts'

const actionName = /^[a-z][a-z0-9_]{0,46}$/
const serviceRole = /^[a-z][a-z0-9_:.-]{0,62}$/
const reservedNames = new Set(['constructor', 'prototype'])
/** Hidden columns, and words that stand for something else in a query string. */
const reservedParameters = new Set([
  ...['tenant_id', 'instance_id', 'select', 'order', 'limit', 'offset', 'and', 'or', 'not', 'columns', 'on_conflict'],
  ...reservedNames,
])
/** PostgreSQL's functions have at most a hundred parameters, those of their result included. */
const mostFields = 50

/** What the check of a module knows and does for its actions. */
export interface ActionSurroundings {
  readonly definition: ModuleDefinition
  /** The module that an entity belongs to, when this one may use it: itself or a dependency. */
  ownerOf(entity: EntityDefinition): { readonly id: string; readonly reachable: boolean } | undefined
  checkField(shape: EntityDefinition, name: string, field: AnyField): void
  say(where: string, message: string): void
}

/** Says everything that is wrong with the actions of a module. */
export function checkActions(surroundings: ActionSurroundings): void {
  const { definition, say } = surroundings
  const seen = new Set<string>()
  for (const action of definition.actions ?? []) {
    if (seen.has(action.name)) say(action.name, 'the module has two actions with this name')
    seen.add(action.name)
    checkAction(action, surroundings)
  }
}

function checkAction(action: ActionDefinition, surroundings: ActionSurroundings): void {
  const { name, sql, run, roles, reads, writes } = action
  const say = (message: string) => surroundings.say(name, message)
  if (!actionName.test(name)) say(`the name must match ${actionName.source}`)
  if (reservedNames.has(name)) say('the name is a reserved word')
  if ((sql === undefined) === (run === undefined)) say('an action has either run or sql')
  if (run !== undefined && typeof run !== 'function') say('run must be a function')
  if (sql !== undefined && (typeof sql !== 'string' || sql.trim() === '')) say('sql must be a text that is not empty')
  if (typeof action.description !== 'string') say('description must be a text')
  checkFields(action, action.input, 'input', surroundings)
  const touched = checkUses(action, surroundings)
  checkOutput(action, touched, surroundings)
  for (const role of roles ?? [])
    if (!serviceRole.test(role)) say(`roles: ${JSON.stringify(role)} must match ${serviceRole.source}`)
  if (roles?.length === 0) say('roles: name at least one service role')
  if (reads.length + writes.length === 0 && !roles)
    say('an action that names no entity in reads or writes must say which roles may call it')
}

function checkFields(action: ActionDefinition, fields: Fields, part: string, surroundings: ActionSurroundings): void {
  const { say, checkField } = surroundings
  // Instances are the caller's: a parameter may name a row of an entity that has them.
  const shape: EntityDefinition = { name: action.name, fields, options: { instanced: true } }
  if (Object.keys(fields).length > mostFields) say(action.name, `${part}: more than ${mostFields} fields`)
  for (const [name, field] of Object.entries(fields)) {
    const where = `${action.name}.${name}`
    if (!actionName.test(name)) say(where, `the name must match ${actionName.source}`)
    if (reservedParameters.has(name)) say(where, 'the name is a reserved word')
    if (!isField(field)) say(where, `${part}: this is not a field`)
    else if (field.spec.rules) say(where, `${part}: the rules of fields are for those of entities`)
    else if (field.spec.type === 'searchText') say(where, `${part}: searchText belongs to an entity`)
    else checkField(shape, name, field)
  }
}

/** The entities that an action names. */
function checkUses(action: ActionDefinition, { ownerOf, say }: ActionSurroundings): ReadonlySet<EntityDefinition> {
  const touched = new Set<EntityDefinition>()
  const check = (part: string, sources: readonly EntitySource[]) => {
    for (const source of sources) {
      const entity = entityOfSource(source)
      const owner = entity && ownerOf(entity)
      if (!entity || !owner)
        say(
          action.name,
          `${part}: the entity ${JSON.stringify(entity?.name ?? '')} belongs to no module; where files import each other, give () => entity`,
        )
      else if (!owner.reachable)
        say(action.name, `${part}: ${entity.name} is of ${owner.id}, which the module does not depend on`)
      else touched.add(entity)
    }
  }
  check('reads', action.reads)
  check('writes', action.writes)
  return touched
}

function checkOutput(
  action: ActionDefinition,
  touched: ReadonlySet<EntityDefinition>,
  surroundings: ActionSurroundings,
): void {
  const { output, input, name, sql } = action
  const { say } = surroundings
  if (output === undefined) return
  if (isField(output)) {
    checkFields(action, { value: output }, 'output', surroundings)
    return
  }
  if (output.kind !== 'rows' || typeof output.many !== 'boolean') {
    say(name, 'output: give rows(…), row(…) or a field, or leave it out')
    return
  }
  const entity = entityOfSource(output.of)
  if (entity) {
    if (!touched.has(entity)) say(name, `output: ${entity.name} must be named in reads or writes`)
    return
  }
  const fields = output.of as Fields
  if (Object.keys(fields).length === 0) say(name, 'output: name at least one field')
  checkFields(action, fields, 'output', surroundings)
  // In PostgreSQL the columns of a result are parameters of its function too.
  if (sql !== undefined)
    for (const field of Object.keys(fields))
      if (Object.hasOwn(input, field)) say(`${name}.${field}`, 'output: a parameter has this name')
}
