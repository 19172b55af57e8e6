import type { Verb } from './access-role.ts'
import type { ActionDefinition, ActionOutput, InputOf, ResultOf } from './action-definition.ts'
import type { ChangeOf, ChangeOptions } from './changes.ts'
import type { AuthorRun, Datasource, PlanRunner, TransactionOptions, TransactionRunner } from './datasource.ts'
import type { EntityDefinition, Insert, KeyOf, Patch, Row } from './entity.ts'
import { TenantryError } from './errors.ts'
import { decodeFields, decodeRows, payloadText } from './exact-json.ts'
import type { Features } from './features.ts'
import type { Fields } from './field.ts'
import type { Action, Entity, Module, ModuleSet } from './module-set.ts'
import type { Answer, Asker, Call, Condition, Deleted, EntityPlan, OnConflict, Plan, Read, Selection } from './plan.ts'
import type { Principal } from './principal.ts'
import type { AllSelected, ListOptions, Page, PageOptions, RowsWith, Select, Selected } from './query.ts'
import { keyCondition, keysCondition, planCondition, planQuery, type Shape } from './query-plan.ts'
import { checkPayload, givenNames, type Payload } from './query-values.ts'
import { type ActionHost, callBody } from './run-action.ts'
import type { TenantKey } from './tenant.ts'
import type { TenantContext } from './tenant-context.ts'
import type { Version } from './version.ts'

/**
 * A tenant's rows for code: every call is a plan that runs under the context's tenant and access role. Values are exact:
 * `bigint` as bigint, `decimal` as text, `bytes` as Uint8Array. Throws `forbidden`, `invalid`, `conflict` as REST does.
 */
export class TenantData {
  readonly context: TenantContext
  readonly #modules: ModuleSet
  readonly #datasource: Datasource
  readonly #transaction: TransactionRunner | undefined
  readonly #asker: Asker

  /** `transaction`: of the one that it works in. `asker`: for whom, as the rules of fields know it. */
  constructor(
    context: TenantContext,
    modules: ModuleSet,
    datasource: Datasource,
    transaction?: TransactionRunner,
    asker: Asker = 'code',
  ) {
    this.context = context
    this.#asker = asker
    this.#modules = modules
    this.#datasource = datasource
    this.#transaction = transaction
  }

  get #runner(): PlanRunner {
    return this.#transaction ?? this.#datasource
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

  /** The tenant's edition, and the flags that are on for it: `tenant.features.has('reports')`. */
  get features(): Features {
    return this.context.features
  }

  get module(): Module | null {
    return this.context.module
  }

  /** The entity that a definition became, for plans of one's own. */
  entityOf(definition: EntityDefinition): Entity {
    return this.#modules.entityOf(definition)
  }

  /** Runs a plan, as a part of the transaction where there is one: what stores are made of. */
  run(plan: EntityPlan): Promise<Answer> {
    return this.#run(plan)
  }

