import type { Action } from '../../core/module-set.ts'
import type { Attack, AttackPlan } from '../attack.ts'
import { type About, callAddressOf, once, refused, rowTwins, twins } from './parts.ts'

/** Actions with rows of the other tenant as their arguments. */
export function* callAttacks(plan: AttackPlan, action: Action): Generator<Attack> {
  const { own, rows, entities } = plan.scratch
  const about: About = { class: 'functions', target: action.id, operation: 'call' }
  const argumentsFor = (number: number) =>
    Object.fromEntries(
      [...action.input.fields.values()].flatMap(({ name, spec }) => {
        const target = typeof spec.target === 'function' ? spec.target() : undefined
        const to = entities.find(({ definition }) => definition === target)
        const [key = 'id'] = to?.key ?? []
        const value = to ? rows.valueOf(to, key, number, '') : rows.valueOf(action.input, name, number, '')
        return value === undefined ? [] : [[name, value] as const]
      }),
    )
  const path = callAddressOf(own.tenant, action)
  const textOf = (value: unknown) => (typeof value === 'object' ? JSON.stringify(value) : String(value))
  const inQuery = (number: number) =>
    callAddressOf(
      own.tenant,
      action,
      Object.fromEntries(Object.entries(argumentsFor(number)).map(([name, value]) => [name, textOf(value)])),
    )
  for (const [index] of rows.foreign.entries()) {
    yield rowTwins(about, plan, index, number => ({ path, body: argumentsFor(number) }))
    yield rowTwins(about, plan, index, number => ({
      path: `/${own.tenant}/rest/v1/rpc/${action.name}`,
      body: argumentsFor(number),
      headers: { 'content-profile': action.module.id },
    }))
    yield rowTwins({ ...about, operation: 'call by GET' }, plan, index, number => ({ path: inQuery(number) }))
  }
  for (const number of rows.shared) {
    yield once(about, { path, body: argumentsFor(number) })
    yield once({ ...about, operation: 'call by GET' }, { path: inQuery(number) })
  }
  yield refused(
    about,
    { path, body: { ...argumentsFor(1), tenant_id: plan.scratch.other.tenant } },
    [400, 401, 403, 404, 405],
  )
}

const functions = ['current_setting', 'set_config', 'pg_sleep', 'pg_read_file', 'lo_import', 'query_to_xml', 'dblink']

/** Functions that PostgreSQL has and that no module defines. */
export function* functionAttacks(plan: AttackPlan): Generator<Attack> {
  const { own, entities } = plan.scratch
  const about: About = { class: 'functions', target: '-', operation: 'call' }
  const modules = new Map(entities.map(({ module }) => [module.id, module]))
  for (const name of [...functions, 'tenantry.keep', 'pg_catalog.version']) {
    const names: readonly [string, string] = [name, `z${name.slice(1, -1)}q`]
    for (const body of [undefined, { setting_name: 'tenantry.tenant' }, { new_value: plan.scratch.other.tenant }])
      yield twins(about, {
        names,
        ask: called => ({ path: `/${own.tenant}/rest/v1/rpc/${called}`, ...(body && { body }) }),
      })
    for (const { name: module, version } of modules.values())
      yield twins(about, {
        names,
        ask: called => ({ path: `/${own.tenant}/${module}/v${version.major}/rpc/${called}` }),
      })
  }
}
