import type { ActionDefinition, ActionOutput, InputOf, ResultOf } from './action-definition.ts'
import type { ChangeOf, ChangeOptions } from './changes.ts'
import type { Datasource, PlanRunner, TransactionOptions } from './datasource.ts'
import type { EntityDefinition, Insert, KeyOf, Patch, Row } from './entity.ts'
import { TenantryError } from './errors.ts'
import { bytesText, decodeRows, payloadText } from './exact-json.ts'
import type { Fields } from './field.ts'
import type { Action, Entity, EntityField, Module, ModuleSet } from './module-set.ts'
import type { Answer, Call, Condition, Deleted, OnConflict, Order, ScalarOperator, Selection } from './plan.ts'
import type { Principal } from './principal.ts'
import { type ActionHost, callBody } from './run-action.ts'
import type { TenantKey } from './tenant.ts'
import type { TenantContext } from './tenant-context.ts'
import type { Version } from './version.ts'

/** A field's value, or what it must satisfy. */
export type Filter<Value> = Value | FieldTest<Value>

export interface FieldTest<Value> {
  readonly eq?: Value
  readonly neq?: Value
  readonly gt?: Value
  readonly gte?: Value
  readonly lt?: Value
  readonly lte?: Value
  readonly in?: readonly Value[]
  /** `%` stands for any text, `_` for one character. */
  readonly like?: string
  readonly ilike?: string
}

/** Conditions on fields; all must hold. `null` asks for rows without a value. */
export type Where<E extends EntityDefinition> = { readonly [N in keyof Row<E>]?: Filter<Row<E>[N]> }

export interface ListOptions<E extends EntityDefinition> {
  readonly where?: Where<E>
  readonly order?: { readonly [N in keyof Row<E>]?: 'asc' | 'desc' }
  readonly limit?: number
  readonly offset?: number
  readonly includeDeleted?: boolean
}

/**
 * A tenant's rows for code: every call is a plan that runs under the context's tenant and access role. Values are exact:
 * `bigint` as bigint, `decimal` as text, `bytes` as Uint8Array. Throws `forbidden`, `invalid`, `conflict` as REST does.
 */
export class TenantData {
  readonly context: TenantContext
  readonly #modules: ModuleSet
  readonly #datasource: Datasource
  readonly #runner: PlanRunner

  constructor(context: TenantContext, modules: ModuleSet, datasource: Datasource, runner: PlanRunner = datasource) {
    this.context = context
    this.#modules = modules
    this.#datasource = datasource
    this.#runner = runner
  }

  /** The tenant's key. */
  get key(): TenantKey {
    return this.context.tenant
  }

  get principal(): Principal {
    return this.context.principal
  }

  /** The full version of the module that serves the request. */
  get version(): Version {
    if (this.context.version) return this.context.version
    throw new TenantryError('internal', 'There is no module version outside a module')
  }

  get module(): Module | null {
    return this.context.module
  }

