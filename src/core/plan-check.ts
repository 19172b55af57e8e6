import { checkCall } from './call-check.ts'
import type {
  CheckedColumn,
  CheckedCondition,
  CheckedEmbed,
  CheckedInsert,
  CheckedOrder,
  CheckedPath,
  CheckedPlan,
  CheckedQuery,
  CheckedTest,
  EntityUseOf,
  OutputName,
} from './checked-plan.ts'
import { DefinedName } from './defined-name.ts'
import { TenantryError } from './errors.ts'
import { type Entity, type EntityField, type Exposure, quote } from './module-set.ts'
import {
  aggregateFunctions,
  type Comparison,
  type Condition,
  type Constant,
  type Deleted,
  type Embed,
  type FieldPath,
  type FieldSelection,
  type Insert,
  type OnConflict,
  type Order,
  type Plan,
  type Query,
  type Read,
  type RowCount,
  type Selection,
  type Shared,
} from './plan.ts'
import { checkKeyset } from './plan-keyset.ts'
import {
  aggregatesRefused,
  checkCast,
  checkConfig,
  noRevision,
  notEmbedded,
  notGrouped,
  putMismatch,
  unknownColumn,
} from './plan-names.ts'
import { checkOffered } from './plan-offered.ts'
import { conflictFields, isRestore, payloadFields } from './plan-payload.ts'
import { arityOf, findLink, targetOf } from './plan-relations.ts'
import { type Sight, sightOf } from './sight.ts'
import { withReads } from './view-reads.ts'

export type { CheckedPlan } from './checked-plan.ts'

/** Deeper plans are refused: each level is a sub-select. */
const maxDepth = 16
/** Each embed is a sub-select that the planner looks at together with all others. */
const maxEmbeds = 64

/**
 * Resolves every name of a plan against the definitions that the tenant sees. Throws `invalid` (42703, PGRST204, PGRST200,
 * PGRST201, PGRST118, PGRST123) for what is unknown, ambiguous or not allowed; what `sight` does not show is unknown. Throws as
 * `checkOffered` does for what callers cannot do there, whatever their roles. Pure.
 */
export function checkPlan(plan: Plan, exposure: Exposure, sight = sightOf(exposure, 'caller', [])): CheckedPlan {
  const calling = sight.asker === 'caller'
  const check = new PlanCheck(calling ? exposure : exposure.whole, sight)
  if (plan.kind === 'call') {
    if (calling) checkOffered(plan, exposure)
    return checkCall(plan, check)
  }
  const { entity } = plan
  const common = {
    entity,
    output: plan.output ?? 'json',
    single: plan.single ?? false,
    format: plan.format ?? 'json',
    stripNulls: plan.stripNulls ?? false,
    revision: plan.revision ?? false,
    uses: check.uses,
    sight,
  } as const
  const reads = plan.kind === 'read' && !plan.lock
  if (entity.view && !reads) throw viewIsReadOnly(entity)
  if (calling) checkOffered(plan, exposure)
  check.use(entity, reads ? 'read' : 'write')
  if (!entity.revision && namesRevision(plan)) throw noRevision(entity)
  if (plan.kind === 'read') {
    const query = check.query(entity, plan, plan.deleted ?? 'exclude', 0)
    const keyset = plan.keyset ? checkKeyset(query, plan.keyset) : null
    const lock = plan.lock ?? false
    if (lock) checkLock(plan, query)
    return { ...common, kind: 'read', query, count: plan.count === 'exact', keyset, lock, shared: sharedIn(plan) }
  }

  const returning = plan.returning ? check.query(entity, { select: plan.returning }, 'include', 0) : null
  const write = { ...common, returning, precondition: plan.precondition ?? null }
  if (plan.kind === 'insert') {
    return {
      ...write,
      kind: 'insert',
      ...payloadFields(entity, sight.fieldsOf(entity), plan.fields, meetsRows(plan) ? 'merge' : 'insert'),
      rows: plan.rows,
      slot: plan.slot,
      defaults: plan.missing === 'default',
      onConflict: plan.onConflict ? check.onConflict(entity, plan.onConflict) : null,
      put: plan.put ? check.put(plan, plan.put) : null,
    }
  }

  const where = plan.where ? check.condition(entity, plan.where, []) : null
  const maxAffected = plan.maxAffected ?? null
  if (plan.kind === 'update') {
    const restores = isRestore(plan.fields)
    return {
      ...write,
      kind: 'update',
      ...payloadFields(entity, sight.fieldsOf(entity), plan.fields, 'update'),
      patch: plan.patch,
      slot: plan.slot,
      defaults: plan.missing === 'default',
      where,
      deleted: plan.deleted ?? (restores ? 'include' : 'exclude'),
      maxAffected,
    }
  }
  const mode = plan.mode ?? (entity.softDelete ? 'soft' : 'purge')
  if (mode === 'soft' && !entity.softDelete) {
    throw new TenantryError('invalid', `${entity.name} has no soft delete`, {
      hint: 'Delete its rows for good instead',
    })
  }
  const deleted = plan.deleted ?? (mode === 'purge' ? 'include' : 'exclude')
  return { ...write, kind: 'delete', mode, where, deleted, maxAffected }
}

