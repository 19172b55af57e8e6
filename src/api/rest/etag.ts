import { createHash } from 'node:crypto'
import { TenantryError } from '../../core/errors.ts'
import type { Entity } from '../../core/module-set.ts'
import type { EntityPlan, Insert, Precondition, Read, Selection } from '../../core/plan.ts'
import { namesOneRow } from './plan-parts.ts'
import { headerOf, type ParsedRest, type RestRequest } from './request.ts'

/** Entity tags of one conditional header. */
const maxTags = 100
const tagList = /^\s*(?:W\/)?"[\x21\x23-\x7e]*"(?:\s*,\s*(?:W\/)?"[\x21\x23-\x7e]*")*\s*$/
const greatestRevision = 2_147_483_647

/**
 * The tag is strong, because `If-Match` compares strongly (RFC 9110, 13.1.1) and would never match a weak one. So it has to
 * differ wherever the bytes do: the revision covers the row, the URL names the fields, the entity's print tells of fields that
 * a later version has added, and the variant tells apart what `Accept` and `Accept-Profile` choose at one URL. Rows of other tables have revisions of their own, so an answer that
 * embeds any has no tag and is never 304; its client makes the tag for `If-Match` from the row's `revision`.
 */
export function tagOf({ plan, mediaType, profiled, sight }: ParsedRest, revision: number): string {
  const { format, single, stripNulls } = mediaType
  const variant = [
    printOf(sight?.fieldsOf(plan.entity) ?? plan.entity.fields),
    ...(format === 'json' ? [] : [format]),
    ...(single ? ['object'] : []),
    ...(stripNulls ? ['stripped'] : []),
    ...(profiled ? [plan.entity.module.id] : []),
  ]
  return `"${[revision, ...variant].join('-')}"`
}

const prints = new WeakMap<Entity['fields'], string>()

/** The same as long as `*` shows the same fields. */
function printOf(fields: Entity['fields']): string {
  let print = prints.get(fields)
  if (print === undefined) {
    const shown = [...fields.values()].map(({ name, spec }) => [name, spec.type, spec.array])
    print = createHash('sha256').update(JSON.stringify(shown)).digest('hex').slice(0, 6)
    prints.set(fields, print)
  }
  return print
}

/** What an answer with a tag depends on beside its URL. */
export const varyOfTag = 'Accept, Accept-Profile, Authorization, Prefer, Range'

/** True when the answer has a tag to be known by: one row, and nothing but fields of its own. */
export function isTagged(plan: EntityPlan, rows?: number): boolean {
  if (!plan.entity.revision) return false
  switch (plan.kind) {
    case 'read':
      return namesOneRow(plan) && isOwn(plan.select) && !plan.keyset
    case 'insert':
      return plan.put !== undefined || (rows === 1 && plan.returning !== undefined && isOwn(plan.returning))
    case 'update':
      return namesOneRow(plan) && isOwn(plan.returning ?? [])
    case 'delete':
      // What is gone for good has no representation.
      return plan.entity.softDelete && plan.mode !== 'purge' && namesOneRow(plan) && isOwn(plan.returning ?? [])
  }
}

function isOwn(select: readonly Selection[]): boolean {
  return select.every(selection => selection.kind === 'all' || (selection.kind === 'field' && !selection.aggregate))
}

/** What `If-Match` and `If-None-Match` demand of a write, to be decided inside its statement. Throws `invalid`. */
export function preconditionOf(
  plan: Exclude<EntityPlan, Read>,
  request: RestRequest,
  rows?: number,
): Precondition | undefined {
  const match = headerOf(request, 'if-match')
  const noneMatch = headerOf(request, 'if-none-match')
  if (match !== undefined && noneMatch !== undefined) {
    throw new TenantryError('invalid', 'If-Match and If-None-Match contradict each other', { hint: 'Send one of them' })
  }
  if (match !== undefined) return presentOf(plan, match)
  return noneMatch === undefined ? undefined : absentOf(plan, noneMatch, rows)
}

