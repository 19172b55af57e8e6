import type { Entity } from '../../core/module-set.ts'
import type { Attack, AttackPlan } from '../attack.ts'
import { type About, addressOf, type Filters, keyFilters, once, twins, withQuery } from './parts.ts'

/** Names that would tell more than an entity's fields do, each with one as long that nothing has. */
const hiddenNames = [
  ['tenant_id', 'zenant_ix'],
  ['ctid', 'ztix'],
  ['xmin', 'zmix'],
  ['tableoid', 'zableoix'],
  ['current_user', 'zurrent_usex'],
] as const

/** What a refusal tells of names that the tables have and the definitions do not, and of values that do not fit. */
export function* errorAttacks(plan: AttackPlan, entity: Entity): Generator<Attack> {
  const { own, other } = plan.scratch
  const about: About = { class: 'errors', target: entity.id, operation: 'read' }
  const [key = 'id'] = entity.key
  const list = (filters: Filters) => ({ path: addressOf(own.tenant, entity, filters) })
  for (const names of hiddenNames) {
    const questions: ((name: string) => Filters)[] = [
      name => ({ select: name }),
      name => ({ select: `*,${name}` }),
      name => ({ select: `a:${name}` }),
      name => ({ select: `${name}::text` }),
      name => ({ select: `${name}->>a` }),
      name => ({ order: name }),
      name => ({ order: `${name}.desc` }),
      name => ({ [name]: 'not.is.null' }),
      name => ({ [name]: `eq.${own.tenant}` }),
      name => ({ or: `(${name}.eq.1,${key}.not.is.null)` }),
      name => ({ 'not.and': `(${name}.eq.1,${key}.not.is.null)` }),
      name => ({ [`${name}->>a`]: 'eq.1' }),
    ]
    for (const question of questions) yield twins(about, { names, ask: name => list(question(name)) })
  }
  for (const { name } of entity.fields.values())
    for (const value of ["'", 'NaN', '{', '1e400', '\u0001', 'x'.repeat(3_000)])
      yield once(about, list({ [name]: `eq.${value}` }))
  for (const { name } of entity.fields.values())
    for (const cast of ['integer', 'uuid', 'json', 'regclass', 'regrole', 'xid'])
      yield once(about, list({ select: `${name}::${cast}`, order: entity.key.join() }))
  yield twins(about, {
    names: [other.tenant, plan.scratch.nobody],
    ask: name => list({ [key]: `eq.${name}` }),
  })
}

/** Texts that would say something to PostgreSQL if they ever became part of a statement; in large and small letters, which it does not mind. */
function injectionsOf({ scratch: { other } }: AttackPlan): readonly string[] {
  return [
    `set_config('tenantry.tenant','${other.tenant}',false)`,
    `(Select set_config('tenantry.tenant', '${other.tenant}', true))`,
    `id;set tenantry.tenant='${other.tenant}'`,
    `id';Select set_config('tenantry.tenant','${other.tenant}',false);--`,
    `current_setting('tenantry.tenant')`,
    `"id" from tenants--`,
    `$1`,
    `\\'; commit; begin;--`,
  ]
}

const roleChanges = [
  'Reset role',
  'id;Reset role',
  `id';Reset role;--`,
  'Set role none',
  `id;Set session authorization default`,
  'Reset all',
  'Discard all',
  `set_config('role','none',false)`,
]

/** The same texts in every place where a name or a value may stand. */
export function* injectionAttacks(plan: AttackPlan, entity: Entity): Generator<Attack> {
  const { own } = plan.scratch
  const [key = 'id'] = entity.key
  for (const [kind, texts] of [
    ['settings', injectionsOf(plan)],
    ['roles', roleChanges],
  ] as const) {
    const about: About = { class: kind, target: entity.id, operation: 'read' }
    for (const text of texts) {
      const places: Filters[] = [
        { select: text },
        { select: `*,a:${text}` },
        { order: text },
        { [text]: 'eq.1' },
        { [key]: `eq.${text}` },
        { [key]: `in.("${text.replaceAll('"', '\\"')}")` },
        { or: `(${key}.eq.${text})` },
        { limit: text },
        { offset: text },
        { select: `${key}::${text}` },
        { $after: text },
      ]
      for (const place of places) yield once(about, { path: addressOf(own.tenant, entity, place) })
    }
  }
}

