import type { Entity } from '../../core/module-set.ts'
import { isValues, quantifiableOperators, scalarOperators, searchOperators } from '../../core/plan.ts'
import type { Attack, AttackPlan } from '../attack.ts'
import { type About, addressOf, type Filters, keyFilters, once, rowTwins } from './parts.ts'

/** A list in an order of its own, so that it is the same each time. */
const inOrder = ({ key }: Entity): Filters => ({ order: key.join() })

export function* idAttacks(plan: AttackPlan, entity: Entity): Generator<Attack> {
  const { own, rows } = plan.scratch
  const about: About = { class: 'ids', target: entity.id, operation: 'read' }
  for (const number of rows.shared) {
    const path = addressOf(own.tenant, entity, keyFilters(plan, entity, number))
    yield once(about, { path })
    yield once(about, { path, headers: { accept: 'application/vnd.pgrst.object+json' } })
    yield once({ ...about, operation: 'head' }, { path, method: 'HEAD' })
  }
  const listed = (numbers: readonly number[]) =>
    Object.fromEntries(
      entity.key.map(name => [name, `in.(${numbers.map(number => `"${rows.keyOf(entity, number)[name]}"`).join()})`]),
    )
  for (const numbers of [rows.shared, rows.foreign, [...rows.shared, ...rows.foreign]])
    yield once(about, { path: addressOf(own.tenant, entity, { ...listed(numbers), ...inOrder(entity) }) })
  if (!entity.global)
    for (const [index] of rows.foreign.entries())
      yield rowTwins(about, plan, index, number => ({
        path: addressOf(own.tenant, entity, keyFilters(plan, entity, number)),
      }))
  yield once(about, { path: `/${own.tenant}/rest/v1/${entity.name}`, headers: { 'accept-profile': entity.module.id } })
}

/** Every operator on every field, with values of rows that both have and that only the other one has. */
export function* filterAttacks(plan: AttackPlan, entity: Entity): Generator<Attack> {
  const { own, other, rows } = plan.scratch
  const about: About = { class: 'filters', target: entity.id, operation: 'read' }
  // Its beginning: what is asked for whole may be told again.
  const part = (other.canaries.get(null) ?? '').slice(0, 4)
  for (const { name, spec } of entity.fields.values()) {
    const number = plan.random.pick([...rows.shared, ...rows.foreign], 1)
    const given = rows.valueOf(entity, name, number, part)
    const value = spec.array ? `{${part}}` : typeof given === 'object' ? JSON.stringify(given) : String(given ?? part)
    const conditions = [
      ...scalarOperators.flatMap(operator => [`${operator}.${value}`, `not.${operator}.${value}`]),
      ...quantifiableOperators.flatMap(operator => [
        `${operator}(any).{"${value}","x"}`,
        `not.${operator}(all).{"${value}"}`,
      ]),
      ...searchOperators.map(operator => `${operator}.${part}`),
      ...isValues.map(value => `is.${value}`),
      `in.("${value}","y")`,
      `not.in.("${value}")`,
      `ilike.*${part}*`,
    ]
    for (const condition of conditions)
      yield once(about, { path: addressOf(own.tenant, entity, { [name]: condition, ...inOrder(entity) }) })
    yield once(about, {
      path: addressOf(own.tenant, entity, { or: `(${name}.not.is.null,${name}.is.null)`, ...inOrder(entity) }),
    })
  }
}

/** Every way to name a relation, and where it leads. */
function relationsOf(
  entity: Entity,
): readonly { readonly name: string; readonly to: Entity; readonly sure: boolean }[] {
  return [
    ...entity.references.flatMap(({ to, name, field }) =>
      [to.name, field, name, `${to.name}!${field}`, `${to.name}!${name}`].map(way => ({
        ...{ name: way, to, sure: way === `${to.name}!${name}` },
      })),
    ),
    ...entity.referencedBy.flatMap(({ from, name, field }) =>
      [from.name, name, `${from.name}!${field}`, `${from.name}!${name}`].map(way => ({
        ...{ name: way, to: from, sure: way === `${from.name}!${name}` },
      })),
    ),
  ]
}