function viewIsReadOnly({ name }: Entity): TenantryError {
  return new TenantryError('invalid', `${quote(name)} is a view, through which nothing is written`, {
    reason: '25006',
    hint: 'Write to the entities that it reads',
  })
}

/** Nobody holds fast what another tenant shares. */
function sharedIn({ entity, shared = 'include', lock = false }: Read): Shared {
  if (shared !== 'only') return lock ? 'exclude' : oneOf(shared, sharedRows)
  if (entity.sharing && !lock) return shared
  throw new TenantryError('invalid', `There are no rows of ${entity.name} here that others share`, {
    hint: lock ? 'Lock your own rows, and read theirs without' : 'Ask for all rows, or declare shareWith: true',
  })
}

/** Rows that give what others are found by may be there already. */
function meetsRows({ entity, onConflict, fields }: Insert): boolean {
  return onConflict?.resolution === 'merge' && (onConflict.fields ?? entity.key).every(name => fields.includes(name))
}

/** What is locked are rows of one table, as they are shown. */
function checkLock({ count, keyset }: Read, { embeds, grouped }: CheckedQuery): void {
  if (!count && !keyset && embeds.length === 0 && !grouped) return
  throw new TenantryError('invalid', 'Only a plain list can be locked', {
    hint: 'Leave embeds, aggregates, count and cursor out, or the lock',
  })
}

function namesRevision(plan: Plan): boolean {
  if (plan.revision) return true
  return (
    plan.kind !== 'read' &&
    plan.kind !== 'call' &&
    plan.precondition?.kind === 'present' &&
    plan.precondition.revisions !== undefined
  )
}

class PlanCheck {
  readonly uses: EntityUseOf[] = []
  readonly sight: Sight
  readonly #exposure: Exposure
  #embeds = 0

  constructor(exposure: Exposure, sight: Sight) {
    this.#exposure = exposure
    this.sight = sight
  }

  use(entity: Entity, verb: 'read' | 'write'): void {
    if (entity.view) for (const read of withReads(entity)) if (read !== entity) this.use(read, verb)
    if (!this.uses.some(use => use.entity === entity && use.verb === verb)) this.uses.push({ entity, verb })
  }

