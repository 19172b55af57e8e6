import type { EntityUse } from './access-role.ts'
import { TenantryError } from './errors.ts'
import { type Entity, type EntityField, type Exposure, quote, type Relation } from './module-set.ts'
import type {
  Condition,
  Deleted,
  Embed,
  FieldPath,
  Insert,
  JsonStep,
  ListComparison,
  OnConflict,
  Order,
  Output,
  Plan,
  Query,
  ScalarComparison,
  Selection,
} from './plan.ts'

/** A plan whose every name has been found in the definitions. */
export type CheckedPlan = CheckedRead | CheckedInsert | CheckedUpdate | CheckedDelete

interface CheckedCommon {
  readonly entity: Entity
  readonly output: Output
  readonly single: boolean
  /** Every entity that the plan touches and what it does there. */
  readonly uses: readonly EntityUseOf[]
}

export interface EntityUseOf extends EntityUse {
  readonly entity: Entity
}

export interface CheckedRead extends CheckedCommon {
  readonly kind: 'read'
  readonly query: CheckedQuery
  readonly count: boolean
}

export interface CheckedInsert extends CheckedCommon {
  readonly kind: 'insert'
  readonly fields: readonly EntityField[]
  readonly rows: string
  readonly onConflict: { readonly fields: readonly EntityField[]; readonly resolution: OnConflict['resolution'] } | null
  readonly returning: CheckedQuery | null
}

export interface CheckedUpdate extends CheckedCommon {
  readonly kind: 'update'
  readonly fields: readonly EntityField[]
  readonly patch: string
  readonly where: CheckedCondition | null
  readonly deleted: Deleted
  readonly returning: CheckedQuery | null
}

export interface CheckedDelete extends CheckedCommon {
  readonly kind: 'delete'
  readonly mode: 'soft' | 'purge'
  readonly where: CheckedCondition | null
  readonly deleted: Deleted
  readonly returning: CheckedQuery | null
}

export interface CheckedQuery {
  readonly entity: Entity
  readonly columns: readonly CheckedColumn[]
  readonly embeds: readonly CheckedEmbed[]
  readonly where: CheckedCondition | null
  readonly order: readonly CheckedOrder[]
  readonly limit: number | null
  readonly offset: number
  readonly deleted: Deleted
}

export interface CheckedColumn {
  /** Its name in the answer. */
  readonly name: string
  readonly path: CheckedPath
  readonly cast: string | null
}

export interface CheckedPath {
  readonly field: EntityField
  readonly json: readonly JsonStep[]
}

export interface CheckedEmbed {
  readonly name: string
  readonly relation: Relation
  /** `one`: a row names at most one of the embedded; `many`: any number. */
  readonly arity: 'one' | 'many'
  /** True when the row's own reference is followed; false when others' references to it are. */
  readonly outgoing: boolean
  readonly inner: boolean
  readonly spread: boolean
  readonly query: CheckedQuery
}

export type CheckedCondition =
  | { readonly kind: 'and' | 'or'; readonly not: boolean; readonly conditions: readonly CheckedCondition[] }
  | CheckedComparison
  | { readonly kind: 'related'; readonly embed: CheckedEmbed; readonly not: boolean }

export interface CheckedComparison {
  readonly kind: 'compare'
  readonly path: CheckedPath
  readonly not: boolean
  readonly test:
    | Pick<ScalarComparison, 'operator' | 'value'>
    | Pick<ListComparison, 'operator' | 'values' | 'quantifier'>
    | { readonly operator: 'is'; readonly value: 'null' | 'not_null' | 'true' | 'false' | 'unknown' }
}

export interface CheckedOrder {
  readonly path: CheckedPath
  readonly embed: CheckedEmbed | null
  readonly direction: 'asc' | 'desc'
  readonly nulls: 'first' | 'last' | null
}

