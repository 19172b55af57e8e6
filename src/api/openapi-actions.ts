import { resolveAccess } from '../core/access-role.ts'
import type { Action, EntityField, Module } from '../core/module-set.ts'
import { anonymousRole } from '../core/principal.ts'
import type { Sight } from '../core/sight.ts'
import { type JsonSchema, jsonSchemaOf } from './json-schema.ts'
import { type Offer, pascalName, type Reader } from './openapi-offer.ts'
import { failures, parameterRef, prefer, schemaRef } from './openapi-parts.ts'

/** The actions of these modules that the reader may call, each once. */
export function actionsOf(modules: readonly Module[], offered: ReadonlySet<Action>, reader: Reader): Action[] {
  const named = new Set(modules.flatMap(({ actions }) => actions))
  return [...named].filter(action => offered.has(action) && may(action, reader))
}

function may({ uses, roles: named }: Action, { roles, acting }: Pick<Reader, 'roles' | 'acting'>): boolean {
  if (!roles) return true
  if (named && !named.some(role => roles.includes(role))) return false
  return 'role' in resolveAccess({ roles, acrossTenants: false, acting, hasInstance: false, uses })
}

/** The path item of an action: POST, and GET for one that only reads. `offers`, `sight`: what the caller may see of entities. */
export function actionOperations(action: Action, offers: readonly Offer[], sight: Sight): JsonSchema {
  const { module, name, readOnly, input } = action
  const isRows = action.output.kind === 'rows' || action.output.kind === 'row'
  const operation = (verb: string): JsonSchema => ({
    operationId: `${module.schema}_${verb}${pascalName(action)}`,
    summary: action.definition.description || `Call ${name}`,
    tags: [module.id],
    ...(may(action, { roles: [anonymousRole], acting: false }) && { security: [{ bearer: [] }, {}] }),
  })
  const shared = isRows ? ['select', 'order', 'limit', 'offset', 'and', 'or'].map(parameterRef) : []
  const preferences = prefer(['count=exact', 'handling=strict', 'handling=lenient'])
  const responses = responsesOf(action, offers, sight)
  const post: JsonSchema = {
    ...operation('call'),
    parameters: [...shared, ...(readOnly ? [] : [parameterRef('idempotencyKey')]), preferences],
    requestBody: {
      required: [...input.fields.values()].some(isNeeded),
      content: { 'application/json': { schema: jsonSchemaOf(input, 'insert') } },
    },
    responses,
  }
  if (!readOnly) return { post }
  const get: JsonSchema = {
    ...operation('get'),
    parameters: [...parametersOf(action), ...shared, ...(isRows ? [parameterRef('range')] : []), preferences],
    responses,
  }
  return { get, post }
}

function parametersOf({ input }: Action): JsonSchema[] {
  const { properties } = jsonSchemaOf(input, 'insert')
  const schemas = properties as Readonly<Record<string, JsonSchema>>
  return [...input.fields.values()].map(field => ({
    name: field.name,
    in: 'query',
    required: isNeeded(field),
    description: 'An argument; a list is written as {a,b}',
    schema: field.spec.array ? { type: 'string' } : (schemas[field.name] ?? {}),
  }))
}

function isNeeded({ spec }: EntityField): boolean {
  return !spec.optional && spec.default === undefined
}

function responsesOf(
  { readOnly, output: { kind, entity } }: Action,
  offers: readonly Offer[],
  sight: Sight,
): JsonSchema {
  const refused = failures(400, 401, 403, 404, 406, 409, 413, 503)
  if (kind === 'nothing') return { 204: { description: 'Done' }, ...refused }
  const offer = offers.find(offer => offer.entity === entity && offer.operations.has('read'))
  const one = offer ? schemaRef(offer.names.row) : jsonSchemaOf(entity, 'row', sight.fieldsOf(entity))
  const answer = (description: string): JsonSchema => ({
    description,
    headers: {
      'Content-Range': { $ref: '#/components/headers/contentRange' },
      'Preference-Applied': { $ref: '#/components/headers/preferenceApplied' },
      ...(!readOnly && { 'Idempotency-Replayed': { $ref: '#/components/headers/idempotencyReplayed' } }),
    },
    content: {
      'application/json': { schema: schemaOf(kind, one, entity.fields.get('value')) },
      ...(kind !== 'value' && { 'application/vnd.pgrst.object+json': { schema: one } }),
      'text/csv': { schema: { type: 'string' } },
    },
  })
  if (kind !== 'rows') return { 200: answer(kind === 'row' ? 'The row' : 'The value'), ...refused }
  return { 200: answer('Rows'), 206: answer('A part of the rows, which were counted'), ...refused }
}

function schemaOf(kind: 'rows' | 'row' | 'value', one: JsonSchema, value: EntityField | undefined): JsonSchema {
  if (kind === 'rows') return { type: 'array', items: one }
  if (kind === 'row' || !value) return one
  return (one.properties as Readonly<Record<string, JsonSchema>>)[value.name] ?? {}
}
