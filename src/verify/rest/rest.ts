import type { Attack, AttackPlan, Protocol } from '../attack.ts'
import { callAttacks, functionAttacks } from './calls.ts'
import { addressOf } from './parts.ts'
import { countAttacks, embedAttacks, filterAttacks, idAttacks, orderingAttacks } from './reads.ts'
import { errorAttacks, headerAttacks, injectionAttacks, viewAttacks } from './refusals.ts'
import { cursorAttacks, etagAttacks, idempotencyAttacks, leftoverAttacks, pageAttacks } from './sequences.ts'
import { platformAttacks, tokenAttacks } from './tokens.ts'
import {
  bulkAttacks,
  endings,
  existenceAttacks,
  mayRead,
  payloadAttacks,
  roleAttacks,
  upsertAttacks,
} from './writes.ts'

const ofReads = [
  ...[idAttacks, filterAttacks, embedAttacks, orderingAttacks, countAttacks, pageAttacks],
  ...[errorAttacks, injectionAttacks, headerAttacks, tokenAttacks],
]
const ofWrites = [
  ...[roleAttacks, existenceAttacks, payloadAttacks, upsertAttacks, bulkAttacks],
  ...[etagAttacks, cursorAttacks, idempotencyAttacks, leftoverAttacks],
]

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
  *reads(plan: AttackPlan): Generator<Attack> {
    for (const entity of plan.scratch.entities)
      for (const attacks of ofReads)
        yield* mayRead(plan, entity) ? attacks(plan, entity) : someOf(attacks(plan, entity))
    yield* viewAttacks(plan)
    yield* functionAttacks(plan)
    yield* platformAttacks(plan)
  },
  *writes(plan) {
    for (const entity of plan.scratch.entities) {
      // Where tenants share the rows, only that they cannot write any is tried.
      if (entity.global) yield* roleAttacks(plan, entity)
      else
        for (const attacks of ofWrites)
          yield* mayRead(plan, entity) ? attacks(plan, entity) : someOf(attacks(plan, entity))
    }
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