  #run(plan: Plan): Promise<Answer> {
    return this.#runner.run(this.context, { asker: this.#asker, ...plan })
  }

  /**
   * The same data for the module itself: fields that are reserved for certain service roles are read and written whoever calls.
   * What is done with them is then the author's to decide. The access to entities stays that of the caller.
   */
  asModule(): TenantData {
    return new TenantData(this.context, this.#modules, this.#datasource, this.#transaction, 'module')
  }

  /** Rows in the order asked for; all of them unless `limit` is given. */
  async list<E extends EntityDefinition, const S extends Select<E> = AllSelected>(
    definition: E,
    options: ListOptions<E, S> = {},
  ): Promise<Selected<E, S>[]> {
    const { rows } = await this.#read<E, S>(definition, options)
    return rows
  }

  /** A part of a list that goes on after its last row, whatever was added meanwhile. */
  async page<E extends EntityDefinition, const S extends Select<E> = AllSelected>(
    definition: E,
    { after, ...options }: PageOptions<E, S>,
  ): Promise<Page<Selected<E, S>>> {
    const keyset = after === undefined ? {} : { after: cursorOf(after) }
    const { rows, answer } = await this.#read<E, S>(definition, options, { keyset })
    return { rows, next: answer.next ?? null }
  }

  /** The row with this key, or undefined. */
  async find<E extends EntityDefinition, const S extends Select<E> = AllSelected>(
    definition: E,
    key: KeyOf<E>,
    options: FindOptions<E, S> = {},
  ): Promise<Selected<E, S> | undefined> {
    const entity = this.#modules.entityOf(definition)
    const { rows } = await this.#read<E, S>(definition, options, { where: keyCondition(entity, key) })
    return rows[0]
  }

  /** The row with this key. Throws `not_found`. */
  async get<E extends EntityDefinition, const S extends Select<E> = AllSelected>(
    definition: E,
    key: KeyOf<E>,
    options: FindOptions<E, S> = {},
  ): Promise<Selected<E, S>> {
    return (await this.find<E, S>(definition, key, options)) ?? notFound(definition)
  }

  async #read<E extends EntityDefinition, S extends Select<E>>(
    definition: E,
    { includeDeleted, shared, ...options }: ListOptions<E, S>,
    more: Pick<Read, 'where' | 'keyset'> = {},
  ): Promise<{ rows: Selected<E, S>[]; answer: Answer }> {
    const entity = this.#modules.entityOf(definition)
    const { query, shape } = planQuery(this.#modules, entity, options)
    const deleted = includeDeleted ? 'include' : 'exclude'
    const answer = await this.#run({
      ...{ kind: 'read', entity, output: 'exact', deleted },
      ...(shared && { shared }),
      ...query,
      ...more,
    })
    const rows: Record<string, unknown>[] = JSON.parse(answer.body)
    decodeShape(shape, rows)
    return { rows: rows as Selected<E, S>[], answer }
  }

  async count<E extends EntityDefinition>(definition: E, options: CountOptions<E> = {}): Promise<number> {
    const entity = this.#modules.entityOf(definition)
    const { includeDeleted, shared, where } = options
    const { query } = planQuery(this.#modules, entity, { select: [], ...(where && { where }) })
    const deleted = includeDeleted ? 'include' : 'exclude'
    const answer = await this.#run({
      ...{ kind: 'read', entity, count: 'exact', deleted },
      ...(shared && { shared }),
      ...query,
      limit: 0,
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
    if (Array.isArray(given)) return this.#insert(definition, given)
    return (await this.#insert(definition, [given]))[0] ?? notFound(definition)
  }

  /** Adds a row, or changes the one with the same `on` fields (default: the key); many rows in one statement. */
  upsert<E extends EntityDefinition>(definition: E, row: Insert<E>, options?: UpsertOptions<E>): Promise<Row<E>>
  upsert<E extends EntityDefinition>(
    definition: E,
    rows: readonly Insert<E>[],
    options?: UpsertOptions<E>,
  ): Promise<Row<E>[]>
  async upsert<E extends EntityDefinition>(
    definition: E,
    given: Insert<E> | readonly Insert<E>[],
    { on }: UpsertOptions<E> = {},
  ): Promise<Row<E> | Row<E>[]> {
    const onConflict = { resolution: 'merge', ...(on && { fields: on }) } as const
    if (Array.isArray(given)) return this.#insert(definition, given, onConflict)
    return (await this.#insert(definition, [given], onConflict))[0] ?? notFound(definition)
  }

  /** Adds the rows whose key is not there yet and leaves the others as they are; answers those that were added. */
  insertMissing<E extends EntityDefinition>(definition: E, rows: readonly Insert<E>[]): Promise<Row<E>[]> {
    return this.#insert(definition, rows, { resolution: 'ignore' })
  }

  async #insert<E extends EntityDefinition>(
    definition: E,
    given: readonly unknown[],
    onConflict?: OnConflict,
  ): Promise<Row<E>[]> {
    const entity = this.#modules.entityOf(definition)
    const rows = given.map(row => checkedPayload(entity, row))
    const names = [...new Set(rows.flatMap(givenNames))].sort()
    const alike = rows.every(row => givenNames(row).length === names.length)
    const answer = await this.#run({
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
    const payload = checkedPayload(entity, patch)
    const fields = givenNames(payload)
    // The row as it is: nothing of it changes.
    if (fields.length === 0) return (await this.get(definition, key)) as Row<E>
    return this.#change(definition, entity, keyCondition(entity, key), fields, payloadText(payload))
  }

  /** The same change to many rows, in one statement; answers how many there were. A `revision` must be current in each. */
  async updateMany<E extends EntityDefinition>(
    definition: E,
    rows: RowsWith<E, KeyOf<E>>,
    patch: Patch<E>,
  ): Promise<number> {
    const entity = this.#modules.entityOf(definition)
    const payload = checkedPayload(entity, patch)
    return this.#changeMany(entity, rows, givenNames(payload), payloadText(payload))
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

  /** Hides many rows in one statement; answers how many. */
  softDeleteMany<E extends EntityDefinition>(definition: E, rows: RowsWith<E, KeyOf<E>>): Promise<number> {
    return this.#deleteMany(definition, rows, 'soft')
  }

  /** Brings back many softly deleted rows in one statement; answers how many. */
  async restoreMany<E extends EntityDefinition>(definition: E, rows: RowsWith<E, KeyOf<E>>): Promise<number> {
    const entity = this.#modules.entityOf(definition)
    return this.#changeMany(entity, rows, ['deleted_at'], '{"deleted_at":null}', 'only')
  }

  /** Removes many rows for good in one statement, softly deleted or not; answers how many. */
  purgeMany<E extends EntityDefinition>(definition: E, rows: RowsWith<E, KeyOf<E>>): Promise<number> {
    return this.#deleteMany(definition, rows, 'purge')
  }

  async #changeMany(
    entity: Entity,
    rows: LooseRows,
    fields: readonly string[],
    patch: string,
    deleted?: Deleted,
  ): Promise<number> {
    const where = this.#which(entity, rows)
    if (fields.length === 0) return 0
    const plan: Plan = { kind: 'update', entity, fields, patch, where, ...(deleted && { deleted }) }
    return (await this.#run(plan)).rows
  }

  async #deleteMany(definition: EntityDefinition, rows: LooseRows, mode: 'soft' | 'purge'): Promise<number> {
    const entity = this.#modules.entityOf(definition)
    return (await this.#run({ kind: 'delete', entity, mode, where: this.#which(entity, rows) })).rows
  }

  /** Throws where neither conditions nor keys are given: a write of every row has to be meant. */
  #which(entity: Entity, { where, keys }: LooseRows): Condition {
    if (where && !keys) return planCondition(this.#modules, entity, where)
    if (keys && !where) return keysCondition(entity, keys)
    throw new TenantryError('invalid', 'Name the rows by "where" or by "keys"')
  }

  async #change<E extends EntityDefinition>(
    definition: E,
    entity: Entity,
    where: Condition,
    fields: readonly string[],
    patch: string,
    deleted?: Deleted,
  ): Promise<Row<E>> {
    const answer = await this.#run({
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
    const answer = await this.#run({
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
    const answer = await this.#run(plan)
    return answerOf(action, answer) as ResultOf<O>
  }

  get #host(): ActionHost {
    return {
      context: this.context,
      datasource: this.#datasource,
      ...(this.#transaction && { runner: this.#transaction }),
      dataOf: runner => this.#within(runner),
    }
  }

  #within(runner: TransactionRunner): TenantData {
    return new TenantData(this.context, this.#modules, this.#datasource, runner, this.#asker)
  }

  /**
   * All of `work` or nothing of it, on a connection of its own. Inside, use the data that it is given. A transaction inside is a
   * part of this one: when it throws, only the part is undone, and this one goes on if the error is caught.
   */
  transaction<T>(work: (data: TenantData) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    const inside = (runner: TransactionRunner) => work(this.#within(runner))
    if (this.#transaction) return this.#transaction.nested(inside)
    return this.#datasource.transaction(this.context, inside, options)
  }

  /**
   * For query builders: statements of the author's own in this transaction, under the role that the caller has for what they
   * use. `tables` are the entities by the names given. Throws `invalid` outside a transaction.
   */
  async statements<T>(
    { reads, writes }: AuthorUses,
    work: (run: AuthorRun, tables: ReadonlyMap<string, Entity>) => Promise<T>,
  ): Promise<T> {
    if (!this.#transaction) {
      throw new TenantryError('invalid', 'Statements of your own need a transaction', {
        hint: 'Begin one with transaction(), and use the data that it gives',
      })
    }
    const found = (tables: Tables, verb: Verb) =>
      Object.entries(tables).map(([name, definition]) => ({ name, verb, entity: this.#modules.entityOf(definition) }))
    const uses = [...found(writes, 'write'), ...found(reads, 'read')]
    const tables = new Map(uses.map(({ name, entity }) => [name, entity]))
    return this.#transaction.author(this.context, uses, run => work(run, tables))
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
}

/** Entities by the name that their table has in statements. */
export type Tables = Readonly<Record<string, EntityDefinition>>

/** What statements of an author's own read, and what they write (which they may read too). */
export interface AuthorUses {
  readonly reads: Tables
  readonly writes: Tables
}

export type FindOptions<E extends EntityDefinition, S extends Select<E>> = Pick<
  ListOptions<E, S>,
  'select' | 'includeDeleted' | 'shared'
>

export type CountOptions<E extends EntityDefinition> = Pick<ListOptions<E>, 'where' | 'includeDeleted' | 'shared'>

export interface UpsertOptions<E extends EntityDefinition> {
  /** The key or a unique set; absent: the key. */
  readonly on?: readonly (keyof Row<E> & string)[]
}

interface LooseRows {
  readonly where?: Payload
  readonly keys?: readonly unknown[]
}

const allFields: readonly Selection[] = [{ kind: 'all' }]

function checkedPayload(entity: Entity, row: unknown): Payload {
  checkPayload(entity, row)
  return row
}

/** What a page said to go on after. Its values are bound like any other, whoever wrote them. */
function cursorOf(after: string): (string | null)[] {
  let values: unknown
  try {
    values = JSON.parse(after)
  } catch {}
  if (Array.isArray(values) && values.every(value => value === null || typeof value === 'string')) return values
  throw new TenantryError('invalid', 'That is not where a page ended', { hint: 'Give "next" of the page before' })
}

function decodeShape({ entity, embeds }: Shape, rows: Record<string, unknown>[]): void {
  decodeFields(entity, rows)
  for (const { name, many, shape } of embeds) {
    for (const row of rows) {
      const value = row[name] as Record<string, unknown> | Record<string, unknown>[] | null
      const inner = Array.isArray(value) ? value : value === null ? [] : [value]
      decodeShape(shape, inner)
      // Where a reference is unique the database shows the one row alone; here many are always a list.
      if (many) row[name] = inner
    }
  }
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
