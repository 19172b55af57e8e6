import type { ReservedRule } from './field.ts'
import type { Entity, EntityField, Exposure, Relation } from './module-set.ts'
import type { Asker, Plan } from './plan.ts'
import type { TenantContext } from './tenant-context.ts'

/**
 * What somebody may see and write of entities whose fields have rules (F2.6). One object for all who may the same, in whatever
 * tenant, so that what is made for it can be kept by it.
 */
export class Sight {
  /** Differs between any two of an exposure. */
  readonly id: string
  /** Of the caller of a generated API with the same roles: what an error may name. */
  readonly outside: Sight
  readonly asker: Asker
  readonly #roles: ReadonlySet<string> | null
  readonly #fields = new WeakMap<Entity, ReadonlyMap<string, EntityField>>()
  readonly #there: Exposure['entities'] | undefined

  /** `roles`: those that fields are reserved for; null stands for whoever calls. `there`: what callers reach; absent: everything. */
  constructor(
    id: string,
    asker: Asker,
    roles: ReadonlySet<string> | null,
    { outside, there }: { readonly outside?: Sight | undefined; readonly there?: Exposure['entities'] } = {},
  ) {
    this.id = id
    this.#there = there
    this.asker = asker
    this.#roles = roles
    this.outside = outside ?? this
  }

  /** The fields that are there for whom this is, in the order of the table, each with what a payload of theirs may write. */
  fieldsOf(entity: Entity): ReadonlyMap<string, EntityField> {
    if (!entity.ruled) return entity.fields
    let fields = this.#fields.get(entity)
    if (!fields) {
      const seen = [...entity.fields.values()].flatMap(field => this.#seen(field) ?? [])
      fields = new Map(seen.map(field => [field.name, field]))
      this.#fields.set(entity, fields)
    }
    return fields
  }

  /** True when the field that makes the relation is seen: its names tell of the field. */
  shows({ from, field }: Relation): boolean {
    return this.fieldsOf(from).has(field)
  }

  /** True when there is such an entity for callers. */
  reaches(entity: Entity): boolean {
    return this.#there?.has(entity) ?? true
  }

  #seen(field: EntityField): EntityField | undefined {
    const { rules } = field.spec
    if (!rules || this.asker === 'module') return field
    const called = this.asker === 'caller'
    if ((called && rules.hidden) || !this.#isNamed(rules.reserved, 'read')) return undefined
    const written = !(called && rules.readOnly) && this.#isNamed(rules.reserved, 'write')
    return {
      ...field,
      write: written ? field.write : 'never',
      ...(this.#roles === null && rules.reserved?.read && { sometimes: true }),
    }
  }

  #isNamed(reserved: ReservedRule | undefined, verb: keyof ReservedRule): boolean {
    const { [verb]: named } = reserved ?? {}
    const roles = this.#roles
    return !named || !roles || named.some(role => roles.has(role))
  }
}

/** Whoever calls: for descriptions that are for all of them. */
export const anyCaller = new Sight('caller *', 'caller', null)

const sights = new WeakMap<Exposure, Map<string, Sight>>()

/** `roles`: service roles, of which only those count that a field is reserved for. */
export function sightOf(exposure: Exposure, asker: Asker, roles: readonly string[]): Sight {
  const named = exposure.fieldRoles.filter(role => roles.includes(role))
  const id = named.length === 0 ? asker : `${asker} ${named.join(' ')}`
  let known = sights.get(exposure)
  if (!known) {
    known = new Map()
    sights.set(exposure, known)
  }
  let sight = known.get(id)
  if (!sight) {
    const outside = asker === 'caller' ? undefined : sightOf(exposure, 'caller', roles)
    sight = new Sight(id, asker, new Set(named), { outside, there: exposure.entities })
    known.set(id, sight)
  }
  return sight
}

/** What a plan is checked with. The platform itself acts as the module does. */
export function sightFor({ exposure, principal, platform }: TenantContext, { asker }: Pick<Plan, 'asker'>): Sight {
  return sightOf(exposure, platform ? 'module' : (asker ?? 'caller'), principal.roles)
}
