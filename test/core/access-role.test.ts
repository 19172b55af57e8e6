import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  accessRoles,
  type EntityUse,
  type GrantedRole,
  reachOf,
  resolveAccess,
  roleOf,
  servingRoles,
  type Verb,
} from '../../src/core/access-role.ts'

// Written by hand from FEATURES section 2, independent of the code under test.
const meaning: Record<GrantedRole, { verb: Verb; tenant: boolean; instance: boolean } | null> = {
  none: null,
  tenant_instance_reader: { verb: 'read', tenant: true, instance: true },
  tenant_reader: { verb: 'read', tenant: true, instance: false },
  instance_reader: { verb: 'read', tenant: false, instance: true },
  reader: { verb: 'read', tenant: false, instance: false },
  tenant_instance_writer: { verb: 'write', tenant: true, instance: true },
  tenant_writer: { verb: 'write', tenant: true, instance: false },
  instance_writer: { verb: 'write', tenant: false, instance: true },
  writer: { verb: 'write', tenant: false, instance: false },
}
const granted = Object.keys(meaning) as GrantedRole[]
const booleans = [false, true] as const

interface Kind {
  readonly instanced?: boolean
  readonly global?: boolean
}

function use(
  verb: Verb,
  access: Record<string, GrantedRole>,
  { instanced = false, global = false }: Kind = {},
): EntityUse {
  return { verb, entity: { access: new Map(Object.entries(access)), instanced, global } }
}

function resolve(
  roles: readonly string[],
  uses: readonly EntityUse[],
  { acrossTenants = false, acting = false, hasInstance = false } = {},
): string | null {
  const access = resolveAccess({ roles, uses, acrossTenants, acting, hasInstance })
  return 'role' in access ? access.role : null
}

/** Whether everything that `narrow` reaches `wide` reaches too. */
function within(narrow: string | null, wide: string | null): boolean {
  const [a, b] = [narrow, wide].map(role => (role === null ? null : meaning[role as GrantedRole]))
  if (!a) return true
  return !!b && (b.verb === 'write' || a.verb === 'read') && (!b.tenant || a.tenant) && (!b.instance || a.instance)
}

test('the order of the access roles is the one that is documented', () => {
  assert.deepEqual(accessRoles, [
    'none',
    'tenant_instance_reader',
    'tenant_reader',
    'instance_reader',
    'reader',
    'tenant_instance_writer',
    'tenant_writer',
    'instance_writer',
    'writer',
    'main',
  ])
})

test('a role’s reach is what its name says, and back', () => {
  for (const role of servingRoles) {
    const said = meaning[role] ?? assert.fail()
    assert.deepEqual(reachOf(role), { verb: said.verb, withinTenant: said.tenant, withinInstance: said.instance })
    assert.equal(roleOf(reachOf(role)), role)
  }
})

test('every pair of roles of one principal: a union never exceeds its parts and does not depend on order', () => {
  let cases = 0
  for (const first of granted) {
    for (const second of granted) {
      for (const verb of ['read', 'write'] as const) {
        for (const acrossTenants of booleans) {
          for (const hasInstance of booleans) {
            for (const kind of [{}, { instanced: true }, { global: true }]) {
              const uses = [use(verb, { a: first, b: second }, kind)]
              const options = { acrossTenants, hasInstance }
              const label = `${first} + ${second}: ${verb} ${JSON.stringify({ ...options, ...kind })}`
              const [a, b] = [resolve(['a'], uses, options), resolve(['b'], uses, options)]
              const union = resolve(['a', 'b'], uses, options)
              assert.equal(union, resolve(['b', 'a'], uses, options), label)
              assert.equal(union, resolve(['b', 'x', 'a', 'b'], uses, options), label)
              // It is what one of the two would get alone, and nothing in between.
              assert.ok(union === a || union === b, `${label} gives ${union}`)
              if (a !== null || b !== null) assert.notEqual(union, null, label)
              for (const part of [a, b])
                assert.ok(
                  within(part, union) || within(union, part) || part === null || incomparable(part, union),
                  label,
                )
              if (union !== null) {
                assert.equal(meaning[union as GrantedRole]?.verb, verb, label)
                if (!acrossTenants) assert.ok(meaning[union as GrantedRole]?.tenant, `${label} leaves the tenant`)
                if (hasInstance && 'instanced' in kind)
                  assert.ok(meaning[union as GrantedRole]?.instance, `${label} leaves the instance`)
              }
              cases++
            }
          }
        }
      }
    }
  }
  assert.equal(cases, 9 * 9 * 2 * 2 * 2 * 3)
})

/** F2.1, F2.2 and F1.6 in other words: what each role gives alone, the widest of them, and what narrows it afterwards. */
function oracle(
  roles: readonly GrantedRole[],
  verb: Verb,
  mode: Mode,
  hasInstance: boolean,
  kind: Kind,
): string | null {
  const given = roles.flatMap(role => {
    const said = meaning[role]
    if (!said || (verb === 'write' && said.verb === 'read')) return []
    if (!said.tenant && mode === 'tenant') return []
    const tenant = said.tenant || mode !== 'across'
    if (kind.global && verb === 'write' && tenant) return []
    return [`${tenant ? 'tenant_' : ''}${said.instance ? 'instance_' : ''}`]
  })
  const widest = ['', 'instance_', 'tenant_', 'tenant_instance_'].find(scope => given.includes(scope))
  if (widest === undefined) return null
  const instance = widest.endsWith('instance_') || (hasInstance && kind.instanced)
  const tenant = mode !== 'across' || widest.startsWith('tenant_')
  return `${tenant ? 'tenant_' : ''}${instance ? 'instance_' : ''}${verb === 'read' ? 'reader' : 'writer'}`
}

