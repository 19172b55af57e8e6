import { TenantryError } from './errors.ts'
import type { Seed } from './module.ts'
import { depthFirst, type Entity, type EntityField, type Module } from './module-set.ts'
import { payloadFields } from './plan-payload.ts'
import { checkPayload, givenNames, type Payload } from './query-values.ts'
import type { TenantKey } from './tenant.ts'
import { valueFault } from './value-fault.ts'

/** How a tenant is seeded. */
export interface SeedWish {
  /** Only this module: `customers@1`. Absent: all that run for the tenant. */
  readonly module?: string
  /** Seeded rows become as their seeds are, and those that were deleted come back. */
  readonly force?: boolean
  /** The temporary seeds too. */
  readonly temporary?: boolean
  /** Says what would be done and undoes it. */
  readonly dryRun?: boolean
}

/** What was done for one list of seeds. */
export interface SeedCount {
  /** `customers@1.customers` */
  readonly entity: string
  readonly temporary: boolean
  readonly inserted: number
  readonly updated: number
  /** Deleted before, and back. */
  readonly restored: number
  readonly unchanged: number
}

/**
 * A seed that was not added. `own`: the tenant has a row of its own with this key, which is as it was. `taken`: another of its
 * rows has what must be unique. `deleted`: it was added before, and deleted by the tenant.
 */
export interface LeftOut {
  readonly entity: string
  /** `id 0000…`, `code eur` */
  readonly key: string
  readonly reason: 'own' | 'taken' | 'deleted'
}

export interface SeedReport {
  readonly tenant: TenantKey
  readonly dryRun: boolean
  readonly seeds: readonly SeedCount[]
  readonly leftOut: readonly LeftOut[]
}

export interface DeseedReport {
  readonly tenant: TenantKey
  readonly dryRun: boolean
  /** Rows that were removed, by entity; none of those that the tenant had removed itself. */
  readonly removed: Readonly<Record<string, number>>
}

/** The seeds of one entity, ready to be compared with its rows. */
export interface EntitySeeds {
  readonly entity: Entity
  readonly temporary: boolean
  /** The fields that tell the rows apart. */
  readonly key: readonly EntityField[]
  readonly rows: readonly SeedRow[]
}

export interface SeedRow {
  /** Its place in the definition, from 1. */
  readonly number: number
  readonly values: Payload
  /** JSON array of the texts of its key. */
  readonly key: string
}

/**
 * The seeds of a module, each entity after those that it references; the main ones before the temporary ones. Throws `invalid`
 * with every row that cannot be right, one a line.
 */
export function seedsOf(module: Module, temporary: boolean): EntitySeeds[] {
  const seeds = (module.definition.seeds ?? []).flatMap(seed => {
    const entity = module.entities.find(({ definition }) => definition === seed.entity)
    return entity ? [{ entity, seed }] : []
  })
  const order = depthFirst(
    seeds.map(({ entity }) => entity),
    ({ references }) => references.map(({ to }) => to),
  )
  const wanted = [false, ...(temporary ? [true] : [])]
  const ordered = wanted.flatMap(kind =>
    order.flatMap(entity => seeds.filter(each => each.entity === entity && (each.seed.temporary ?? false) === kind)),
  )
  const faults: string[] = []
  const found = ordered.map(({ entity, seed }) => entitySeeds(entity, seed, faults))
  const keys = found.flatMap(({ entity, rows }) => rows.map(row => ({ entity, row, id: `${entity.id} ${row.key}` })))
  const seen = new Set<string>()
  for (const { entity, row, id } of keys) {
    if (seen.has(id)) faults.push(faultLine(entity, row.number, row.key, 'has the key of another seed'))
    seen.add(id)
  }
  if (faults.length > 0) throw seedsRefused(module.id, faults)
  return found
}

