import { randomUUID } from 'node:crypto'
import type { Entity } from '../../core/module-set.ts'
import type { Answer, Attack, AttackPlan } from '../attack.ts'
import { newRow, removal, spare } from './new-row.ts'
import { type About, addressOf, indistinct, keyFilters, rowTwins, sequence } from './parts.ts'

const paged = { prefer: 'paging=keyset, count=exact' }
const mostPages = 6

/** Goes through a list by its links. */
export function* pageAttacks(plan: AttackPlan, entity: Entity): Generator<Attack> {
  const { own } = plan.scratch
  const about: About = { class: 'cursors', target: entity.id, operation: 'read' }
  for (const field of [entity.key[0] ?? 'id', ...plan.random.sample([...entity.fields.keys()], 3)])
    for (const way of ['asc', 'desc'])
      yield sequence(about, async ask => {
        let path: string | undefined = addressOf(own.tenant, entity, { order: `${field}.${way}`, limit: '1' })
        for (let page = 0; page < mostPages && path !== undefined; page++)
          path = nextOf(await ask({ path, headers: paged }))
        return undefined
      })
}

/** A place in the other tenant's list is no place in one's own, like one that was made up. */
export function* cursorAttacks(plan: AttackPlan, entity: Entity): Generator<Attack> {
  const { scratch, attacker } = plan
  const counterpart = scratch.counterparts.get(attacker.name)
  if (!counterpart) return
  const about: About = { class: 'cursors', target: entity.id, operation: 'read' }
  for (const order of [entity.key.join(), `${entity.key.join('.desc,')}.desc`, 'created_at'])
    yield sequence(about, async ask => {
      const path = (tenant: string) => addressOf(tenant, entity, { order, limit: '1' })
      const theirs = await ask({ path: path(scratch.other.tenant), headers: paged, asOther: counterpart })
      const token = /[?&](?:%24|\$)after=([\w.-]+)/.exec(nextOf(theirs) ?? '')?.[1]
      if (token === undefined) return undefined
      const madeUp = token.replace(/.{20}$/, 'A'.repeat(20))
      const answers: string[] = []
      for (const after of [token, madeUp]) {
        const answer = await ask({ path: `${path(scratch.own.tenant)}&%24after=${after}`, headers: paged })
        answers.push(indistinct(answer, [token, madeUp]))
      }
      return answers[0] === answers[1] ? undefined : "the other tenant's place in a list is taken for one's own"
    })
}

function nextOf({ headers: { link } }: Answer): string | undefined {
  return typeof link === 'string' ? /^<([^>]*)>; rel="next"/.exec(link)?.[1] : undefined
}

export function* etagAttacks(plan: AttackPlan, entity: Entity): Generator<Attack> {
  const { own, rows } = plan.scratch
  const about = (operation: string): About => ({ class: 'etags', target: entity.id, operation })
  const at = (number: number) => addressOf(own.tenant, entity, keyFilters(plan, entity, number))
  for (const [index] of rows.foreign.entries())
    for (const tag of ['*', '"1"', '"2"', 'W/"1"', '"1-000000"'])
      for (const name of ['if-match', 'if-none-match']) {
        const headers = { [name]: tag, prefer: 'return=representation' }
        yield rowTwins(about('read'), plan, index, number => ({ path: at(number), headers }))
        yield rowTwins(about('head'), plan, index, number => ({ path: at(number), method: 'HEAD', headers }))
        yield rowTwins(about('update'), plan, index, number => ({
          method: 'PATCH',
          path: at(number),
          body: {},
          headers,
        }))
        yield rowTwins(about('delete'), plan, index, number => ({ method: 'DELETE', path: at(number), headers }))
      }
}

/** A key under which the other tenant's answer is kept is as any other. */
export function* idempotencyAttacks(plan: AttackPlan, entity: Entity): Generator<Attack> {
  const { scratch, attacker } = plan
  const counterpart = scratch.counterparts.get(attacker.name)
  const body = newRow(plan, entity, spare)
  if (!counterpart || !body) return
  const about: About = { class: 'idempotency', target: entity.id, operation: 'insert' }
  const theirs: AttackPlan = { ...plan, scratch: { ...scratch, own: scratch.other, other: scratch.own } }
  const requestOf = (tenant: string, key: string, content: unknown) => ({
    path: addressOf(tenant, entity),
    body: content,
    headers: { 'idempotency-key': key, prefer: 'return=representation' },
  })
  for (const content of [body, newRow(theirs, entity, spare)])
    yield sequence(about, async ask => {
      const used = randomUUID()
      const unused = randomUUID()
      await ask({ ...requestOf(scratch.other.tenant, used, content), asOther: counterpart })
      const answers: string[] = []
      for (const key of [used, unused]) {
        const answer = await ask(requestOf(scratch.own.tenant, key, body))
        answers.push(indistinct(answer, [used, unused]))
        await ask(removal(plan, entity, spare))
      }
      await ask({ ...removal(theirs, entity, spare), asOther: counterpart })
      return answers[0] === answers[1] ? undefined : "the other tenant's kept answer is noticed"
    })
}

/** After errors and hang-ups, one's own and the other tenant's, connections serve as before. */
export function* leftoverAttacks(plan: AttackPlan, entity: Entity): Generator<Attack> {
  const { scratch, attacker } = plan
  const { own, other } = scratch
  const counterpart = scratch.counterparts.get(attacker.name)
  if (!counterpart) return
  const about: About = { class: 'leftovers', target: entity.id, operation: 'read' }
  const list = (tenant: string) => addressOf(tenant, entity, { order: entity.key.join() })
  const [key = 'id'] = entity.key
  for (const hangUpAfter of [0, 1, 2, 4])
    yield sequence(about, async ask => {
      const before = await ask({ path: list(own.tenant) })
      const slow = `${list(other.tenant)}&select=*${entity.references.map(({ field }) => `,${field}(*)`).join('')}`
      await Promise.all([
        ...Array.from({ length: 3 }, () => ask({ path: slow, asOther: counterpart, hangUpAfter })),
        ask({ path: addressOf(other.tenant, entity, { [key]: "eq.'" }), asOther: counterpart }),
        ask({ path: addressOf(own.tenant, entity, { [key]: 'eq.\u0001' }) }),
        ask({ path: list(own.tenant), hangUpAfter }),
      ])
      for (let time = 0; time < 3; time++) {
        const after = await ask({ path: list(own.tenant) })
        if (after.plain !== before.plain) return 'a list is another one after requests that failed or were broken off'
      }
      return undefined
    })
}
