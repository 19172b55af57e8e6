import type { Entity } from '../../core/module-set.ts'
import type { Attack, AttackPlan } from '../attack.ts'
import { changeOf, listed, newRow, refusals, removal, representation, spare, taken } from './new-row.ts'
import { type About, addressOf, keyFilters, once, refused, rowTwins, sequence, twins } from './parts.ts'

export function* upsertAttacks(plan: AttackPlan, entity: Entity): Generator<Attack> {
  if (!newRow(plan, entity, spare)) return
  const { own, rows } = plan.scratch
  const about: About = { class: 'upserts', target: entity.id, operation: 'upsert' }
  const undo = (number: number) => removal(plan, entity, number)
  const targets = [entity.key, ...entity.unique.map(({ fields }) => fields)]
  for (const resolution of ['merge-duplicates', 'ignore-duplicates']) {
    const headers = { prefer: `resolution=${resolution}, return=representation, count=exact` }
    for (const fields of targets) {
      const path = addressOf(own.tenant, entity, { on_conflict: fields.join() })
      yield rowTwins(about, plan, taken, number => ({ path, body: newRow(plan, entity, number), headers }), undo)
      for (const number of rows.shared) yield once(about, { path, body: newRow(plan, entity, number), headers })
    }
    for (const more of [[], entity.key])
      yield twins(about, {
        names: ['tenant_id', 'zenant_ix'],
        ask: name => ({
          path: addressOf(own.tenant, entity, { on_conflict: [name, ...more].join() }),
          body: newRow(plan, entity, spare),
          headers,
        }),
        undo: () => undo(spare),
      })
  }
}

/** A tenant in the payload, as a parser might see it after another one did not. */
export function* payloadAttacks(plan: AttackPlan, entity: Entity): Generator<Attack> {
  const row = newRow(plan, entity, spare)
  if (!row) return
  const { own, other } = plan.scratch
  const about = (operation: string): About => ({ class: 'payloads', target: entity.id, operation })
  const inner = JSON.stringify(row).slice(1, -1)
  const tenant = JSON.stringify(other.tenant)
  const bodies = [
    `{${inner},"tenant_id":${tenant}}`,
    `{"tenant_id":${tenant},${inner}}`,
    `{${inner},"tenant\\u005fid":${tenant}}`,
    `{${inner},"\\u0074enant_id":${tenant},"tenant_id":"${own.tenant}"}`,
    `{${inner},"tenant_id":"${own.tenant}","tenant_id":${tenant}}`,
    `[{${inner},"tenant_id":${tenant}}]`,
    `{${inner},"tenant_id":null}`,
    `{${inner},"tenant_id":{"value":${tenant}}}`,
    `{${inner},"tenant_id ":${tenant}}`,
    `{${inner},"TENANT_ID":${tenant}}`,
    `{${inner},"\\"tenant_id\\"":${tenant}}`,
    `{${inner},"tenant_id\\u0000":${tenant}}`,
    `{${inner},"tenant":${tenant}}`,
    `[[{${inner},"tenant_id":${tenant}}]]`,
  ]
  const first = addressOf(own.tenant, entity, keyFilters(plan, entity, 1))
  for (const body of bodies)
    for (const [operation, request] of [
      ['insert', { path: addressOf(own.tenant, entity), body, headers: representation }],
      ['upsert', { path: addressOf(own.tenant, entity), body, headers: { prefer: 'resolution=merge-duplicates' } }],
      ['insert', { path: addressOf(own.tenant, entity, { columns: [...Object.keys(row), 'tenant_id'].join() }), body }],
      ['update', { method: 'PATCH', path: first, body, headers: representation }],
      [
        'insert',
        { path: `/${own.tenant}/rest/v1/${entity.name}`, body, headers: { 'content-profile': entity.module.id } },
      ],
    ] as const)
      yield refused(about(operation), request, refusals)
  const prototypes = ['__proto__', 'constructor'].map(name => `{${inner},"${name}":{"tenant_id":${tenant}}}`)
  for (const body of prototypes) yield refused(about('insert'), { path: addressOf(own.tenant, entity), body }, refusals)
  const csv = `tenant_id,${Object.keys(row).join()}\n${other.tenant}\n`
  const form = `tenant_id=${other.tenant}`
  for (const [type, body] of [
    ['text/csv', csv],
    ['application/x-www-form-urlencoded', form],
  ] as const)
    yield refused(
      about('insert'),
      { path: addressOf(own.tenant, entity), body, headers: { 'content-type': type } },
      refusals,
    )
  if (entity.instanced && plan.attacker.instance !== null)
    for (const instance of plan.scratch.instances.filter(name => name !== plan.attacker.instance))
      for (const method of ['POST', 'PATCH'])
        yield refused(
          about('insert'),
          {
            method,
            path: method === 'POST' ? addressOf(own.tenant, entity) : first,
            body: { ...row, instance_id: instance },
          },
          refusals,
        )
}