  /** Rows in the order asked for; all of them unless `limit` is given. */
  async list<E extends EntityDefinition>(definition: E, options: ListOptions<E> = {}): Promise<Row<E>[]> {
    const entity = this.#modules.entityOf(definition)
    const { where, order, limit, offset, includeDeleted } = options
    const answer = await this.#runner.run(this.context, {
      kind: 'read',
      entity,
      select: allFields,
      output: 'exact',
      ...conditionOf(entity, where ?? {}),
      ...(order ? { order: orderOf(order) } : {}),
      ...(limit === undefined ? {} : { limit: wholeNumber('limit', limit) }),
      ...(offset === undefined ? {} : { offset: wholeNumber('offset', offset) }),
      deleted: includeDeleted ? 'include' : 'exclude',
    })
    return rowsOf<E>(entity, answer)
  }

  /** The row with this key, or undefined. */
  async find<E extends EntityDefinition>(definition: E, key: KeyOf<E>): Promise<Row<E> | undefined> {
    const entity = this.#modules.entityOf(definition)
    const answer = await this.#runner.run(this.context, {
      kind: 'read',
      entity,
      select: allFields,
      output: 'exact',
      where: keyCondition(entity, key),
    })
    return rowsOf<E>(entity, answer)[0]
  }

  /** The row with this key. Throws `not_found`. */
  async get<E extends EntityDefinition>(definition: E, key: KeyOf<E>): Promise<Row<E>> {
    return (await this.find(definition, key)) ?? notFound(definition)
  }

  async count<E extends EntityDefinition>(definition: E, { where }: { where?: Where<E> } = {}): Promise<number> {
    const entity = this.#modules.entityOf(definition)
    const answer = await this.#runner.run(this.context, {
      kind: 'read',
      entity,
      select: [],
      limit: 0,
      count: 'exact',
      ...conditionOf(entity, where ?? {}),
    })
    return answer.total ?? 0
  }

  /** Adds a row, or many in one statement; answers them as they are stored. Throws `conflict`, `invalid`. */
  insert<E extends EntityDefinition>(definition: E, row: Insert<E>): Promise<Row<E>>
  insert<E extends EntityDefinition>(definition: E, rows: readonly Insert<E>[]): Promise<Row<E>[]>
  async insert<E extends EntityDefinition>(
    definition: E,
    given: Insert<E> | readonly Insert<E>[],
  ): Promise<Row<E> | Row<E>[]> {
    const many = Array.isArray(given)
    const rows = await this.#insert(definition, (many ? given : [given]) as readonly Payload[])
    if (many) return rows
    return rows[0] ?? notFound(definition)
  }

  /** Adds a row, or changes the one with the same `on` fields (default: the key). */
  async upsert<E extends EntityDefinition>(
    definition: E,
    row: Insert<E>,
    options: { on?: readonly (keyof Row<E> & string)[] } = {},
  ): Promise<Row<E>> {
    const onConflict = { resolution: 'merge' as const, ...(options.on ? { fields: options.on } : {}) }
    const [stored] = await this.#insert(definition, [row as Payload], onConflict)
    return stored ?? notFound(definition)
  }

  /** Adds the rows whose key is not there yet and leaves the others as they are; answers those that were added. */
  insertMissing<E extends EntityDefinition>(definition: E, rows: readonly Insert<E>[]): Promise<Row<E>[]> {
    return this.#insert(definition, rows as readonly Payload[], { resolution: 'ignore' })
  }

  async #insert<E extends EntityDefinition>(
    definition: E,
    rows: readonly Payload[],
    onConflict?: OnConflict,
  ): Promise<Row<E>[]> {
    const entity = this.#modules.entityOf(definition)
    const names = [...new Set(rows.flatMap(givenNames))].sort()
    const alike = rows.every(row => givenNames(row).length === names.length)
    const answer = await this.#runner.run(this.context, {
      kind: 'insert',
      entity,
      fields: names,
      rows: payloadText(rows),
      // What one row leaves out and another gives is its default, not null.
      ...(alike ? {} : { missing: 'default' }),
      returning: allFields,
      output: 'exact',
      ...(onConflict ? { onConflict } : {}),
    })
    return rowsOf<E>(entity, answer)
  }

  /** Changes the row with this key; answers it as it is stored. Throws `not_found`, and `conflict` for a stale `revision`. */
  async update<E extends EntityDefinition>(definition: E, key: KeyOf<E>, patch: Patch<E>): Promise<Row<E>> {
    const entity = this.#modules.entityOf(definition)
    const payload = patch as Payload
    const fields = givenNames(payload)
    if (fields.length === 0) return this.get(definition, key)
    return this.#change(definition, entity, keyCondition(entity, key), fields, payloadText(payload))
  }

  /** Hides a row until it is restored. Throws `not_found`. */
  async softDelete<E extends EntityDefinition>(definition: E, key: KeyOf<E>): Promise<void> {
    await this.#delete(definition, key, 'soft')
  }

  /** Brings back a softly deleted row. Throws `not_found`. */
  async restore<E extends EntityDefinition>(definition: E, key: KeyOf<E>): Promise<Row<E>> {
    const entity = this.#modules.entityOf(definition)
    return this.#change(definition, entity, keyCondition(entity, key), ['deleted_at'], '{"deleted_at":null}', 'only')
  }

  /** Removes a row for good, softly deleted or not. Throws `not_found`. */
  async purge<E extends EntityDefinition>(definition: E, key: KeyOf<E>): Promise<void> {
    await this.#delete(definition, key, 'purge')
  }

  async #change<E extends EntityDefinition>(
    definition: E,
    entity: Entity,
    where: Condition,
    fields: readonly string[],
    patch: string,
    deleted?: Deleted,
  ): Promise<Row<E>> {
    const answer = await this.#runner.run(this.context, {
      kind: 'update',
      entity,
      fields,
      patch,
      where,
      returning: allFields,
      output: 'exact',
      ...(deleted ? { deleted } : {}),
    })
    return rowsOf<E>(entity, answer)[0] ?? notFound(definition)
  }

  async #delete<E extends EntityDefinition>(definition: E, key: KeyOf<E>, mode: 'soft' | 'purge'): Promise<void> {
    const entity = this.#modules.entityOf(definition)
    const answer = await this.#runner.run(this.context, {
      kind: 'delete',
      entity,
      mode,
      where: keyCondition(entity, key),
    })
    if (answer.rows === 0) notFound(definition)
  }

  /** Calls an action; answers its result, with exact values. Throws what it throws. In a transaction it is a part of it. */
  async call<I extends Fields, O extends ActionOutput>(
    definition: ActionDefinition<I, O>,
    input: InputOf<I>,
  ): Promise<ResultOf<O>> {
    const action = this.#modules.actionOf(definition)
    const given = givenNames(input as Payload)
    const plan: Call = { kind: 'call', action, input: payloadText(input), given, select: allFields, output: 'exact' }
    if (definition.run) return (await callBody(plan, this.#host)) as ResultOf<O>
    const answer = await this.#runner.run(this.context, plan)
    return answerOf(action, answer) as ResultOf<O>
  }

  get #host(): ActionHost {
    return {
      context: this.context,
      datasource: this.#datasource,
      ...(this.#inTransaction && { runner: this.#runner }),
      dataOf: runner => new TenantData(this.context, this.#modules, this.#datasource, runner),
    }
  }

  /** All of `work` or nothing of it. Inside, use the data that it is given; a transaction inside joins this one. */
  transaction<T>(work: (data: TenantData) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    if (this.#inTransaction) return work(this)
    return this.#datasource.transaction(
      this.context,
      runner => work(new TenantData(this.context, this.#modules, this.#datasource, runner)),
      options,
    )
  }

  /**
   * Follows what is done to an entity's rows: at least once, in order for each row, from now on or from behind a position. Throws
   * as `ChangeSource` says.
   */
  changes<E extends EntityDefinition>(definition: E, options: ChangeOptions = {}): AsyncIterable<ChangeOf<E>> {
    const changes = this.#datasource.changes(this.context, this.#modules.entityOf(definition), options)
    return changes as AsyncIterable<ChangeOf<E>>
  }

  /** The position now. Take it, read the rows, then follow their changes from there. */
  changePosition(definition: EntityDefinition): Promise<string> {
    return this.#datasource.changePosition(this.context, this.#modules.entityOf(definition))
  }

  get #inTransaction(): boolean {
    return this.#runner !== this.#datasource
  }
}

type Payload = Readonly<Record<string, unknown>>

const allFields: readonly Selection[] = [{ kind: 'all' }]

function givenNames(row: Payload): string[] {
  return Object.keys(row)
    .filter(name => row[name] !== undefined)
    .sort()
}

/** A value in PostgreSQL's text form. */
function textOf(value: unknown): string {
  if (value instanceof Uint8Array) return bytesText(value)
  if (Array.isArray(value)) {
    const elements = value.map(item => (item === null ? 'NULL' : `"${textOf(item).replace(/["\\]/g, '\\$&')}"`))
    return `{${elements.join(',')}}`
  }
  if (typeof value === 'object' && value !== null) return JSON.stringify(value)
  return String(value)
}

function keyCondition(entity: Entity, key: unknown): Condition {
  const values = entity.key.length === 1 ? { [entity.key[0] ?? '']: key } : (key as Payload)
  for (const name of entity.key) {
    if (values[name] === undefined || values[name] === null) {
      throw new TenantryError('invalid', `The key of ${entity.name} needs "${name}"`)
    }
  }
  const conditions = entity.key.map(name => equals(name, values[name]))
  return { kind: 'and', not: false, conditions }
}

function equals(field: string, value: unknown): Condition {
  if (value === null) return { kind: 'compare', path: { field }, not: false, operator: 'is', value: 'null' }
  return { kind: 'compare', path: { field }, not: false, operator: 'eq', value: textOf(value) }
}

const scalar: ReadonlySet<string> = new Set<ScalarOperator>(['eq', 'neq', 'gt', 'gte', 'lt', 'lte', 'like', 'ilike'])

function conditionOf(entity: Entity, where: Readonly<Record<string, unknown>>): { where?: Condition } {
  const conditions = Object.entries(where).flatMap(([name, filter]) => {
    if (filter === undefined) return []
    const field = entity.fields.get(name)
    return field && isTest(field, filter) ? testConditions(name, filter) : [equals(name, filter)]
  })
  return conditions.length === 0 ? {} : { where: { kind: 'and', not: false, conditions } }
}

function isTest(field: EntityField, filter: unknown): filter is FieldTest<unknown> {
  if (field.spec.type === 'json') return false
  return typeof filter === 'object' && filter !== null && !Array.isArray(filter) && !(filter instanceof Uint8Array)
}

function testConditions(field: string, test: FieldTest<unknown>): Condition[] {
  return Object.entries(test).flatMap(([operator, value]: [string, unknown]): Condition[] => {
    if (value === undefined) return []
    const common = { kind: 'compare', path: { field }, not: false } as const
    if (operator === 'in' && Array.isArray(value)) return [{ ...common, operator, values: value.map(textOf) }]
    if (value === null && operator === 'eq') return [equals(field, null)]
    if (value === null && operator === 'neq') return [{ ...common, operator: 'is', value: 'not_null' }]
    if (scalar.has(operator)) return [{ ...common, operator: operator as ScalarOperator, value: textOf(value) }]
    throw new TenantryError('invalid', `There is no operator "${operator}"`, {
      hint: `Use ${[...scalar, 'in'].join(', ')}`,
    })
  })
}

function orderOf(order: Readonly<Record<string, 'asc' | 'desc' | undefined>>): Order[] {
  return Object.entries(order).flatMap(([field, direction]) => (direction ? [{ path: { field }, direction }] : []))
}

function wholeNumber(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value
  throw new TenantryError('invalid', `${name} must be a whole number that is not negative`)
}

function rowsOf<E extends EntityDefinition>(entity: Entity, answer: Answer): Row<E>[] {
  return decodeRows(entity, answer) as Row<E>[]
}

/** What an action in SQL answers, in `exact` output. */
function answerOf({ output: { kind, entity } }: Action, answer: Answer): unknown {
  switch (kind) {
    case 'rows':
      return decodeRows(entity, answer)
    case 'row':
      return decodeRows(entity, { ...answer, body: `[${answer.body}]` })[0]
    case 'value':
      return decodeRows(entity, { ...answer, body: `[{"value":${answer.body}}]` })[0]?.value
    case 'nothing':
      return undefined
  }
}

function notFound(definition: EntityDefinition): never {
  throw new TenantryError('not_found', `There is no such row of ${definition.name}`)
}
