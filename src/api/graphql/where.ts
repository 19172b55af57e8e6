import { TenantryError } from '../../core/errors.ts'
import type { EntityField } from '../../core/module-set.ts'
import type { Condition, Embed, FieldPath, ScalarOperator, SearchOperator } from '../../core/plan.ts'
import { plainText, textOf } from '../../core/query-values.ts'
import { createCounter, type RestLimits } from '../rest/limits.ts'
import type { Shape } from './shape.ts'

/** An input object whose members have been checked against its type. */
export type Input = Readonly<Record<string, unknown>>

const operators: Readonly<Record<string, ScalarOperator>> = {
  ...{ eq: 'eq', neq: 'neq', gt: 'gt', gte: 'gte', lt: 'lt', lte: 'lte', distinctFrom: 'isdistinct' },
  ...{ contains: 'cs', within: 'cd', overlaps: 'ov', leftOf: 'sl', rightOf: 'sr', notRightOf: 'nxr', notLeftOf: 'nxl' },
  adjacent: 'adj',
}
const patterns: Readonly<Record<string, ScalarOperator>> = {
  ...{ like: 'like', ilike: 'ilike', match: 'match', imatch: 'imatch' },
}
const searches: Readonly<Record<string, SearchOperator>> = {
  ...{ search: 'wfts', searchPlain: 'plfts', searchPhrase: 'phfts', searchQuery: 'fts' },
}

const mostValues = 5_000
/** Deeper conditions are most likely hostile. */
const mostLevels = 16

/** Conditions of one root field: what they ask of related rows are embeds that nobody sees. */
export class Conditions {
  readonly #count: () => void

  constructor(limits: RestLimits) {
    this.#count = createCounter(limits.filters, 'filters')
  }

  /** `hidden` collects the embeds. An empty object is no condition. */
  of(shape: Shape, where: Input, hidden: Embed[], level = 0): Condition {
    if (level > mostLevels) throw new TenantryError('invalid', `Conditions nest deeper than ${mostLevels} levels`)
    return all(Object.entries(where).flatMap(([name, wanted]) => this.#conditions(shape, name, wanted, hidden, level)))
  }

  #conditions(shape: Shape, name: string, wanted: unknown, hidden: Embed[], level: number): Condition[] {
    const member = shape.members.get(name)
    // A condition that was forgotten would let more rows through.
    if (wanted === null || wanted === undefined) throw empty(name)
    if (member?.kind === 'field') return this.#tests(member.field, wanted as Input, name)
    if (member) {
      const inner: Embed[] = []
      const target = member.shape()
      const where = this.of(target, wanted as Input, inner, level + 1)
      // No field or alias is called so.
      const alias = `?${hidden.length}`
      const query = { select: inner, where }
      hidden.push({
        kind: 'embed',
        relation: target.entity.name,
        link: member.link,
        alias,
        join: 'left',
        spread: false,
        query,
      })
      this.#count()
      return [{ kind: 'related', embed: alias, not: false }]
    }
    const inner = (value: unknown) => this.of(shape, value as Input, hidden, level + 1)
    if (name === 'not') return [{ kind: 'and', not: true, conditions: [inner(wanted)] }]
    return [{ kind: name === 'or' ? 'or' : 'and', not: false, conditions: (wanted as readonly unknown[]).map(inner) }]
  }

  #tests(field: EntityField, tests: Input, name: string): Condition[] {
    const entries = Object.entries(tests)
    if (entries.length === 0) throw empty(name)
    return entries.flatMap(([test, value]) =>
      test === 'at' ? this.#inside(field, value) : this.#test(field, { field: field.name }, test, value),
    )
  }

  /** Tests of the text at a place inside JSON. */
  #inside(field: EntityField, places: unknown): Condition[] {
    if (!Array.isArray(places)) throw empty('at')
    const asText: EntityField = { ...field, spec: { type: 'text', array: false, optional: true, unique: false } }
    return places.flatMap(({ path, ...tests }: { path: readonly string[] } & Input) => {
      if (path.length === 0 || path.length > mostLevels || Object.keys(tests).length === 0) throw empty('at')
      const json = path.map((key, index) => {
        const arrow = index === path.length - 1 ? ('->>' as const) : ('->' as const)
        return { arrow, key: /^(0|-?[1-9]\d{0,8})$/.test(key) ? Number(key) : key }
      })
      return Object.entries(tests).flatMap(([test, value]) =>
        this.#test(asText, { field: field.name, json }, test, value),
      )
    })
  }

  #test(field: EntityField, path: FieldPath, test: string, value: unknown): Condition[] {
    this.#count()
    const common = { kind: 'compare', path, not: false } as const
    if (test === 'isNull') {
      if (typeof value !== 'boolean') throw empty(test)
      return [{ ...common, operator: 'is', value: value ? 'null' : 'not_null' }]
    }
    if (value === null && test === 'eq') return [{ ...common, operator: 'is', value: 'null' }]
    if (value === null && (test === 'neq' || test === 'distinctFrom'))
      return [{ ...common, operator: 'is', value: 'not_null' }]
    if (value === null || value === undefined) throw empty(test)
    const pattern = patterns[test]
    if (pattern) return [{ ...common, operator: pattern, value: plainText(field.name, value) }]
    const search = searches[test]
    if (search) return [{ ...common, operator: search, value: plainText(field.name, value) }]
    const operator = operators[test]
    if (operator) return [{ ...common, operator, value: textOf(field, value) }]
    const values = value as readonly unknown[]
    if (values.length > mostValues) throw new TenantryError('invalid', `A list has more than ${mostValues} values`)
    return [{ ...common, not: test === 'nin', operator: 'in', values: values.map(item => textOf(field, item)) }]
  }
}

export function all(conditions: readonly Condition[]): Condition {
  const [only] = conditions
  return only && conditions.length === 1 ? only : { kind: 'and', not: false, conditions }
}

function empty(name: string): TenantryError {
  return new TenantryError('invalid', `The condition on "${name}" is empty`, {
    hint: 'Leave it out, or say what it tests; null is { isNull: true }',
  })
}
