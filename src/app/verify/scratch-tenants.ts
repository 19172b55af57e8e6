import { createHash, randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Entity } from '../../core/module-set.ts'
import { anonymousRole } from '../../core/principal.ts'
import type { TenantKey } from '../../core/tenant.ts'
import type { Attacker, RowMaker, Side } from '../../verify/attack.ts'
import type { Random } from '../../verify/random.ts'
import { subjectOf } from '../../verify/rows.ts'
import type { Platform } from '../platform.ts'

/** Instances that the scratch tenants have, where any entity has them. */
const scratchInstances = ['verify-north', 'verify-south']
/** A service role that no definition maps. */
const unmappedRole = 'verify_none'
const tokenLife = 6 * 3_600
const mostTries = 3

/** Two tenants of nobody, subscribed to everything, and a key that is not taken. */
export class ScratchTenants {
  readonly own: Side
  readonly other: Side
  readonly nobody: TenantKey
  readonly instances: readonly string[]
  /** Eight hexadecimal digits that stand in their keys and in the keys of their rows. */
  readonly mark: string
  readonly #platform: Platform
  readonly #entities: readonly Entity[]
  readonly #made: TenantKey[] = []

  constructor(platform: Platform, random: Random) {
    this.#platform = platform
    this.#entities = platform.product.modules.modules.flatMap(({ entities }) => entities)
    this.mark = randomBytes(4).toString('hex')
    this.instances = this.#entities.some(({ instanced }) => instanced) ? scratchInstances : []
    const side = (letter: string): Side => ({
      tenant: `verify-${letter}-${this.mark}`,
      canaries: new Map([null, ...this.instances].map(instance => [instance, random.letters(10)])),
    })
    this.own = side('a')
    this.other = side('b')
    this.nobody = `verify-n-${this.mark}`
  }

  async make(): Promise<void> {
    const { operations, product } = this.#platform
    const subscribe = product.modules.modules.map(({ id }) => id)
    for (const { tenant } of [this.own, this.other]) {
      this.#made.push(tenant)
      await operations.addTenant({ key: tenant, name: 'Made by tenantry verify', subscribe })
    }
  }

  /** One for each service role that the definitions name, for one that they do not, and for nobody; those with instances once more in each. */
  async attackers({ tenant }: Side): Promise<Attacker[]> {
    const { modules } = this.#platform.product.modules
    const roles = new Set([
      ...modules.flatMap(({ actions }) => actions.flatMap(({ roles }) => roles ?? [])),
      ...this.#entities.flatMap(({ access }) => [...access.keys()]),
    ])
    roles.delete(anonymousRole)
    const ordered = [unmappedRole, ...[...roles].sort((a, b) => this.#rightsOf(a) - this.#rightsOf(b))]
    const known = ordered.flatMap(role => [null, ...this.instances].map(instance => ({ role, instance })))
    const named = await Promise.all(
      known.map(async ({ role, instance }): Promise<Attacker> => {
        const token = await this.#platform.operations.issueToken({
          ...{ tenant, roles: [role], subject: subjectOf(role), expiresIn: tokenLife },
          ...(instance !== null && { instance }),
        })
        const shown = role === unmappedRole ? 'none' : role
        return { name: instance === null ? shown : `${shown} in ${instance}`, role, instance, token }
      }),
    )
    return [{ name: anonymousRole, role: anonymousRole, instance: null }, ...named]
  }

  /** Who may change much comes last: what is left of the rows is no matter then. */
  #rightsOf(role: string): number {
    const granted = this.#entities.map(({ access }) => access.get(role) ?? 'none')
    return (
      granted.filter(name => name.startsWith('tenant_')).length + granted.filter(name => name.endsWith('writer')).length
    )
  }

  /** Adds rows of every entity, as many as its definition lets be; `numbers` of each. */
  async fill(side: Side, rows: RowMaker, numbers: readonly number[], entities = this.#entities): Promise<void> {
    for (const entity of entities) {
      if (entity.global) continue
      const made = (entity.instanced ? this.instances : [null]).flatMap(instance =>
        numbers.flatMap(number => {
          const row = rows.rowOf(entity, number, side.canaries.get(instance) ?? '')
          return row ? [{ ...row, ...(instance !== null && { instance_id: instance }) }] : []
        }),
      )
      if (made.length > 0) await this.#add(side.tenant, entity, made)
    }
  }

  async #add(tenant: TenantKey, entity: Entity, rows: readonly Readonly<Record<string, unknown>>[]): Promise<void> {
    const add = (some: typeof rows) =>
      this.#platform.operations.addRows(tenant, [{ entity: entity.definition, rows: some }])
    await add(rows).catch(async () => {
      // Entities may name each other in circles: then without what need not be named; and what cannot be, is not.
      const optional = entity.references.filter(({ field }) => entity.fields.get(field)?.spec.optional)
      const without = Object.fromEntries(optional.map(({ field }) => [field, null]))
      for (const row of rows) await add([{ ...row, ...without }]).catch(() => {})
    })
  }

  /** A digest of a tenant's rows, and how many there are, by entity. */
  async stateOf({ tenant }: Side): Promise<ReadonlyMap<string, { readonly digest: string; readonly rows: number }>> {
    const hashes = new Map(this.#entities.map(({ id }) => [id, { hash: createHash('sha256'), rows: 0 }]))
    await this.#platform.postgres.rows.snapshot(tenant, this.#entities, async ({ id }, row) => {
      const state = hashes.get(id)
      if (!state) return
      state.hash.update(`${row}\n`)
      state.rows++
    })
    return new Map([...hashes].map(([id, { hash, rows }]) => [id, { digest: hash.digest('hex'), rows }]))
  }

  /** For good, with the archives that removing makes. May be repeated. */
  async remove(): Promise<void> {
    const { operations, catalog } = this.#platform
    for (const tenant of this.#made) {
      for (let left = mostTries; catalog.find(tenant) && left > 0; left--) {
        try {
          const { archive } = await operations.removeTenant(tenant)
          await rm(archive, { recursive: true, force: true })
          break
        } catch (error) {
          // A request that was broken off may have written in between.
          if (left === 1) throw error
          await sleep(500)
        }
      }
    }
  }
}