export function* bulkAttacks(plan: AttackPlan, entity: Entity): Generator<Attack> {
  const { own, rows } = plan.scratch
  const about = (operation: string): About => ({ class: 'bulk', target: entity.id, operation })
  for (const [index] of rows.foreign.entries()) {
    yield rowTwins(about('update'), plan, index, number => ({
      ...{
        method: 'PATCH',
        path: listed(plan, entity, [number, spare]),
        body: changeOf(plan, entity),
        headers: representation,
      },
    }))
    yield rowTwins(about('delete'), plan, index, number => ({
      method: 'DELETE',
      path: listed(plan, entity, [number, spare]),
      headers: representation,
    }))
    if (newRow(plan, entity, spare))
      yield rowTwins(
        about('insert'),
        plan,
        index,
        number => ({
          path: addressOf(own.tenant, entity),
          body: [newRow(plan, entity, number), newRow(plan, entity, number)],
          headers: representation,
        }),
        number => removal(plan, entity, number),
      )
  }
  if (!newRow(plan, entity, spare)) return
  const all = [...rows.shared, ...rows.foreign].map(number => newRow(plan, entity, number))
  for (const resolution of ['merge-duplicates', 'ignore-duplicates'])
    yield sequence(about('upsert'), async ask => {
      const headers = { prefer: `resolution=${resolution}, return=representation, count=exact` }
      await ask({ path: addressOf(own.tenant, entity), body: all, headers })
      for (const number of rows.foreign) await ask(removal(plan, entity, number))
      return undefined
    })
}

/**
 * The own rows are changed and removed by ids that the other tenant has too. Never without a filter: where a hole is, it would
 * be everybody's rows.
 */
export function* endings(plan: AttackPlan, entity: Entity): Generator<Attack> {
  const { own, rows } = plan.scratch
  const about = (operation: string): About => ({ class: 'ids', target: entity.id, operation })
  for (const number of rows.shared) {
    const at = addressOf(own.tenant, entity, keyFilters(plan, entity, number))
    const row = newRow(plan, entity, number)
    yield once(about('update'), { method: 'PATCH', path: at, body: changeOf(plan, entity), headers: representation })
    if (row) yield once(about('put'), { method: 'PUT', path: at, body: row, headers: representation })
  }
  const all = listed(plan, entity, [...rows.shared, ...rows.foreign])
  const bulk = { class: 'bulk', target: entity.id } as const
  yield once(
    { ...bulk, operation: 'update' },
    { method: 'PATCH', path: all, body: changeOf(plan, entity), headers: representation },
  )
  for (const numbers of [rows.shared.slice(-1), rows.foreign, rows.shared])
    for (const headers of [representation, { prefer: 'purge, return=representation' }])
      yield once(about('delete'), { method: 'DELETE', path: listed(plan, entity, numbers), headers })
}
