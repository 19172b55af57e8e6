import type { Verb } from '../core/access-role.ts'
import type { JsonValue } from '../core/json.ts'
import type { JsonSchema } from './json-schema.ts'
import { type Offer, pascalName } from './openapi-offer.ts'
import { failures, filterName, parameterRef, prefer, type SharedParameter, schemaRef } from './openapi-parts.ts'

const always = ['count=exact', 'handling=strict', 'handling=lenient']
const returning = ['return=minimal', 'return=representation', 'return=headers-only']
const limited = ['handling=strict, max-affected=10']
const missing = ['missing=default']
const merging = 'resolution=merge-duplicates'
const ignoring = 'resolution=ignore-duplicates'
const showingDeleted = ['deleted=include', 'deleted=only']

/** The path item of an entity: its operations that the caller may use. */
export function operationsOf(offer: Offer): JsonSchema {
  const { operations } = offer
  const upserts = operations.has('insert') && operations.has('update')
  return {
    ...(operations.has('read') && { get: list(offer) }),
    ...(operations.has('insert') && { post: insert(offer) }),
    ...(upserts && { put: put(offer) }),
    ...(operations.has('update') && { patch: update(offer) }),
    ...(operations.has('delete') && { delete: remove(offer) }),
  }
}

function list(offer: Offer): JsonSchema {
  const { entity } = offer
  return {
    ...operation(offer, 'list', 'read', `Rows of ${entity.name}`),
    parameters: [
      select(offer),
      ...shared('order', 'limit', 'offset'),
      ...filters(offer),
      ...shared('and', 'or', 'range', 'after'),
      ...(entity.revision ? shared('ifMatch', 'ifNoneMatch') : []),
      prefer([
        ...always,
        ...(entity.softDelete ? showingDeleted : []),
        ...(entity.sharing ? ['shared=exclude', 'shared=only'] : []),
        'paging=keyset',
      ]),
    ],
    responses: {
      200: rows(offer, 'Rows: all that were asked for, or as many as there may be when they were not counted'),
      206: rows(offer, 'A part of the rows, which were counted'),
      ...(entity.revision && { 304: { description: 'The caller has this row as it is' } }),
      ...failures(400, 401, 403, 404, 406, ...(entity.revision ? [412] : []), 416, 503),
    },
  }
}

function insert(offer: Offer): JsonSchema {
  const { operations } = offer
  const reads = operations.has('read')
  const one = schemaRef(offer.names.insert)
  const upserting = [...(operations.has('update') ? [merging] : []), ignoring]
  return {
    ...operation(offer, 'insert', 'write', `Insert into ${offer.entity.name}`),
    parameters: [
      ...(reads ? shared('select') : []),
      ...shared('columns', 'on_conflict', 'ifNoneMatch', 'idempotencyKey'),
      prefer([...(reads ? returning : ['return=minimal']), ...upserting, ...missing, ...always]),
    ],
    requestBody: body({ oneOf: [one, { type: 'array', items: one }] }),
    responses: {
      ...(operations.has('update') && {
        200: rows(offer, 'With `resolution=merge-duplicates`: all rows were there before and have been changed'),
      }),
      201: reads ? rows(offer, 'Inserted; the rows with `return=representation`') : done(offer, 'Inserted'),
      ...failures(400, 401, 403, 404, 406, 409, 412, 413, 503),
    },
  }
}

function put(offer: Offer): JsonSchema {
  const { name, key } = offer.entity
  return {
    ...operation(offer, 'put', 'write', `Insert one row of ${name}, or change the one with its key`),
    parameters: [
      ...key.map(field => ({
        name: field,
        in: 'query',
        required: true,
        description: 'The key of the row, as `eq.value`; the row must have the same',
        schema: { type: 'string' },
      })),
      ...shared('select', 'columns', 'ifMatch', 'ifNoneMatch', 'idempotencyKey'),
      prefer([...returning, ...missing, ...always]),
    ],
    requestBody: body(schemaRef(offer.names.insert)),
    responses: {
      200: rows(offer, 'Changed; the row, as `return=representation` asks'),
      201: rows(offer, 'Inserted; the row, as `return=representation` asks'),
      204: { description: 'Inserted or changed' },
      ...failures(400, 401, 403, 404, 406, 409, 412, 413, 503),
    },
  }
}

