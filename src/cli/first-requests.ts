import { resolveAccess, type Verb } from '../core/access-role.ts'
import type { Tenant } from '../core/catalog.ts'
import type { FieldSpec } from '../core/field.ts'
import type { JsonValue } from '../core/json.ts'
import type { Entity, EntityField, Exposure, Relation } from '../core/module-set.ts'
import { Sight } from '../core/sight.ts'

/** The role whose token the requests carry. */
export const firstRole = 'admin'
const sight = new Sight(firstRole, 'caller', new Set([firstRole]))

/** A request to try a product with. */
export interface FirstRequest {
  readonly title: string
  /** From the root: `/acme/customers/v1/customers?limit=5`. */
  readonly path: string
  /** JSON to post; absent: a GET. */
  readonly body?: JsonValue
  /** What is worth seeing is the status. */
  readonly refused?: boolean
}

/**
 * Requests that show what a product does, made of whatever the first tenant exposes: a list, a nested list, an insert and
 * one that is refused. All of them are the first tenant's; none when it exposes nothing that the role may read.
 * `mark` is new each time, for texts that must be unique.
 */
export function firstRequests(
  tenant: Tenant,
  other: Tenant | undefined,
  exposure: Exposure,
  mark: string,
): readonly FirstRequest[] {
  const readable = [...exposure.exposed].flatMap(({ entities }) => entities).filter(entity => mayUse(entity, 'read'))
  const nested = findNested(readable)
  const listed = nested?.from ?? readable[0]
  if (!listed) return []
  const inserted = [listed, ...readable].find(isEasyToInsert)
  const base = (entity: Entity, key = tenant.key) => `/${key}/${addressOf(entity, exposure)}/${entity.name}`
  return [
    { title: `${tenant.key}: ${words(listed)}`, path: `${base(listed)}?${select(listed)}&limit=5` },
    ...(nested
      ? [
          {
            title: `${tenant.key}: ${words(listed)} with their ${words(nested.to)}`,
            path: `${base(listed)}?${select(listed)},${nested.to.name}(${shownFields(nested.to)})&limit=5`,
          },
        ]
      : []),
    ...(inserted
      ? [{ title: `${tenant.key}: add to ${words(inserted)}`, path: base(inserted), body: sampleRow(inserted, mark) }]
      : []),
    {
      title: `refused: ${tenant.key}'s token for ${other?.key ?? 'another tenant'}`,
      path: `${base(listed, other?.key ?? 'someone-else')}?limit=5`,
      refused: true,
    },
  ]
}

/** Of the module that it belongs to, or else of one that shows it, too. */
function addressOf(entity: Entity, { exposed }: Exposure): string {
  const showing = [...exposed].filter(({ entities }) => entities.includes(entity))
  const { name, version } = showing.find(({ id }) => id === entity.module.id) ?? showing[0] ?? entity.module
  return `${name}/v${version.major}`
}

/** A line for a shell. */
export function curlOf({ path, body, refused }: FirstRequest, url: string, token: string): string {
  const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`
  return [
    refused ? 'curl -si' : 'curl -s',
    '-H',
    quote(`Authorization: Bearer ${token}`),
    quote(url + path),
    ...(body === undefined
      ? []
      : ["-H 'Content-Type: application/json' -H 'Prefer: return=representation' -d", quote(JSON.stringify(body))]),
  ].join(' ')
}

function mayUse(entity: Entity, verb: Verb): boolean {
  if (entity.instanced || entity.global) return false
  const access = { roles: [firstRole], acrossTenants: false, hasInstance: false, uses: [{ verb, entity }] }
  return 'role' in resolveAccess(access)
}

/** The first relation to a readable entity that needs no hint to be embedded. */
function findNested(readable: readonly Entity[]): Relation | undefined {
  const isPlain = ({ from, to, field }: Relation) =>
    from !== to &&
    sight.fieldsOf(from).has(field) &&
    readable.includes(to) &&
    readable.filter(({ name }) => name === to.name).length === 1 &&
    [...from.references, ...from.referencedBy].filter(each => each.from === to || each.to === to).length === 1
  return readable.flatMap(({ references }) => references).find(isPlain)
}

function isEasyToInsert(entity: Entity): boolean {
  const needed = neededFields(entity)
  return mayUse(entity, 'write') && needed.every(({ spec }) => !['reference', 'bytes', 'range'].includes(spec.type))
}

function authored(entity: Entity): EntityField[] {
  return [...sight.fieldsOf(entity).values()].filter(({ platform, write }) => !platform && write !== 'never')
}

function neededFields(entity: Entity): EntityField[] {
  return authored(entity).filter(({ spec, owner }) => !owner && !spec.optional && spec.default === undefined)
}

function select(entity: Entity): string {
  return `select=${shownFields(entity)}`
}

function shownFields(entity: Entity): string {
  const shown = authored(entity).filter(({ spec }) => spec.type !== 'reference' && spec.type !== 'json')
  return shown.length === 0
    ? '*'
    : shown
        .slice(0, 2)
        .map(({ name }) => name)
        .join(',')
}

function words({ name }: Entity): string {
  return name.replaceAll('_', ' ')
}

function sampleRow(entity: Entity, mark: string): JsonValue {
  return Object.fromEntries(
    neededFields(entity).map(({ name, spec }) => [name, spec.array ? [] : sampleValue(spec, mark)]),
  )
}

function sampleValue({ type, min, max, values, unique }: FieldSpec, mark: string): JsonValue {
  switch (type) {
    case 'integer':
    case 'bigint':
    case 'decimal':
      return (min ?? 1) <= 1 && (max ?? 1) >= 1 ? 1 : (min ?? max ?? 1)
    case 'boolean':
      return true
    case 'timestamp':
      return '2026-01-31T12:00:00Z'
    case 'date':
      return '2026-01-31'
    case 'uuid':
      return '018f4e5e-0000-7000-8000-000000000001'
    case 'json':
      return {}
    case 'oneOf':
      return values?.[0] ?? ''
    default:
      return (unique ? `${mark} is my first one` : 'My first one').slice(0, max).padEnd(min ?? 0, '.')
  }
}