function entitySeeds(entity: Entity, { by, rows, temporary = false }: Seed, faults: string[]): EntitySeeds {
  const names = [...(by ?? entity.key), ...(entity.instanced ? ['instance_id'] : [])]
  const key = names.flatMap(name => entity.fields.get(name) ?? [])
  return {
    entity,
    temporary,
    key,
    rows: rows.map((values, index) => {
      const row = { number: index + 1, values, key: keyText(key, values) }
      for (const fault of rowFaults(entity, key, values)) faults.push(faultLine(entity, row.number, row.key, fault))
      return row
    }),
  }
}

function rowFaults(entity: Entity, key: readonly EntityField[], values: Payload): string[] {
  const faults: string[] = []
  try {
    checkPayload(entity, values)
    payloadFields(entity, entity.fields, givenNames(values), 'insert')
  } catch (error) {
    if (!(error instanceof TenantryError)) throw error
    faults.push(reasonOf(error))
  }
  const ofFields = [...entity.fields.values()].flatMap(field => {
    const { name, spec, platform } = field
    const value = values[name]
    if (key.includes(field) && value == null) return [`"${name}" is needed to tell it apart`]
    const absent = value === undefined && (platform || spec.default !== undefined || spec.type === 'searchText')
    const fault = absent ? undefined : valueFault(spec, value)
    return fault === undefined ? [] : [`"${name}" ${fault}`]
  })
  return [...faults, ...ofFields]
}

/** One for each entity and kind of seed, in their order. */
export function sumCounts(counts: readonly SeedCount[]): SeedCount[] {
  const groups = Map.groupBy(counts, ({ entity, temporary }) => `${entity} ${temporary}`)
  return [...groups.values()].flatMap(([first, ...others]) =>
    first ? [others.reduce((sum, each) => added(sum, each), first)] : [],
  )
}

function added(one: SeedCount, other: SeedCount): SeedCount {
  return {
    ...one,
    inserted: one.inserted + other.inserted,
    updated: one.updated + other.updated,
    restored: one.restored + other.restored,
    unchanged: one.unchanged + other.unchanged,
  }
}

/** What an error says is wrong with a row. */
export function reasonOf({ message, fields }: TenantryError): string {
  const faults = Object.entries(fields ?? {}).map(([name, messages]) => `"${name}" ${messages.join(' and ')}`)
  return faults.length === 0 ? message : faults.join(', ')
}

export function faultLine({ id }: Entity, number: number, key: string, fault: string): string {
  return `${id} row ${number} (${(JSON.parse(key) as string[]).join(', ')}): ${fault}`
}

/** `leftOut`: seeds that others may have needed. */
export function seedsRefused(
  module: string,
  faults: readonly string[],
  leftOut: readonly LeftOut[] = [],
): TenantryError {
  const count = faults.length === 1 ? 'a fault' : `${faults.length} faults`
  return new TenantryError('invalid', `The seeds of ${module} have ${count}, so none was added`, {
    reason: 'seeds_invalid',
    details: [...faults, ...leftOut.map(({ entity, key, reason }) => `${entity} ${key}: left out, ${reason}`)].join(
      '\n',
    ),
    hint: 'Mend the seeds in the module',
  })
}

/** `["eu","A-1"]`: the texts of these fields, by which rows are the same or not. */
export function keyText(fields: readonly Pick<EntityField, 'name' | 'spec'>[], values: Payload): string {
  return JSON.stringify(fields.map(({ name, spec }) => textOf(spec.type, values[name])))
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

function textOf(type: string, value: unknown): string {
  const text = value === null || value === undefined ? '' : String(value)
  return (type === 'uuid' || type === 'reference') && uuid.test(text) ? text.toLowerCase() : text
}

/** `code eur`, for people. */
export function keyName({ key }: Pick<EntitySeeds, 'key'>, text: string): string {
  const values = JSON.parse(text) as string[]
  return key.map(({ name }, index) => `${name} ${values[index]}`).join(', ')
}
