import type { Entity } from '../../core/module-set.ts'
import type { Attack, AttackPlan } from '../attack.ts'
import { mayGive, newRow, removal, spare, uniqueRow } from './new-row.ts'
import { type About, addressOf, keyFilters, once, refused, rowTwins, sequence, twins } from './parts.ts'

/**
 * Of the numbers of rows that only the other tenant has, the one that attacks give to rows of their own for a while; attacks on
 * other entities, which run meanwhile, ask about the others.
 */
const taken = 0

const representation = { prefer: 'return=representation, count=exact' }
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

function changeOf({ scratch: { own, rows }, attacker }: AttackPlan, entity: Entity): Readonly<Record<string, unknown>> {
  const field = [...entity.fields.values()].find(
    field => !field.platform && field.write === 'always' && mayGive(field, attacker.role),
  )
  const canary = own.canaries.get(null) ?? ''
  return field ? { [field.name]: rows.valueOf(entity, field.name, 1, canary) } : {}
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

const refusals = [400, 401, 403, 404, 405]

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

/** As the definition says; said once more here, so that a mistake in how access is decided shows. */
export function mayRead({ attacker }: AttackPlan, entity: Entity): boolean {
  return (entity.access.get(attacker.role) ?? 'none').startsWith('tenant_')
}

function mayWrite(plan: AttackPlan, entity: Entity): boolean {
  const granted = entity.access.get(plan.attacker.role) ?? 'none'
  return mayRead(plan, entity) && granted.endsWith('writer') && !entity.global
}

/** What no role of the attacker allows. */
export function* roleAttacks(plan: AttackPlan, entity: Entity): Generator<Attack> {
  const { scratch } = plan
  const reads = mayRead(plan, entity)
  const writes = mayWrite(plan, entity)
  const about = (operation: string): About => ({ class: 'roles', target: entity.id, operation })
  const path = addressOf(scratch.own.tenant, entity)
  const first = addressOf(scratch.own.tenant, entity, keyFilters(plan, entity, 1))
  const body = newRow(plan, entity, spare) ?? {}
  if (!reads)
    for (const at of [path, first, `/${scratch.own.tenant}/rest/v1/${entity.name}`]) {
      yield refused(about('read'), { path: at, headers: { 'accept-profile': entity.module.id } }, refusals)
      yield refused(
        about('head'),
        { path: at, method: 'HEAD', headers: { 'accept-profile': entity.module.id } },
        refusals,
      )
    }
  if (!writes) {
    yield refused(about('insert'), { path, body, headers: representation }, refusals)
    yield refused(about('upsert'), { path, body, headers: { prefer: 'resolution=merge-duplicates' } }, refusals)
    yield refused(about('update'), { method: 'PATCH', path: first, body: changeOf(plan, entity) }, refusals)
    yield refused(about('delete'), { method: 'DELETE', path: first }, refusals)
  }
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

function listed({ scratch: { own, rows } }: AttackPlan, entity: Entity, numbers: readonly number[]): string {
  const values = (name: string) => numbers.map(number => `"${rows.keyOf(entity, number)[name]}"`).join()
  return addressOf(own.tenant, entity, Object.fromEntries(entity.key.map(name => [name, `in.(${values(name)})`])))
}
