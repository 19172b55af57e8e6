import type { Entity } from '../../core/module-set.ts'
import type { Attack, AttackPlan } from '../attack.ts'
import { changeOf, newRow, removal, representation, spare, taken, uniqueRow } from './new-row.ts'
import { type About, addressOf, keyFilters, rowTwins } from './parts.ts'

const object = { ...representation, accept: 'application/vnd.pgrst.object+json' }

/** A row of the other tenant is answered as no row is, whatever is done to it. */
export function* existenceAttacks(plan: AttackPlan, entity: Entity): Generator<Attack> {
  const { own, rows } = plan.scratch
  const about = (operation: string): About => ({ class: 'existence', target: entity.id, operation })
  const at = (number: number) => addressOf(own.tenant, entity, keyFilters(plan, entity, number))
  const change = changeOf(plan, entity)
  for (const [index] of rows.foreign.entries()) {
    for (const headers of [{}, object, { prefer: 'deleted=include, count=exact' }])
      yield rowTwins(about('read'), plan, index, number => ({ path: at(number), headers }))
    for (const headers of [representation, object, { prefer: 'return=minimal, count=exact' }]) {
      yield rowTwins(about('update'), plan, index, number => ({
        method: 'PATCH',
        path: at(number),
        body: change,
        headers,
      }))
      yield rowTwins(about('delete'), plan, index, number => ({ method: 'DELETE', path: at(number), headers }))
    }
    const purge = { prefer: 'purge, count=exact' }
    yield rowTwins(about('delete'), plan, index, number => ({ method: 'DELETE', path: at(number), headers: purge }))
    if (index !== taken) yield* referenceTwins(plan, entity, index)
  }
  yield* newRowTwins(plan, entity, taken)
}

function* newRowTwins(plan: AttackPlan, entity: Entity, index: number): Generator<Attack> {
  if (!newRow(plan, entity, spare)) return
  const { own } = plan.scratch
  const path = addressOf(own.tenant, entity)
  const about = (operation: string): About => ({ class: 'existence', target: entity.id, operation })
  const undo = (number: number) => removal(plan, entity, number)
  const put = (number: number) => addressOf(own.tenant, entity, keyFilters(plan, entity, number))
  const body = (number: number) => newRow(plan, entity, number)
  for (const headers of [representation, { prefer: 'return=headers-only' }])
    yield rowTwins(about('insert'), plan, index, number => ({ path, body: body(number), headers }), undo)
  yield rowTwins(
    about('insert'),
    plan,
    index,
    number => ({ path, body: body(number), headers: { 'if-none-match': '*' } }),
    undo,
  )
  yield rowTwins(
    about('put'),
    plan,
    index,
    number => ({ method: 'PUT', path: put(number), body: body(number), headers: representation }),
    undo,
  )
  if (!uniqueRow(plan, entity, spare)) return
  const clear = () => removal(plan, entity, spare)
  const probe = (number: number) => ({ path, body: uniqueRow(plan, entity, number), headers: representation })
  yield rowTwins({ ...about('insert'), operation: 'insert unique' }, plan, index, probe, clear)
}

/** References to the other tenant's rows. */
function* referenceTwins(plan: AttackPlan, entity: Entity, index: number): Generator<Attack> {
  const { own, rows } = plan.scratch
  const about = (operation: string): About => ({ class: 'existence', target: entity.id, operation })
  for (const { field, to, toField } of entity.references.filter(({ to }) => !to.global)) {
    const named = (number: number) => ({ [field]: rows.valueOf(to, toField, number, '') })
    const path = addressOf(own.tenant, entity)
    if (newRow(plan, entity, spare))
      yield rowTwins(
        about('insert'),
        plan,
        index,
        number => ({ path, body: { ...newRow(plan, entity, spare), ...named(number) }, headers: representation }),
        () => removal(plan, entity, spare),
      )
    const first = addressOf(own.tenant, entity, keyFilters(plan, entity, 1))
    yield rowTwins(about('update'), plan, index, number => ({ method: 'PATCH', path: first, body: named(number) }))
  }
}
