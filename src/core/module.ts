import type { GrantedRole } from './access-role.ts'
import type { ActionDefinition } from './action-definition.ts'
import type { EntityDefinition, Insert } from './entity.ts'
import type { UpgradeDefinition } from './upgrade-definition.ts'

/** A module's name and major version, `customers@1`: what tenants subscribe to. */
export type ModuleId = `${string}@${number}`

/**
 * A versioned unit of business capability, as its author declares it.
 * `Routes` is what the HTTP side of the house mounts; the core only hands it on.
 */
export interface ModuleDefinition<Routes = unknown> {
  /** `^[a-z][a-z0-9_]{0,40}$`; also the first part of its schema and its URL. */
  readonly name: string
  /** The full version, `1.4.0`. Its major is the one of the folder that the module lies in. */
  readonly version: string
  /** Modules that must run for the same tenant: `shared@1`, or at least a version of a major: `shared@1.2`. */
  readonly dependsOn?: readonly string[]
  /** Exposed to tenants that run the module as a dependency, without a subscription of their own. */
  readonly public?: boolean
  readonly entities: readonly EntityDefinition[]
  /**
   * What its API shows of the modules that it depends on, besides all that is its own: `customers.customers` (every operation),
   * `customers.customers.read`, `customers.rpc.merge`. It is seen by tenants that do not subscribe to those modules, too.
   */
  readonly publishes?: readonly string[]
  /** What can be done beside reading and writing rows, served as `rpc/{name}`. */
  readonly actions?: readonly ActionDefinition[]
  /** The access role of each service role on entities that do not say it themselves. */
  readonly access?: Readonly<Record<string, GrantedRole>>
  /** Routes of the module's own, under `/{tenant}/{name}/v{major}`. */
  readonly routes?: Routes
  /** How a tenant's rows come from an older major. Without it a tenant cannot be upgraded to this one. */
  readonly upgrade?: UpgradeDefinition
  /** Rows that each tenant starts with. */
  readonly seeds?: readonly Seed[]
}

/** Rows of one entity that a tenant begins with: inserted when they are missing, told apart by their key. */
export interface Seed {
  readonly entity: EntityDefinition
  readonly rows: readonly Readonly<Record<string, unknown>>[]
  /** The natural key that tells the rows apart: a unique set. Absent: the entity's key. */
  readonly by?: readonly string[]
  /** True: for trying a module out; added only when asked for, and removed together. */
  readonly temporary?: boolean
}

export type SeedOptions<E extends EntityDefinition> = Pick<Seed, 'temporary'> & {
  readonly by?: readonly (keyof E['fields'] & string)[]
}

/** Rows of one entity, typed by it. */
export function seed<E extends EntityDefinition>(
  entity: E,
  rows: readonly Insert<E>[],
  options: SeedOptions<E> = {},
): Seed {
  return { entity, rows, ...options }
}