function update(offer: Offer): JsonSchema {
  return {
    ...operation(offer, 'update', 'write', `Change the rows of ${offer.entity.name} that the filters match`),
    parameters: [
      ...filters(offer),
      ...shared('and', 'or', 'select', 'columns', 'ifMatch', 'idempotencyKey'),
      prefer([...returning, ...missing, ...limited, ...always, ...(offer.entity.softDelete ? showingDeleted : [])]),
    ],
    requestBody: body(schemaRef(offer.names.patch)),
    responses: changed(offer, 'Changed'),
  }
}

function remove(offer: Offer): JsonSchema {
  const { softDelete, name } = offer.entity
  const summary = `${softDelete ? 'Softly delete' : 'Delete'} the rows of ${name} that the filters match`
  return {
    ...operation(offer, 'delete', 'write', summary),
    parameters: [
      ...filters(offer),
      ...shared('and', 'or', 'select', 'ifMatch', 'idempotencyKey'),
      prefer([...returning, ...limited, ...always, ...(softDelete ? [...showingDeleted, 'purge'] : [])]),
    ],
    responses: changed(offer, 'Deleted'),
  }
}

function operation(offer: Offer, verb: string, access: Verb, summary: string): JsonSchema {
  const { entity, anonymous } = offer
  return {
    operationId: `${entity.module.schema}_${verb}${pascalName(entity)}`,
    summary,
    tags: [entity.module.id],
    ...(anonymous[access] && { security: [{ bearer: [] }, {}] }),
  }
}

function select({ embeds }: Offer): JsonSchema {
  const embeddable = embeds.map(embed => `\`${embed}\``).join(', ')
  return {
    name: 'select',
    in: 'query',
    description: `The fields of the rows; absent: all of them.${embeddable && ` Related rows: ${embeddable}.`}`,
    schema: { type: 'string' },
    example: ['*', ...embeds.slice(0, 1).map(embed => `${embed}(*)`)].join(','),
  }
}

function shared(...names: SharedParameter[]): JsonSchema[] {
  return names.map(parameterRef)
}

function filters(offer: Offer): JsonSchema[] {
  return [...offer.fields.values()].map(field => parameterRef(filterName(offer, field)))
}

function done({ entity }: Offer, description: string): JsonSchema {
  return {
    description,
    headers: {
      'Content-Range': { $ref: '#/components/headers/contentRange' },
      'Preference-Applied': { $ref: '#/components/headers/preferenceApplied' },
      'Idempotency-Replayed': { $ref: '#/components/headers/idempotencyReplayed' },
      ...(entity.revision && { ETag: { $ref: '#/components/headers/etag' } }),
    },
  }
}

/** Rows as a list, or one of them as an object for those who ask for that. */
function rows({ names, entity }: Offer, description: string): JsonSchema {
  const row = schemaRef(names.row)
  return {
    description,
    headers: {
      'Content-Range': { $ref: '#/components/headers/contentRange' },
      'Preference-Applied': { $ref: '#/components/headers/preferenceApplied' },
      Link: { $ref: '#/components/headers/link' },
      'Idempotency-Replayed': { $ref: '#/components/headers/idempotencyReplayed' },
      ...(entity.revision && { ETag: { $ref: '#/components/headers/etag' } }),
    },
    content: {
      'application/json': { schema: { type: 'array', items: row } },
      'application/vnd.pgrst.object+json': { schema: row },
      'text/csv': { schema: { type: 'string' } },
    },
  }
}

function changed(offer: Offer, description: string): JsonSchema {
  return {
    200: rows(offer, `${description}; the rows, as \`return=representation\` asks`),
    204: { description: `${description}, or there was no such row` },
    ...failures(400, 401, 403, 404, 406, 409, 412, 413, 503),
  }
}

function body(schema: JsonValue): JsonSchema {
  return { required: true, content: { 'application/json': { schema }, 'text/csv': { schema: { type: 'string' } } } }
}