const modes = ['tenant', 'acting', 'across'] as const
type Mode = (typeof modes)[number]

test('every pair of roles, for each verb, kind of entity, instance and place of acting, is what the features say', () => {
  let cases = 0
  const reached = new Set<string | null>()
  for (const first of granted)
    for (const second of granted)
      for (const verb of ['read', 'write'] as const)
        for (const mode of modes)
          for (const hasInstance of booleans)
            for (const kind of [{}, { instanced: true }, { global: true }]) {
              const options = { acrossTenants: mode === 'across', acting: mode === 'acting', hasInstance }
              const found = resolve(['a', 'b'], [use(verb, { a: first, b: second }, kind)], options)
              const label = `${first} + ${second}: ${verb} ${mode} ${hasInstance} ${JSON.stringify(kind)}`
              assert.equal(found, oracle([first, second], verb, mode, hasInstance, kind), label)
              reached.add(found)
              cases++
            }
  assert.equal(cases, 9 * 9 * 2 * 3 * 2 * 3)
  assert.deepEqual(reached, new Set([...servingRoles, null]))
})

/** Neither holds the other: one leaves the tenant, the other the instance. */
function incomparable(a: string | null, b: string | null): boolean {
  return !within(a, b) && !within(b, a)
}

test('every pair of entities in one plan: a statement reaches on each axis no more than either entity allows', () => {
  for (const first of granted) {
    for (const second of granted) {
      for (const [one, other] of [
        ['read', 'read'],
        ['write', 'read'],
        ['read', 'write'],
        ['write', 'write'],
      ] as const) {
        for (const acrossTenants of booleans) {
          for (const hasInstance of booleans) {
            const options = { acrossTenants, hasInstance }
            const [a, b] = [use(one, { r: first }, { instanced: true }), use(other, { r: second })]
            const both = resolve(['r'], [a, b], options)
            const label = `${one} ${first}, ${other} ${second} ${JSON.stringify(options)}`
            assert.equal(both, resolve(['r'], [b, a], options), label)
            const [onlyA, onlyB] = [resolve(['r'], [a], options), resolve(['r'], [b], options)]
            if (onlyA === null || onlyB === null) {
              assert.equal(both, null, label)
              continue
            }
            const reach = meaning[both as GrantedRole] ?? assert.fail(label)
            const parts = [onlyA, onlyB].map(role => meaning[role as GrantedRole] ?? assert.fail())
            assert.equal(
              reach.tenant,
              parts.some(({ tenant }) => tenant),
              label,
            )
            assert.equal(
              reach.instance,
              parts.some(({ instance }) => instance),
              label,
            )
            assert.equal(reach.verb, one === 'write' || other === 'write' ? 'write' : 'read', label)
          }
        }
      }
    }
  }
})

test('roles that reach across tenants count for nothing in a tenant’s token', () => {
  for (const role of granted) {
    const said = meaning[role]
    for (const verb of ['read', 'write'] as const) {
      const expected =
        !said?.tenant || (verb === 'write' && said.verb === 'read')
          ? null
          : roleOf({ verb, withinTenant: true, withinInstance: said.instance })
      assert.equal(resolve(['r'], [use(verb, { r: role })]), expected, `${role} ${verb}`)
    }
  }
})

test('a writer reads as a reader of the same scope', () => {
  assert.equal(resolve(['r'], [use('read', { r: 'tenant_writer' })]), 'tenant_reader')
  assert.equal(resolve(['r'], [use('read', { r: 'writer' })], { acrossTenants: true }), 'reader')
  assert.equal(
    resolve(['w', 'r'], [use('read', { w: 'tenant_writer', r: 'reader' })], { acrossTenants: true }),
    'reader',
  )
  assert.equal(
    resolve(['w', 'r'], [use('write', { w: 'tenant_writer', r: 'reader' })], { acrossTenants: true }),
    'tenant_writer',
  )
})

test('with an instance in the context an instanced entity keeps every role inside it', () => {
  for (const [role, form] of [
    ['tenant_reader', 'tenant_instance_reader'],
    ['reader', 'instance_reader'],
    ['writer', 'instance_reader'],
  ] as const) {
    assert.equal(
      resolve(['r'], [use('read', { r: role }, { instanced: true })], {
        acrossTenants: !role.startsWith('tenant'),
        hasInstance: true,
      }),
      form,
    )
  }
  assert.equal(
    resolve(['r'], [use('write', { r: 'tenant_writer' }, { instanced: true })], { hasInstance: true }),
    'tenant_instance_writer',
  )
  assert.equal(resolve(['r'], [use('read', { r: 'tenant_reader' })], { hasInstance: true }), 'tenant_reader')
})

test('a table without a tenant is read by tenants and written only across them', () => {
  const shared = { global: true }
  assert.equal(resolve(['r'], [use('read', { r: 'tenant_writer' }, shared)]), 'tenant_reader')
  assert.equal(resolve(['r'], [use('write', { r: 'tenant_writer' }, shared)]), null)
  assert.equal(resolve(['r'], [use('write', { r: 'tenant_writer' }, shared)], { acrossTenants: true }), null)
  assert.equal(resolve(['r'], [use('write', { r: 'writer' }, shared)], { acrossTenants: true }), 'writer')
})

test('who is refused learns for which use', () => {
  const [allowed, refused] = [use('read', { r: 'tenant_reader' }), use('write', { r: 'tenant_reader' })]
  const access = resolveAccess({ roles: ['r'], uses: [allowed, refused], acrossTenants: false, hasInstance: false })
  assert.ok('refused' in access && access.refused === refused)
  assert.equal(resolve([], [allowed]), null)
  for (const name of ['constructor', '__proto__', 'toString', '']) assert.equal(resolve([name], [allowed]), null, name)
})