/** Types that `::` may cast to, by the names that PostgreSQL knows them under. */
export const castTypes: ReadonlySet<string> = new Set([
  ...['text', 'varchar', 'int', 'int2', 'int4', 'int8', 'integer', 'bigint', 'smallint', 'numeric', 'decimal'],
  ...['float4', 'float8', 'real', 'bool', 'boolean', 'uuid', 'date', 'time', 'timestamp', 'timestamptz', 'interval'],
  ...['json', 'jsonb', 'bytea', 'text[]', 'int4[]', 'int8[]', 'integer[]', 'uuid[]', 'numeric[]'],
])

/** Deeper plans are refused: each level is a sub-select. */
const maxDepth = 16

/**
 * Resolves every name of a plan against the definitions that the tenant sees. Throws `invalid` (42703, PGRST204, PGRST200,
 * PGRST201, PGRST118) for what is unknown or ambiguous. Pure.
 */
export function checkPlan(plan: Plan, exposure: Exposure): CheckedPlan {
  const check = new PlanCheck(exposure)
  const common = {
    entity: plan.entity,
    output: plan.output ?? 'json',
    single: plan.single ?? false,
    uses: check.uses,
  } as const
  const { entity } = plan
  check.use(entity, plan.kind === 'read' ? 'read' : 'write')
  const returning = (selection: readonly Selection[] | undefined) =>
    selection ? check.query(entity, { select: selection }, 'include', 0) : null

  switch (plan.kind) {
    case 'read':
      return {
        ...common,
        kind: 'read',
        query: check.query(entity, plan, plan.deleted ?? 'exclude', 0),
        count: plan.count === 'exact',
      }
    case 'insert':
      return {
        ...common,
        kind: 'insert',
        fields: plan.fields.map(name => check.payloadField(entity, name, 'insert')),
        rows: plan.rows,
        onConflict: plan.onConflict ? check.onConflict(entity, plan.onConflict, plan) : null,
        returning: returning(plan.returning),
      }
    case 'update': {
      const restores = plan.fields.includes('deleted_at')
      return {
        ...common,
        kind: 'update',
        fields: plan.fields.map(name => check.payloadField(entity, name, 'update')),
        patch: plan.patch,
        where: plan.where ? check.condition(entity, plan.where, []) : null,
        deleted: plan.deleted ?? (restores ? 'include' : 'exclude'),
        returning: returning(plan.returning),
      }
    }
    case 'delete': {
      const mode = plan.mode ?? (entity.softDelete ? 'soft' : 'purge')
      if (mode === 'soft' && !entity.softDelete) {
        throw new TenantryError('invalid', `${entity.name} has no soft delete`, {
          hint: 'Delete its rows for good instead',
        })
      }
      return {
        ...common,
        kind: 'delete',
        mode,
        where: plan.where ? check.condition(entity, plan.where, []) : null,
        deleted: plan.deleted ?? (mode === 'purge' ? 'include' : 'exclude'),
        returning: returning(plan.returning),
      }
    }
  }
}

class PlanCheck {
  readonly uses: EntityUseOf[] = []
  readonly #exposure: Exposure

  constructor(exposure: Exposure) {
    this.#exposure = exposure
  }

  use(entity: Entity, verb: 'read' | 'write'): void {
    if (!this.uses.some(use => use.entity === entity && use.verb === verb)) this.uses.push({ entity, verb })
  }