const deepest = 3
const mostEmbeds = 150

function* embedsOf(entity: Entity, depth = deepest): Generator<string> {
  for (const { name, to, sure } of relationsOf(entity)) {
    if (depth < deepest && !sure) continue
    yield `${name}(*)`
    if (depth === deepest) {
      yield `other:${name}(*)`
      yield `${name}!inner(*)`
      yield `${name}!left(*)`
      yield `${name}()`
      yield `...${name}(*)`
      yield `${name}(count)`
      yield `${name}(tenant_id)`
    }
    if (depth > 1) for (const inner of embedsOf(to, depth - 1)) yield `${name}(*,${inner})`
  }
}

export function* embedAttacks(plan: AttackPlan, entity: Entity): Generator<Attack> {
  const { own, rows } = plan.scratch
  const about: About = { class: 'embeds', target: entity.id, operation: 'read' }
  for (const embed of plan.random.sample([...embedsOf(entity)], mostEmbeds))
    yield once(about, { path: addressOf(own.tenant, entity, { select: `*,${embed}`, ...inOrder(entity) }) })
  for (const { name, to } of relationsOf(entity).filter(({ sure, to }) => sure && !to.global)) {
    const [field = 'id'] = to.key
    const select = `*,other:${name}(*)`
    const inner = `*,other:${name}!inner(*)`
    for (const [index] of rows.foreign.entries()) {
      const keyed = (number: number) => `eq.${rows.keyOf(to, number)[field]}`
      const list = (filters: Filters) => ({ path: addressOf(own.tenant, entity, { ...filters, ...inOrder(entity) }) })
      yield rowTwins(about, plan, index, number => list({ select, [`other.${field}`]: keyed(number) }))
      yield rowTwins(about, plan, index, number => list({ select: inner, [`other.${field}`]: keyed(number) }))
    }
  }
}

export function* orderingAttacks(plan: AttackPlan, entity: Entity): Generator<Attack> {
  const { own } = plan.scratch
  const about: About = { class: 'ordering', target: entity.id, operation: 'read' }
  const list = (filters: Filters) => once(about, { path: addressOf(own.tenant, entity, filters) })
  for (const name of entity.fields.keys())
    for (const way of ['asc', 'desc', 'asc.nullsfirst', 'desc.nullslast'])
      for (const page of [{}, { limit: '1' }, { limit: '2', offset: '1' }])
        yield list({ order: [`${name}.${way}`, ...entity.key].join(), ...page })
  for (const { to, field } of entity.references)
    for (const name of to.fields.keys())
      for (const way of ['asc', 'desc'])
        yield list({ select: `*,${field}(*)`, order: [`${field}(${name}).${way}`, ...entity.key].join(), limit: '2' })
}

export function* countAttacks(plan: AttackPlan, entity: Entity): Generator<Attack> {
  const { own } = plan.scratch
  const about: About = { class: 'counts', target: entity.id, operation: 'read' }
  const path = addressOf(own.tenant, entity, inOrder(entity))
  for (const count of ['exact', 'planned', 'estimated']) {
    const headers = { prefer: `count=${count}` }
    yield once(about, { path, headers })
    yield once({ ...about, operation: 'head' }, { path, method: 'HEAD', headers })
    for (const range of ['0-0', '1-', '2-5', '3-3', '1000-', '5-1', '0-18446744073709551615'])
      yield once(about, { path, headers: { ...headers, range, 'range-unit': 'items' } })
    for (const [limit, offset] of [
      ['0', '0'],
      ['1', '0'],
      ['1', '2'],
      ['5', '3'],
      ['5', '100'],
      ['-1', '0'],
    ] as const)
      yield once(about, { path: addressOf(own.tenant, entity, { ...inOrder(entity), limit, offset }), headers })
  }
  for (const deleted of ['include', 'only'])
    yield once(about, { path, headers: { prefer: `count=exact, deleted=${deleted}` } })
  const aggregates = ['count()', ...[...entity.fields.keys()].flatMap(name => [`${name}.max()`, `${name}.count()`])]
  for (const select of aggregates) yield once(about, { path: addressOf(own.tenant, entity, { select }) })
}
