import type { Entity, EntityField } from '../core/module-set.ts'
import type { JsonSchema } from './json-schema.ts'
import { describeFilter } from './openapi-filters.ts'
import type { Offer } from './openapi-offer.ts'

/** The body of every answer that is an error. */
export const errorSchema: JsonSchema = {
  type: 'object',
  properties: {
    code: { type: 'string', description: "PostgREST's or PostgreSQL's code where there is one, else ours" },
    message: { type: 'string', description: 'What was wrong' },
    details: { type: ['string', 'null'] },
    hint: { type: ['string', 'null'], description: 'What to do about it' },
    fields: {
      type: 'object',
      description: 'Messages for each field that is wrong',
      additionalProperties: { type: 'array', items: { type: 'string' } },
    },
  },
  required: ['code', 'message', 'details', 'hint'],
}

const query = (name: string, description: string, example: string): JsonSchema => ({
  name,
  in: 'query',
  description,
  schema: { type: 'string' },
  example,
})

const count = (name: string, description: string): JsonSchema => ({
  name,
  in: 'query',
  description,
  schema: { type: 'integer', minimum: 0 },
})

export const sharedParameters = {
  select: query('select', 'The fields of the rows in the answer, where it has any', '*'),
  order: query('order', 'Fields to sort by, each with `.asc`, `.desc`, `.nullsfirst`, `.nullslast`', 'created_at.desc'),
  limit: count('limit', 'At most so many rows'),
  offset: count('offset', 'Leaves out the first rows'),
  and: query('and', 'All of these hold', '(created_at.gte.2026-01-01,created_at.lt.2026-02-01)'),
  or: query('or', 'One of these holds', '(created_at.gte.2026-01-01,updated_at.gte.2026-01-01)'),
  columns: query('columns', 'The fields of the payload to use, with commas between; others are ignored', 'id'),
  on_conflict: query('on_conflict', 'The unique fields that tell whether a row exists; absent: the key', 'id'),
  range: {
    name: 'Range',
    in: 'header',
    description: 'The rows from and to, counted from 0; in place of `limit` and `offset`',
    schema: { type: 'string', pattern: '^\\d+-\\d*$' },
    example: '0-24',
  },
  after: {
    name: '$after',
    in: 'query',
    description: 'Where the page begins: as the `Link` of the page before has it, and never made by hand',
    schema: { type: 'string' },
  },
  ifMatch: {
    name: 'If-Match',
    in: 'header',
    description: 'The `ETag` that the one row, named by its key, must still have; `*` when it only has to be there',
    schema: { type: 'string' },
    example: '"7"',
  },
  ifNoneMatch: {
    name: 'If-None-Match',
    in: 'header',
    description: 'Reading: the `ETag` that the caller has. Writing: `*` creates the row unless it is there',
    schema: { type: 'string' },
  },
  idempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    description: 'A name for this write and its repetitions: it is made once, and answered alike',
    schema: { type: 'string', minLength: 1, maxLength: 255 },
  },
} as const satisfies Record<string, JsonSchema>

export type SharedParameter = keyof typeof sharedParameters

export const headers = {
  contentRange: {
    description: 'Which rows these are, and of how many when `count` was asked for: `0-24/357`, else `0-24/*`',
    schema: { type: 'string' },
  },
  etag: { description: 'The revision of the one row that was named by its key', schema: { type: 'string' } },
  link: {
    description: 'The next page, with `paging=keyset` while there is one: `<…>; rel="next"`',
    schema: { type: 'string' },
  },
  idempotencyReplayed: {
    description: '`true` for the answer that the first such request had',
    schema: { type: 'string' },
  },
  retryAfter: { description: 'Seconds after which to try again', schema: { type: 'integer' } },
  preferenceApplied: { description: 'What of `Prefer` was obeyed', schema: { type: 'string' } },
} as const satisfies Record<string, JsonSchema>

const failure = (description: string): JsonSchema => ({
  description,
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
})

/** Answers that are errors, by status. */
export const responses: Readonly<Record<string, JsonSchema>> = {
  400: failure('The request or its payload is not well formed, or names an unknown field'),
  401: failure('A valid token is needed'),
  403: failure('The token does not allow this'),
  404: failure('There is nothing at this path for the tenant'),
  406: failure('A single object was asked for, and the answer is not one row'),
  409: failure('The change is in conflict with other rows or with a newer revision'),
  412: failure('The row has another `ETag`, is not there, or is there already'),
  413: failure('The body or the answer is too large'),
  416: failure('The range lies outside the rows'),
  503: {
    ...failure('Too much is going on; the same request may succeed in a moment'),
    headers: { 'Retry-After': { $ref: '#/components/headers/retryAfter' } },
  },
}

/** A name that no shared parameter and no other entity's field has. */
export function filterName({ names }: Offer, field: EntityField): string {
  return `${names.row}.${field.name}`
}

/** Every field of an entity as a filter. */
export function filterParameters(offer: Offer): [name: string, parameter: JsonSchema][] {
  return [...offer.fields.values()].map(field => [
    filterName(offer, field),
    query(field.name, describeFilter(field), filterExample(offer.entity, field)),
  ])
}

const id = '018f4c5e-7a10-7c3d-9b52-3f6d1c0a8e41'

function filterExample(entity: Entity, { name, spec }: EntityField): string {
  if (spec.array) return spec.type === 'text' ? 'ov.{a,b}' : 'not.is.null'
  switch (spec.type) {
    case 'text':
      return 'ilike.*word*'
    case 'integer':
    case 'bigint':
      return 'gte.10'
    case 'decimal':
      return spec.scale ? 'lt.100.50' : 'lt.100'
    case 'boolean':
      return 'is.true'
    case 'timestamp':
      return spec.optional ? 'is.null' : 'gte.2026-01-01T00:00:00Z'
    case 'date':
      return 'gte.2026-01-01'
    case 'uuid':
      return `eq.${id}`
    case 'oneOf':
      return `in.(${spec.values?.map(quoted).slice(0, 2).join(',')})`
    case 'json':
    case 'bytes':
      return 'not.is.null'
    case 'range':
      return spec.of === 'date' || spec.of === 'timestamp' ? 'ov.[2026-01-01,2026-02-01)' : 'ov.[1,10)'
    case 'searchText':
      return 'wfts.words to find'
    case 'reference': {
      const relation = entity.references.find(({ field }) => field === name)
      const key = relation?.to.fields.get(relation.toField)
      return relation && key && key.spec.type !== 'reference' ? filterExample(relation.to, key) : `eq.${id}`
    }
  }
}

/** Quoted where PostgREST's grammar needs it. */
function quoted(value: string): string {
  return /^[\w-]+$/.test(value) ? value : `"${value.replace(/["\\]/g, '\\$&')}"`
}

export function prefer(tokens: readonly string[]): JsonSchema {
  return {
    name: 'Prefer',
    in: 'header',
    description: `Any of these, with commas between: ${tokens.map(token => `\`${token}\``).join(', ')}`,
    schema: { type: 'string' },
    example: tokens.find(token => token.endsWith('representation')) ?? tokens[0] ?? '',
  }
}

export function failures(...statuses: number[]): JsonSchema {
  return Object.fromEntries(statuses.map(status => [status, { $ref: `#/components/responses/${status}` }]))
}

export function schemaRef(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` }
}

export function parameterRef(name: string): JsonSchema {
  return { $ref: `#/components/parameters/${name}` }
}