function presentOf(plan: Exclude<EntityPlan, Read>, header: string): Precondition {
  const revisions = revisionsOf(header, plan)
  const named = plan.kind === 'insert' ? plan.put !== undefined : namesOneRow(plan)
  if (!named) throw nameOneRow()
  return { kind: 'present', ...(revisions && { revisions }) }
}

function absentOf(plan: Exclude<EntityPlan, Read>, header: string, rows?: number): Precondition {
  if (header.trim() !== '*' || plan.kind !== 'insert' || rows !== 1) {
    throw new TenantryError('invalid', 'If-None-Match of a write takes only *, in a POST or PUT of one row', {
      hint: 'It creates the row unless it is there; use If-Match to change one',
    })
  }
  return { kind: 'absent' }
}

/** Leaves a row that is there as it is, so that the statement sees that it wrote none. */
export function createOnly(plan: EntityPlan): Pick<Insert, 'onConflict'> {
  return plan.kind === 'insert' ? { onConflict: { ...plan.onConflict, resolution: 'ignore' } } : {}
}

/** The conditional headers of a read. Throws `invalid` for an `If-Match` that its answer could not be compared with. */
export function readConditions(request: RestRequest, plan: EntityPlan): ParsedRest['conditions'] {
  const match = headerOf(request, 'if-match')
  const noneMatch = headerOf(request, 'if-none-match')
  if (match === undefined && noneMatch === undefined) return undefined
  if (match !== undefined) {
    const revisions = revisionsOf(match, plan)
    if (plan.kind !== 'read' || !namesOneRow(plan)) throw nameOneRow()
    if (revisions && !plan.revision) throw notComparable()
    return { ...(revisions && { revisions }), present: true, noneMatch }
  }
  return { present: false, noneMatch }
}

/** Weak comparison (RFC 9110, 13.1.2): caches send back what they have, weak or not. */
export function matchesWeakly(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false
  if (header.trim() === '*') return true
  return header.split(',').some(listed => listed.trim().replace(/^W\//, '') === tag)
}

export function preconditionFailed(): TenantryError {
  return new TenantryError('precondition_failed', 'The row has another revision than If-Match says, or is not there', {
    hint: 'Read the row again',
  })
}

/**
 * The revisions that `If-Match` lists; undefined for `*`. Of a tag only the revision counts, because a row is changed as a
 * whole, whichever representation of it was read. A weak tag matches none.
 */
function revisionsOf(header: string, { entity }: EntityPlan): readonly number[] | undefined {
  if (header.trim() === '*') return undefined
  const tags = header.length > 10_000 || !tagList.test(header) ? [] : (header.match(/(?:W\/)?"[^"]*"/g) ?? [])
  if (tags.length === 0 || tags.length > maxTags) {
    throw new TenantryError('invalid', 'If-Match is no list of entity tags', {
      hint: `Send * or up to ${maxTags} tags as an ETag had them: "7"`,
    })
  }
  if (!entity.revision) {
    throw new TenantryError(
      'invalid',
      `The rows of ${entity.name} have no revision that If-Match could be compared with`,
      {
        hint: 'Leave If-Match out, or send If-Match: * when the row only has to be there',
      },
    )
  }
  return tags.flatMap(tag => {
    const revision = Number(/^"(\d{1,10})(?:-[^"]*)?"$/.exec(tag)?.[1])
    return revision <= greatestRevision ? [revision] : []
  })
}

function nameOneRow(): TenantryError {
  return new TenantryError('invalid', 'If-Match needs filters that name one row by its whole key', {
    hint: 'Filter every field of the key with eq, as in ?id=eq.…',
  })
}

function notComparable(): TenantryError {
  return new TenantryError(
    'invalid',
    'An answer that embeds other rows has no tag that If-Match could be compared with',
    {
      hint: 'Read the row without its embeds',
    },
  )
}
