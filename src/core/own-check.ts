import type { EntityDefinition } from './entity.ts'
import { ownFields, ownRulesOf } from './own-rows.ts'
import { anonymousRole } from './principal.ts'

/** What is wrong with an entity's `own`, one sentence each. `access`: what its service roles are mapped to. */
export function ownFaults(entity: EntityDefinition, access: Readonly<Record<string, string>>): string[] {
  const { options } = entity
  if (options.own === undefined) return []
  if (options.scope === 'global') return ['an entity without a tenant has no rows of anybody']
  return Object.entries(options.own).flatMap(([role, rule]) => {
    const field = fieldOf(rule)
    if (field === undefined) return [`${role}: name the field that holds the subject, or { writes: field }`]
    const faults = [
      roleFault(role, access[role], typeof rule !== 'string'),
      field === 'created_by' ? authorsFault(entity) : fieldFault(entity, field),
    ]
    return faults.flatMap(fault => (fault === undefined ? [] : [`${role}: ${fault}`]))
  })
}

/** Authors need not write TypeScript. */
function fieldOf(rule: unknown): string | undefined {
  if (typeof rule === 'string') return rule
  if (typeof rule !== 'object' || rule === null || Object.keys(rule).length !== 1 || !('writes' in rule))
    return undefined
  return typeof rule.writes === 'string' ? rule.writes : undefined
}

function roleFault(role: string, granted: string | undefined, writesOnly: boolean): string | undefined {
  if (role === anonymousRole) return 'callers without a token are nobody, so no row is their own'
  if (granted === undefined || granted === 'none') return 'access maps the service role to nothing here'
  if (!granted.startsWith('tenant_')) return `${granted} reaches across tenants, where a subject may be several people`
  if (writesOnly && granted.endsWith('reader')) return `${granted} writes nothing`
  return undefined
}

function authorsFault({ options }: EntityDefinition): string | undefined {
  return options.authors ? undefined : 'created_by needs authors: true'
}

function fieldFault({ fields }: EntityDefinition, field: string): string | undefined {
  const spec = fields[field]?.spec
  if (!spec) return `there is no field ${JSON.stringify(field)}`
  if (spec.type !== 'text' || spec.array) return `${field} must be a text, as a subject is`
  if (spec.collation !== undefined) return `${field} cannot have a collation, by which two subjects could be alike`
  return spec.default === undefined
    ? undefined
    : `${field} cannot have a default: it is the subject of who makes the row`
}

/** The fields that say whose a row is; empty where the definition is wrong. */
export function ownFieldsOf(options: EntityDefinition['options']): string[] {
  return Object.values(options.own ?? {}).every(rule => fieldOf(rule) !== undefined)
    ? ownFields(ownRulesOf(options), 'write')
    : []
}