/** Headers that some other server would believe. */
export function* headerAttacks(plan: AttackPlan, entity: Entity): Generator<Attack> {
  const { own, other, nobody, instances } = plan.scratch
  const about: About = { class: 'settings', target: entity.id, operation: 'header' }
  const path = addressOf(own.tenant, entity, keyFilters(plan, entity, 1))
  const names: readonly [string, string] = [other.tenant, nobody]
  const headers: ((tenant: string) => Readonly<Record<string, string>>)[] = [
    tenant => ({ 'x-tenant': tenant }),
    tenant => ({ 'x-tenant': `${own.tenant},${tenant}` }),
    tenant => ({ 'x-tenant-id': tenant, 'tenant-id': tenant, tenant }),
    tenant => ({ 'x-forwarded-host': `${tenant}.example.com`, forwarded: `host=${tenant}.example.com` }),
    tenant => ({ 'x-forwarded-prefix': `/${tenant}`, 'x-original-url': `/${tenant}/`, 'x-rewrite-url': `/${tenant}/` }),
    tenant => ({ 'x-http-method-override': 'DELETE', 'x-tenantry-tenant': tenant }),
    tenant => ({ 'tenantry.tenant': tenant, pgoptions: `-c tenantry.tenant=${tenant}` }),
    tenant => ({ prefer: `handling=strict, tenant=${tenant}` }),
    tenant => ({ prefer: `tenant=${tenant}` }),
    tenant => ({ cookie: `tenant=${tenant}; tenant_id=${tenant}` }),
  ]
  for (const header of headers) yield twins(about, { names, ask: name => ({ path, headers: header(name) }) })
  for (const instance of [...instances, 'verify-nowhere'])
    yield once(about, { path, headers: { 'x-instance': instance, 'instance-id': instance, 'x-instance-id': instance } })
  for (const role of ['writer', 'main', 'admin', 'service_admin'])
    yield once({ ...about, class: 'roles' }, { path, headers: { role, 'x-role': role, 'x-hasura-role': role } })
}

/** Names of tables, schemas and documents that no entity has. */
export function* viewAttacks(plan: AttackPlan): Generator<Attack> {
  const { own, other, nobody, entities } = plan.scratch
  const about: About = { class: 'views', target: '-', operation: 'read' }
  const tables = ['tenants', 'tenant_keys', 'installation', 'audit', 'idempotency', 'changes', 'pg_class', 'pg_roles']
  const profiles = [
    'tenantry',
    'pg_catalog',
    'information_schema',
    ...new Set(entities.map(({ module }) => module.schema)),
  ]
  const [module] = entities.map(({ module }) => module)
  for (const name of [...tables, ...tables.map(table => `tenantry.${table}`)]) {
    const names: readonly [string, string] = [name, `z${name.slice(1, -1)}q`]
    yield twins(about, { names, ask: table => ({ path: `/${own.tenant}/rest/v1/${table}` }) })
    if (module)
      yield twins(about, {
        names,
        ask: table => ({ path: `/${own.tenant}/${module.name}/v${module.version.major}/${table}` }),
      })
  }
  for (const profile of profiles)
    for (const table of ['tenants', 'pg_class', ...entities.slice(0, 2).map(({ name }) => name)]) {
      const names: readonly [string, string] = [profile, `z${profile.slice(1, -1)}q`]
      yield twins(about, {
        names,
        ask: name => ({ path: `/${own.tenant}/rest/v1/${table}`, headers: { 'accept-profile': name } }),
      })
    }
  for (const path of [
    '/openapi.json',
    '/rest/v1/',
    ...(module ? [`/${module.name}/v${module.version.major}/openapi.json`] : []),
  ]) {
    yield once({ ...about, operation: 'document' }, { path: `/${own.tenant}${path}` })
    yield twins(
      { ...about, operation: 'document' },
      {
        names: [other.tenant, nobody],
        ask: tenant => ({ path: `/${tenant}${path}` }),
      },
    )
  }
  yield once(about, { path: withQuery(`/${own.tenant}/rest/v1/`, { select: 'tenant_id' }) })
}
