import { TenantryError } from '../../core/errors.ts'
import type { Answer } from '../../core/plan.ts'
import type { PlannedField, PreparedOperation } from './prepared.ts'
import type { ErrorEntry } from './refusal.ts'

export const mediaTypes = ['application/graphql-response+json', 'application/json'] as const
export type MediaType = (typeof mediaTypes)[number]

/** The one that the caller likes best; the older one where it does not say. Throws `invalid` (406) when it wants neither. */
export function negotiateGraphql(accept: string | undefined): MediaType {
  if (accept === undefined || accept.trim() === '') return 'application/json'
  const ranges = accept
    .split(',')
    .map(range => {
      const [name = '', ...parameters] = range.split(';').map(part => part.trim().toLowerCase())
      const quality = Number(parameters.find(parameter => parameter.startsWith('q='))?.slice(2) ?? 1)
      return { name, quality: Number.isNaN(quality) ? 1 : quality }
    })
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality)
  for (const { name } of ranges) {
    const known = mediaTypes.find(type => type === name)
    if (known) return known
    if (name === '*/*' || name === 'application/*') return 'application/json'
  }
  throw new TenantryError('invalid', 'None of the accepted media types can be made', {
    reason: 'graphql_accept',
    hint: `Accept ${mediaTypes.join(' or ')}`,
  })
}

/** What is known of a field after it was run. */
export type Outcome = { readonly answer: Answer } | { readonly error: ErrorEntry }

/**
 * The text of an answer, put together from the texts that the datasource made. A field that failed is null; where it may not be,
 * there is no data at all.
 */
export function dataText({ fields }: PreparedOperation, outcomes: ReadonlyMap<PlannedField, Outcome>): string {
  const errors: ErrorEntry[] = []
  const members: string[] = []
  let whole = true
  for (const field of fields) {
    const name = JSON.stringify(field.name)
    if (field.kind === 'constant') {
      members.push(`${name}:${field.json}`)
      continue
    }
    const outcome = outcomes.get(field)
    if (outcome && 'answer' in outcome) {
      members.push(`${name}:${textOf(field, outcome.answer)}`)
      continue
    }
    if (outcome) errors.push(outcome.error)
    members.push(`${name}:null`)
    whole &&= field.form === 'rowOrNull'
  }
  const data = whole ? `{${members.join(',')}}` : 'null'
  return errors.length === 0 ? `{"data":${data}}` : `{"errors":${JSON.stringify(errors)},"data":${data}}`
}

/** What a request is answered that was not run. */
export function errorText(errors: readonly ErrorEntry[]): string {
  return JSON.stringify({ errors })
}

function textOf({ form }: PlannedField, { body, rows, total }: Answer): string {
  switch (form) {
    case 'body':
      return body
    case 'total':
      return String(total ?? 0)
    case 'done':
      return 'true'
    case 'row':
    case 'rowOrNull':
      return rows === 0 ? 'null' : body.slice(1, -1)
  }
}

/** Where rows are kept apart by instance, callers without one may see several under one key. */
export function refuseSeveral({ form }: PlannedField, { rows }: Answer): void {
  if (form !== 'rowOrNull' || rows < 2) return
  throw new TenantryError('invalid', 'The key names several rows, one for each instance', {
    reason: 'PGRST116',
    hint: 'Name an instance, or ask for the list',
  })
}
