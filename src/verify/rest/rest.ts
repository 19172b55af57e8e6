import type { Entity } from '../../core/module-set.ts'
import type { Attack, AttackClass, AttackPlan, Protocol } from '../attack.ts'
import { mayRead, roleAttacks } from './access.ts'
import { callAttacks, functionAttacks } from './calls.ts'
import { existenceAttacks } from './existence.ts'
import { addressOf } from './parts.ts'
import { countAttacks, embedAttacks, filterAttacks, idAttacks, orderingAttacks } from './reads.ts'
import { errorAttacks, headerAttacks, injectionAttacks, viewAttacks } from './refusals.ts'
import { cursorAttacks, etagAttacks, idempotencyAttacks, leftoverAttacks, pageAttacks } from './sequences.ts'
import { platformAttacks, tokenAttacks } from './tokens.ts'
import { bulkAttacks, endings, payloadAttacks, upsertAttacks } from './writes.ts'

type Attacks = (plan: AttackPlan, entity: Entity) => Iterable<Attack>

/** Attacks on each entity, by the classes that they are of. */
const ofReads: readonly (readonly [classes: readonly AttackClass[], attacks: Attacks])[] = [
  [['ids'], idAttacks],
  [['filters'], filterAttacks],
  [['embeds'], embedAttacks],
  [['ordering'], orderingAttacks],
  [['counts'], countAttacks],
  [['cursors'], pageAttacks],
  [['errors'], errorAttacks],
  [['settings', 'roles'], injectionAttacks],
  [['settings', 'roles'], headerAttacks],
  [['tokens'], tokenAttacks],
]
const ofWrites: typeof ofReads = [
  [['roles'], roleAttacks],
  [['existence'], existenceAttacks],
  [['payloads'], payloadAttacks],
  [['upserts'], upsertAttacks],
  [['bulk'], bulkAttacks],
  [['etags'], etagAttacks],
  [['cursors'], cursorAttacks],
  [['idempotency'], idempotencyAttacks],
  [['leftovers'], leftoverAttacks],
]

function* onEntity(plan: AttackPlan, entity: Entity, all: typeof ofReads): Generator<Attack> {
  for (const [classes, attacks] of all) {
    if (!classes.some(plan.wants)) continue
    yield* mayRead(plan, entity) ? attacks(plan, entity) : someOf(attacks(plan, entity))
  }
}

/** What is refused anyway is refused in one way: of each kind the first, and then some. */
function* someOf(attacks: Iterable<Attack>): Generator<Attack> {
  const kinds = new Set<string>()
  let count = 0
  for (const attack of attacks) {
    const kind = `${attack.class} ${attack.operation}`
    if (!kinds.has(kind) || count++ % everyOther === 0) yield attack
    kinds.add(kind)
  }
}

const everyOther = 5

/** REST over entities and actions, as `api/rest` serves it. */
export const restProtocol: Protocol = {
  name: 'rest',
  *reads(plan) {
    for (const entity of plan.scratch.entities) yield* onEntity(plan, entity, ofReads)
    if (plan.wants('views')) yield* viewAttacks(plan)
    if (plan.wants('functions')) yield* functionAttacks(plan)
    if (plan.wants('tokens')) yield* platformAttacks(plan)
  },
  *writes(plan) {
    // Where tenants share the rows, only that they cannot write any is tried.
    for (const entity of plan.scratch.entities)
      yield* onEntity(plan, entity, entity.global ? [[['roles'], roleAttacks]] : ofWrites)
  },
  *endings(plan) {
    for (const action of plan.scratch.actions) yield* callAttacks(plan, action)
    for (const entity of plan.scratch.entities) if (!entity.global) yield* endings(plan, entity)
  },
  list: (entity, tenant, key = {}) => {
    const filters = Object.entries(key).map(([name, value]) => [name, `eq.${value}`])
    return { path: addressOf(tenant, entity, { ...Object.fromEntries(filters), order: entity.key.join() }) }
  },
}
