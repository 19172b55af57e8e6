import { type OwnRules, ownField } from './own-rows.ts'

/** The access roles from the least to the most powerful. The order is for display and comparison, never for choosing. */
export const accessRoles = [
  'none',
  'tenant_instance_reader',
  'tenant_reader',
  'instance_reader',
  'reader',
  'tenant_instance_writer',
  'tenant_writer',
  'instance_writer',
  'writer',
  'main',
] as const

export type AccessRole = (typeof accessRoles)[number]

/** The access roles that an entity may give to a service role. */
export type GrantedRole = Exclude<AccessRole, 'main'>

/** The access roles that a statement can run with; each is a database role. */
export type ServingRole = Exclude<AccessRole, 'main' | 'none'>

export type Verb = 'read' | 'write'

/** What an access role reaches: a verb, kept within the context's tenant and within its instance, or not. */
export interface Reach {
  readonly verb: Verb
  readonly withinTenant: boolean
  readonly withinInstance: boolean
}

export const servingRoles: readonly ServingRole[] = accessRoles.filter(role => role !== 'none' && role !== 'main')

const reaches: Readonly<Record<ServingRole, Reach>> = {
  tenant_instance_reader: { verb: 'read', withinTenant: true, withinInstance: true },
  tenant_reader: { verb: 'read', withinTenant: true, withinInstance: false },
  instance_reader: { verb: 'read', withinTenant: false, withinInstance: true },
  reader: { verb: 'read', withinTenant: false, withinInstance: false },
  tenant_instance_writer: { verb: 'write', withinTenant: true, withinInstance: true },
  tenant_writer: { verb: 'write', withinTenant: true, withinInstance: false },
  instance_writer: { verb: 'write', withinTenant: false, withinInstance: true },
  writer: { verb: 'write', withinTenant: false, withinInstance: false },
}

export function reachOf(role: ServingRole): Reach {
  return reaches[role]
}

/** The access role with exactly this reach. */
export function roleOf({ verb, withinTenant, withinInstance }: Reach): ServingRole {
  const scope = `${withinTenant ? 'tenant_' : ''}${withinInstance ? 'instance_' : ''}` as const
  return verb === 'read' ? `${scope}reader` : `${scope}writer`
}

/** True for the roles that the tenant login may become. */
export function isTenantRole(role: ServingRole): boolean {
  return reaches[role].withinTenant
}

export interface AccessQuestion {
  /** The principal's service roles. */
  readonly roles: readonly string[]
  /** True when the principal's token was issued by the system tenant and it acts across tenants. */
  readonly acrossTenants: boolean
  /** True when such a principal acts in one tenant: its roles count in their form inside a tenant (F1.6). */
  readonly acting?: boolean
  readonly hasInstance: boolean
  /** What the plan does to each entity it touches. */
  readonly uses: readonly EntityUse[]
}

export interface EntityUse {
  readonly verb: Verb
  readonly entity: {
    readonly access: ReadonlyMap<string, GrantedRole>
    readonly instanced: boolean
    readonly global: boolean
    readonly own?: OwnRules
  }
}

/**
 * The access role a statement runs with (F2.1, F2.2), or the first use that no role of the principal allows.
 * On one entity the widest scope that ONE role gives for the verb counts; over all entities the narrowest per axis.
 */
export function resolveAccess(question: AccessQuestion): { role: ServingRole } | { refused: EntityUse } {
  let verb: Verb = 'read'
  let withinTenant = !question.acrossTenants
  let withinInstance = false
  for (const use of question.uses) {
    const reach = widestReach(use, question)
    if (!reach) return { refused: use }
    if (use.verb === 'write') verb = 'write'
    withinTenant ||= reach.withinTenant
    withinInstance ||= reach.withinInstance || (question.hasInstance && use.entity.instanced)
  }
  return { role: roleOf({ verb, withinTenant, withinInstance }) }
}

function widestReach(use: EntityUse, { roles, acrossTenants, acting = false }: AccessQuestion): Reach | undefined {
  let widest: Reach | undefined
  for (const name of roles) {
    const reach = reachGiven(use, name, { acrossTenants, acting })
    if (reach && (!widest || width(reach) > width(widest))) widest = reach
  }
  return widest
}

/** What one service role gives for a use; undefined when it counts for nothing there. */
function reachGiven(
  { verb, entity }: EntityUse,
  name: string,
  { acrossTenants, acting }: { readonly acrossTenants: boolean; readonly acting: boolean },
): Reach | undefined {
  const role = entity.access.get(name)
  if (role === undefined || role === 'none') return undefined
  const reach = acting ? insideTenant(reaches[role]) : reaches[role]
  if (verb === 'write' && reach.verb === 'read') return undefined
  // Roles that reach across tenants count only for principals of the system tenant (F1.6).
  if (!reach.withinTenant && !acrossTenants) return undefined
  // A table without a tenant column has nothing to keep a tenant's write inside (F2.2).
  if (entity.global && verb === 'write' && reach.withinTenant) return undefined
  // Rows of one's own are those of a subject of the tenant, and the system's may be called alike.
  if ((acrossTenants || acting) && ownField(entity.own, name, verb) !== undefined) return undefined
  return reach
}

/** Which rows of an entity a statement reaches there, inside what its access role reaches (F2.5). */
export interface RowScope {
  readonly entity: string
  readonly verb: Verb
  /** Names of the fields one of which must hold the principal's subject; null: all rows. */
  readonly fields: readonly string[] | null
}

/**
 * The rows of each entity with own rows that a statement with this access role reaches: all of them where a role of the
 * principal that reaches as far as the statement gives all, else those that its roles together give. Null when no entity that
 * is used has own rows.
 */
export function resolveRows(
  { roles, acrossTenants, acting = false, uses }: Omit<AccessQuestion, 'uses'> & { readonly uses: readonly OwnUse[] },
  role: ServingRole,
): readonly RowScope[] | null {
  const owned = uses.filter(({ entity }) => entity.own.size > 0)
  if (owned.length === 0) return null
  const scopes = new Map<string, RowScope>()
  for (const { verb: used, entity } of owned) {
    // What is written is found first, and shown afterwards.
    for (const verb of used === 'write' ? (['read', 'write'] as const) : (['read'] as const)) {
      const given = roles.filter(name => {
        const reach = reachGiven({ verb, entity }, name, { acrossTenants, acting })
        return reach !== undefined && reachesAsFar(reach, reaches[role], entity.instanced)
      })
      const fields = given.map(name => ownField(entity.own, name, verb))
      const own = fields.flatMap(field => field ?? [])
      const scope = { entity: entity.id, verb, fields: own.length < fields.length ? null : [...new Set(own)] }
      scopes.set(`${verb} ${entity.id}`, scope)
    }
  }
  return [...scopes.values()]
}

export interface OwnUse extends EntityUse {
  readonly entity: EntityUse['entity'] & { readonly id: string; readonly own: OwnRules }
}

/** An instance keeps nothing apart where there are none. */
function reachesAsFar(given: Reach, statement: Reach, instanced: boolean): boolean {
  if (given.withinTenant && !statement.withinTenant) return false
  return !(instanced && given.withinInstance && !statement.withinInstance)
}

function insideTenant(reach: Reach): Reach {
  return { ...reach, withinTenant: true }
}

/** Wider scopes count more; leaving the tenant counts more than leaving the instance. */
function width(reach: Reach): number {
  return (reach.withinTenant ? 0 : 2) + (reach.withinInstance ? 0 : 1)
}