  query(entity: Entity, query: Query, deleted: Deleted, depth: number): CheckedQuery {
    if (depth > maxDepth) throw new TenantryError('invalid', `Embeds nest deeper than ${maxDepth} levels`)
    const columns: CheckedColumn[] = []
    const embeds: CheckedEmbed[] = []
    for (const selection of query.select) {
      if (selection.kind === 'embed') embeds.push(this.#embed(entity, selection, depth))
      else columns.push(...this.#columns(entity, selection))
    }
    const grouped =
      columns.some(({ aggregate }) => aggregate) || embeds.some(embed => embed.spread && embed.query.grouped)
    return {
      entity,
      columns,
      embeds,
      grouped,
      where: query.where ? this.condition(entity, query.where, embeds) : null,
      order: (query.order ?? []).map(order => this.#order(entity, order, embeds, grouped ? columns : null)),
      limit: query.limit ?? null,
      offset: query.offset ?? 0,
      paged: query.offset !== undefined,
      deleted,
    }
  }

  #columns(entity: Entity, selection: Exclude<Selection, Embed>): readonly CheckedColumn[] {
    switch (selection.kind) {
      case 'all':
        return allColumns(this.sight.fieldsOf(entity))
      case 'count':
        return [this.#rowCount(entity, selection)]
      case 'field':
        return [this.#column(entity, selection)]
      case 'constant':
        return [constantColumn(entity, selection)]
    }
  }

  #rowCount(entity: Entity, { alias, cast }: RowCount): CheckedColumn {
    if (!entity.aggregates) throw aggregatesRefused()
    const aggregate = { function: 'count', cast: checkCast(cast) } as const
    return { name: outputName(entity, alias ?? 'count'), path: null, cast: null, aggregate }
  }

  #column(entity: Entity, { path: wanted, alias, cast, aggregate }: FieldSelection): CheckedColumn {
    const path = this.path(entity, wanted)
    if (aggregate && !entity.aggregates) throw aggregatesRefused()
    return {
      name: outputName(entity, alias ?? aggregate?.function ?? defaultName(path)),
      path,
      cast: checkCast(cast),
      aggregate: aggregate
        ? { function: oneOf(aggregate.function, aggregateFunctions), cast: checkCast(aggregate.cast) }
        : null,
    }
  }

  #embed(entity: Entity, embed: Embed, depth: number): CheckedEmbed {
    if (++this.#embeds > maxEmbeds) throw new TenantryError('invalid', `There are more than ${maxEmbeds} embeds`)
    const link = findLink(entity, embed, {
      entity: other => this.#exposure.entities.get(other)?.has('read') ?? false,
      relation: relation => this.sight.shows(relation),
    })
    const target = targetOf(link)
    const arity = arityOf(link)
    this.use(target, 'read')
    if (link.through) this.use(link.through.from, 'read')
    if (embed.spread && arity === 'many') {
      throw new TenantryError('invalid', `A spread operation on '${target.name}' is not possible`, {
        reason: 'PGRST119',
        details: `'${entity.name}' and '${target.name}' do not form a many-to-one or one-to-one relationship`,
      })
    }
    return {
      ...link,
      name: embedName(embed),
      arity,
      inner: embed.join === 'inner',
      spread: embed.spread,
      query: this.query(target, withinLimit(target, embed.query), 'exclude', depth + 1),
    }
  }

  onConflict(entity: Entity, { fields, resolution, deleted }: OnConflict): CheckedInsert['onConflict'] {
    if (resolution === 'merge') this.use(entity, 'read')
    const found = conflictFields(entity, this.sight.fieldsOf(entity), fields)
    // Other unique sets never meet a deleted row.
    if (
      deleted &&
      !(entity.softDelete && resolution === 'merge' && found.every(({ name }) => entity.key.includes(name)))
    )
      throw new TenantryError('invalid', `There is no deleted row of ${entity.name} to meet`, {
        hint: 'Merge on the key of an entity with softDelete',
      })
    return { fields: found, resolution, deleted: deleted ? oneOf(deleted, deletedRows) : null }
  }

  /** What the rows do not give cannot be what the condition asks for. */
  put({ entity, fields }: Insert, put: Condition): CheckedCondition {
    if (!entity.key.every(name => fields.includes(name))) throw putMismatch()
    return this.condition(entity, put, [])
  }

  path(entity: Entity, path: FieldPath): CheckedPath {
    const field = this.sight.fieldsOf(entity).get(path.field)
    if (!field) throw unknownColumn(entity, path.field)
    return { field, json: path.json ?? [] }
  }

  condition(entity: Entity, condition: Condition, embeds: readonly CheckedEmbed[]): CheckedCondition {
    switch (condition.kind) {
      case 'and':
      case 'or':
        return { ...condition, conditions: condition.conditions.map(inner => this.condition(entity, inner, embeds)) }
      case 'compare': {
        const path = this.path(entity, condition.path)
        return { kind: 'compare', not: condition.not, path, test: checkTest(condition, path) }
      }
      case 'related': {
        const embed = embeds.find(({ name }) => name.text === condition.embed)
        if (!embed) throw unknownColumn(entity, condition.embed)
        return { kind: 'related', embed, not: condition.not }
      }
    }
  }

  /** `grouped`: the selected columns, when only those can be ordered by. */
  #order(
    entity: Entity,
    order: Order,
    embeds: readonly CheckedEmbed[],
    grouped: readonly CheckedColumn[] | null,
  ): CheckedOrder {
    const rest = {
      direction: oneOf(order.direction, directions),
      nulls: order.nulls ? oneOf(order.nulls, nulls) : null,
    }
    if (order.embed === undefined) {
      const path = this.path(entity, order.path)
      const column = grouped?.find(column => isColumnOf(column, path)) ?? null
      // Where all of a document is grouped by, any part of it can be ordered by.
      const isPart = grouped?.some(column => isColumnOf(column, { ...path, json: [] }))
      if (grouped && !column && !isPart) throw notGrouped(entity, path.field.name)
      return { ...rest, path, embed: null, column }
    }
    const embed = embeds.find(({ name }) => name.text === order.embed)
    if (!embed) throw notEmbedded(order.embed)
    const target = embed.query.entity
    if (embed.arity === 'many') {
      throw new TenantryError('invalid', `A related order on '${order.embed}' is not possible`, {
        reason: 'PGRST118',
        details: `'${entity.name}' and '${order.embed}' do not form a many-to-one or one-to-one relationship`,
      })
    }
    const path = this.path(target, order.path)
    if (grouped) throw notGrouped(target, path.field.name)
    return { ...rest, path, embed, column: null }
  }
}

/** A list that has a limit shows no more rows of an entity than the entity allows, wherever it is embedded. */
function withinLimit({ limits: { rows } }: Entity, query: Query): Query {
  return rows === undefined || query.limit === undefined || query.limit <= rows ? query : { ...query, limit: rows }
}

/** A search is in the language of what it searches, unless it names another. */
function checkTest({ kind, path: _, not, ...test }: Comparison, { field }: CheckedPath): CheckedTest {
  switch (test.operator) {
    case 'fts':
    case 'plfts':
    case 'phfts':
    case 'wfts':
      return { ...test, config: test.config === undefined ? (field.spec.config ?? 'simple') : checkConfig(test.config) }
    default:
      return test
  }
}

const directions = ['asc', 'desc'] as const
const nulls = ['first', 'last'] as const
const sharedRows = ['exclude', 'include', 'only'] as const
const deletedRows = ['restore', 'refuse'] as const

/** A word that becomes part of a statement. The compiler knows it already, but plans are also made from outside text. */
function oneOf<Word extends string>(word: Word, words: readonly Word[]): Word {
  if (words.includes(word)) return word
  throw new TenantryError('invalid', `${quote(String(word))} is none of ${words.join(', ')}`)
}

type SeenFields = ReadonlyMap<string, EntityField>

const columnsOf = new WeakMap<SeenFields, readonly CheckedColumn[]>()

/** The columns of `*`, which most requests ask for: made once for each set of fields that somebody sees. */
function allColumns(fields: SeenFields): readonly CheckedColumn[] {
  let columns = columnsOf.get(fields)
  if (!columns) {
    columns = [...fields.values()].map(field => ({
      name: { text: field.name, ours: true },
      path: { field, json: [] },
      cast: null,
      aggregate: null,
    }))
    columnsOf.set(fields, columns)
  }
  return columns
}

function isColumnOf({ path, cast, aggregate }: CheckedColumn, wanted: CheckedPath): boolean {
  if (!path || cast || aggregate || path.field !== wanted.field) return false
  return JSON.stringify(path.json) === JSON.stringify(wanted.json)
}

function defaultName({ field, json }: CheckedPath): string {
  const named = json.findLast(({ key }) => typeof key === 'string')
  return named ? String(named.key) : field.name
}

function constantColumn(entity: Entity, { alias, value }: Constant): CheckedColumn {
  return { name: outputName(entity, alias), path: null, cast: null, aggregate: null, constant: value }
}

function embedName({ alias, relation }: Embed): OutputName {
  if (alias instanceof DefinedName) return { text: alias.text, ours: true }
  return { text: alias ?? relation, ours: alias === undefined }
}

function outputName(entity: Entity, name: string | DefinedName): OutputName {
  if (name instanceof DefinedName) return { text: name.text, ours: true }
  const text = name
  return { text, ours: entity.fields.has(text) || aggregateFunctions.some(name => name === text) }
}
