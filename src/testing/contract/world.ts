import assert from 'node:assert/strict'
import type { Datasource } from '../../core/datasource.ts'
import type { EntityDefinition } from '../../core/entity.ts'
import { TenantryError } from '../../core/errors.ts'
import { createModuleSet, type Entity, type ModuleSet } from '../../core/module-set.ts'
import type {
  Answer,
  Condition,
  Embed,
  FieldPath,
  IsValue,
  JsonStep,
  Order,
  Plan,
  Query,
  Read,
  ScalarOperator,
  Selection,
} from '../../core/plan.ts'
import type { TenantContext } from '../../core/tenant-context.ts'
import { TenantData } from '../../core/tenant-data.ts'
import { type ContextOptions, createContext } from '../context.ts'
import { contractModule } from './entities.ts'

export interface OpenDatasource {
  readonly datasource: Datasource
  close(): Promise<void>
}

/** Opens a datasource on an empty place where the rows of these modules can live. */
export type DatasourceFactory = (modules: ModuleSet) => Promise<OpenDatasource>

/** A tenant with no rows yet. */
export interface Fresh {
  readonly context: TenantContext
  readonly data: TenantData
  run(plan: Plan): Promise<Answer>
  /** The parsed body of a read. */
  read(entity: EntityDefinition, plan: Partial<Read>): Promise<Record<string, unknown>[]>
}

/** The datasource under test; each test takes tenants of its own. */
export class World {
  readonly modules = createModuleSet([contractModule])
  #opened: OpenDatasource | undefined
  #tenants = 0

  async open(factory: DatasourceFactory): Promise<void> {
    this.#opened = await factory(this.modules)
  }

  async close(): Promise<void> {
    await this.#opened?.close()
  }

  get datasource(): Datasource {
    assert.ok(this.#opened)
    return this.#opened.datasource
  }

  entity(definition: EntityDefinition): Entity {
    return this.modules.entityOf(definition)
  }

  fresh(options: ContextOptions = {}): Fresh {
    return this.at(`tenant-${++this.#tenants}`, options)
  }

  at(tenant: string, options: ContextOptions = {}): Fresh {
    const { datasource, modules } = this
    const context = createContext(modules, tenant, options)
    const run = (plan: Plan) => datasource.run(context, plan)
    return {
      context,
      data: new TenantData(context, modules, datasource),
      run,
      read: async (entity, plan) =>
        JSON.parse((await run({ kind: 'read', entity: modules.entityOf(entity), select: [all], ...plan })).body),
    }
  }
}

export const all: Selection = { kind: 'all' }

/** `path('data', '->a', '->>b', 0)` */
export function path(field: string, ...steps: (string | number)[]): FieldPath {
  if (steps.length === 0) return { field }
  return {
    field,
    json: steps.map((step): JsonStep => {
      if (typeof step === 'number') return { arrow: '->', key: step }
      return step.startsWith('->>') ? { arrow: '->>', key: step.slice(3) } : { arrow: '->', key: step.slice(2) }
    }),
  }
}

export function fields(...names: string[]): Selection[] {
  return names.map(field => ({ kind: 'field', path: { field } }))
}

export function embed(relation: string, query: Partial<Query> = {}, more: Partial<Embed> = {}): Embed {
  return { kind: 'embed', relation, join: 'left', spread: false, query: { select: [all], ...query }, ...more }
}

export function compare(of: string | FieldPath, operator: ScalarOperator, value: string, not = false): Condition {
  return { kind: 'compare', path: typeof of === 'string' ? { field: of } : of, operator, value, not }
}

export function within(
  field: string,
  operator: 'in' | ScalarOperator,
  list: string[],
  quantifier?: 'any' | 'all',
): Condition {
  return { kind: 'compare', path: { field }, operator, values: list, not: false, ...(quantifier ? { quantifier } : {}) }
}

export function is(field: string, value: IsValue, not = false): Condition {
  return { kind: 'compare', path: { field }, operator: 'is', value, not }
}

export function and(...conditions: Condition[]): Condition {
  return { kind: 'and', not: false, conditions }
}

export function or(...conditions: Condition[]): Condition {
  return { kind: 'or', not: false, conditions }
}

export function not(condition: Condition): Condition {
  return { kind: 'and', not: true, conditions: [condition] }
}

export function by(field: string, direction: 'asc' | 'desc' = 'asc', nulls?: 'first' | 'last'): Order {
  return { path: { field }, direction, ...(nulls ? { nulls } : {}) }
}

/** What a promise rejects with, which must be one of our errors. */
async function errorOf(work: Promise<unknown>): Promise<TenantryError> {
  const outcome = await work.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (outcome instanceof TenantryError) return outcome
  throw new assert.AssertionError({ message: 'a TenantryError was expected', actual: outcome })
}

export async function refused(work: Promise<unknown>, code: string, reason?: string): Promise<TenantryError> {
  const error = await errorOf(work)
  assert.equal(error.code, code, `${error.code} ${error.reason}: ${error.message}`)
  if (reason !== undefined) assert.equal(error.reason, reason)
  return error
}

/** All of an error that a caller may see. */
export function shownText({ message, details, hint, fields, reason }: TenantryError): string {
  return JSON.stringify({ message, details, hint, fields, reason })
}