  query(entity: Entity, query: Query, deleted: Deleted, depth: number): CheckedQuery {
    if (depth > maxDepth) throw new TenantryError('invalid', `Embeds nest deeper than ${maxDepth} levels`)
    const columns: CheckedColumn[] = []
    const embeds: CheckedEmbed[] = []
    for (const selection of query.select) {
      if (selection.kind === 'all') columns.push(...[...entity.fields.values()].map(field => this.#column(field)))
      else if (selection.kind === 'field') {
        const path = this.path(entity, selection.path)
        columns.push({ name: outputName(selection.alias ?? defaultName(path)), path, cast: this.#cast(selection.cast) })
      } else embeds.push(this.#embed(entity, selection, depth))
    }
    return {
      entity,
      columns,
      embeds,
      where: query.where ? this.condition(entity, query.where, embeds) : null,
      order: (query.order ?? []).map(order => this.#order(entity, order, embeds)),
      limit: query.limit ?? null,
      offset: query.offset ?? 0,
      deleted,
    }
  }

  #column(field: EntityField): CheckedColumn {
    return { name: field.name, path: { field, json: [] }, cast: null }
  }

  #cast(cast: string | undefined): string | null {
    if (cast === undefined) return null
    if (castTypes.has(cast.toLowerCase())) return cast.toLowerCase()
    throw new TenantryError('invalid', `type ${quote(cast)} does not exist`, { reason: '42704' })
  }

  #embed(entity: Entity, embed: Embed, depth: number): CheckedEmbed {
    const { relation, outgoing } = this.#relation(entity, embed)
    const target = outgoing ? relation.to : relation.from
    this.use(target, 'read')
    const arity = outgoing || relation.unique ? 'one' : 'many'
    if (embed.spread && arity === 'many') {
      throw new TenantryError('invalid', `A spread operation on '${target.name}' is not possible`, {
        reason: 'PGRST119',
        details: `'${entity.name}' and '${target.name}' do not form a many-to-one or one-to-one relationship`,
      })
    }
    return {
      name: outputName(embed.alias ?? embed.relation),
      relation,
      arity,
      outgoing,
      inner: embed.join === 'inner',
      spread: embed.spread,
      query: this.query(target, embed.query, 'exclude', depth + 1),
    }
  }

  /** The one relation that an embed means, among those to entities that the tenant sees. */
  #relation(entity: Entity, { relation: name, hint }: Embed): { relation: Relation; outgoing: boolean } {
    const sees = (other: Entity) => this.#exposure.exposed.has(other.module)
    const candidates = [
      ...entity.references
        .filter(relation => sees(relation.to) && [relation.to.name, relation.name, relation.field].includes(name))
        .map(relation => ({ relation, outgoing: true })),
      ...entity.referencedBy
        .filter(relation => sees(relation.from) && [relation.from.name, relation.name].includes(name))
        .map(relation => ({ relation, outgoing: false })),
    ].filter(({ relation, outgoing }) => {
      const other = outgoing ? relation.to.name : relation.from.name
      return hint === undefined || [relation.name, relation.field, relation.toField, other].includes(hint)
    })
    const [only, ...others] = candidates
    if (!only) {
      throw new TenantryError(
        'invalid',
        `Could not find a relationship between '${entity.name}' and ${quoteName(name)} in the schema cache`,
        {
          reason: 'PGRST200',
          details: `Searched for a foreign key relationship between '${entity.name}' and ${quoteName(name)}${hint === undefined ? '' : ` using the hint ${quoteName(hint)}`}, but no matches were found.`,
        },
      )
    }
    if (others.length === 0) return only
    throw new TenantryError(
      'invalid',
      `Could not embed because more than one relationship was found for '${entity.name}' and ${quoteName(name)}`,
      {
        reason: 'PGRST201',
        details: candidates
          .map(
            ({ relation, outgoing }) =>
              `${outgoing ? 'many-to-one' : relation.unique ? 'one-to-one' : 'one-to-many'}: ${relation.name} using ${relation.from.name}(${relation.field}) and ${relation.to.name}(${relation.toField})`,
          )
          .join('\n'),
        hint: `Try changing ${quoteName(name)} to one of the following: ${candidates.map(({ relation }) => `'${name}!${relation.name}'`).join(', ')}. Find the desired relationship in the 'details' key.`,
      },
    )
  }

  path(entity: Entity, path: FieldPath): CheckedPath {
    const field = entity.fields.get(path.field)
    if (!field) throw unknownColumn(entity, path.field)
    return { field, json: path.json ?? [] }
  }

  condition(entity: Entity, condition: Condition, embeds: readonly CheckedEmbed[]): CheckedCondition {
    switch (condition.kind) {
      case 'and':
      case 'or':
        return { ...condition, conditions: condition.conditions.map(inner => this.condition(entity, inner, embeds)) }
      case 'compare': {
        const { path, not, kind, ...test } = condition
        return { kind, not, path: this.path(entity, path), test }
      }
      case 'related': {
        const embed = embeds.find(({ name }) => name === condition.embed)
        if (!embed) throw unknownColumn(entity, condition.embed)
        return { kind: 'related', embed, not: condition.not }
      }
    }
  }

  #order(entity: Entity, order: Order, embeds: readonly CheckedEmbed[]): CheckedOrder {
    const rest = { direction: order.direction, nulls: order.nulls ?? null }
    if (order.embed === undefined) return { ...rest, path: this.path(entity, order.path), embed: null }
    const embed = embeds.find(({ name }) => name === order.embed)
    if (!embed) {
      throw new TenantryError('invalid', `${quoteName(order.embed)} is not an embedded resource in this request`, {
        reason: 'PGRST108',
        hint: `Verify that ${quoteName(order.embed)} is included in the 'select' query parameter.`,
      })
    }
    if (embed.arity === 'many') {
      throw new TenantryError('invalid', `A related order on '${embed.name}' is not possible`, {
        reason: 'PGRST118',
        details: `'${entity.name}' and '${embed.name}' do not form a many-to-one or one-to-one relationship`,
      })
    }
    return { ...rest, path: this.path(embed.query.entity, order.path), embed }
  }

  payloadField(entity: Entity, name: string, kind: 'insert' | 'update'): EntityField {
    if (name === 'tenant_id')
      throw new TenantryError('forbidden', 'A payload cannot name the tenant', {
        hint: 'The token decides the tenant; leave "tenant_id" out',
      })
    const field = entity.fields.get(name)
    if (!field) {
      throw new TenantryError(
        'invalid',
        `Could not find the ${quoteName(name)} column of '${entity.name}' in the schema cache`,
        { reason: 'PGRST204' },
      )
    }
    const allowed =
      field.write === 'always' ||
      field.write === 'check' ||
      (field.write === 'insert' && kind === 'insert') ||
      (field.write === 'restore' && kind === 'update')
    if (!allowed) {
      throw new TenantryError('invalid', `The platform fills in "${field.name}" of ${entity.name}`, {
        hint: 'Leave it out',
        fields: { [field.name]: ['is filled in by the platform'] },
      })
    }
    return field
  }

  onConflict(entity: Entity, { fields, resolution }: OnConflict, plan: Insert): CheckedInsert['onConflict'] {
    const names = fields ?? entity.key
    const same = (set: readonly string[]) => set.length === names.length && set.every(name => names.includes(name))
    if (!same(entity.key) && !entity.unique.some(set => same(set.fields))) {
      throw new TenantryError(
        'invalid',
        'there is no unique or exclusion constraint matching the ON CONFLICT specification',
        { reason: '42P10' },
      )
    }
    if (resolution === 'merge') this.use(plan.entity, 'read')
    return { fields: names.map(name => this.path(entity, { field: name }).field), resolution }
  }
}

function defaultName({ field, json }: CheckedPath): string {
  const named = json.findLast(({ key }) => typeof key === 'string')
  return named ? String(named.key) : field.name
}

const encoder = new TextEncoder()

/** Output names come from outside and become identifiers, so they are plain and fit into PostgreSQL's 63 bytes. */
function outputName(name: string): string {
  if (/^[\p{L}\p{N}_][\p{L}\p{N}_ .$-]*$/u.test(name) && encoder.encode(name).length <= 63) return name
  throw new TenantryError('invalid', `${quote(name)} cannot be a name in the answer`, {
    reason: 'PGRST100',
    hint: 'Use letters, digits, "_", "-", "." and spaces, at most 63 bytes',
  })
}

function unknownColumn(entity: Entity, name: string): TenantryError {
  return new TenantryError('invalid', `column ${entity.name}.${plainName(name)} does not exist`, { reason: '42703' })
}

function quoteName(name: string): string {
  return `'${plainName(name)}'`
}

/** A name from outside, short and without control characters, for a message. */
function plainName(name: string): string {
  const plain = name.replace(/\p{Cc}/gu, '�')
  return plain.length > 64 ? `${plain.slice(0, 64)}…` : plain
}
