import assert from 'node:assert/strict'
import { test } from 'node:test'
import { curlOf, firstRequests } from '../../src/cli/first-requests.ts'
import type { Tenant } from '../../src/core/catalog.ts'
import { entity } from '../../src/core/entity.ts'
import { noTraits } from '../../src/core/features.ts'
import { boolean, date, decimal, integer, json, oneOf, reference, text, uuid } from '../../src/core/field.ts'
import type { ModuleDefinition } from '../../src/core/module.ts'
import { createModuleSet } from '../../src/core/module-set.ts'
import { sharedPlacement } from '../../src/core/placement.ts'

const tenant = (key: string): Tenant => ({
  key,
  name: key,
  state: 'active',
  placement: sharedPlacement,
  subscriptions: [],
  ...noTraits,
  createdAt: '2026-01-01T00:00:00Z',
})

function requestsOf(module: Omit<ModuleDefinition, 'name' | 'version'>) {
  const set = createModuleSet([{ name: 'things', version: '3.1.0', ...module }])
  return firstRequests(tenant('acme'), undefined, set.expose(['things@3']), 'f00d')
}

const access = { admin: 'tenant_writer' } as const

test('nothing is shown of what the role may not read', () => {
  const hidden = entity('hidden', { title: text() })
  const instanced = entity('instanced', { title: text() }, { instanced: true, access })
  const global = entity('global', { title: text() }, { scope: 'global', access })
  assert.deepEqual(requestsOf({ entities: [hidden, instanced, global] }), [])
})

test('who may only read is shown no insert', () => {
  const things = entity('things', { title: text() }, { access: { admin: 'tenant_reader' } })
  assert.deepEqual(
    requestsOf({ entities: [things] }).map(({ path, body }) => [path, body]),
    [
      ['/acme/things/v3/things?select=title&limit=5', undefined],
      ['/someone-else/things/v3/things?limit=5', undefined],
    ],
  )
})

test('a row to insert has what is needed, within the limits, and nothing else', () => {
  const things = entity('things', {
    note: text().optional(),
    code: text({ max: 4 }),
    long: text({ min: 20 }),
    amount: decimal(5, 2, { min: 10 }),
    level: integer({ max: -3 }),
    kind: oneOf('a', 'b'),
    on: date(),
    done: boolean(),
    data: json(),
    other: uuid(),
    stock: integer().default(0),
    sku: text({ max: 10 }).unique(),
  })
  const [, insert] = requestsOf({ entities: [things], access })
  assert.deepEqual(insert?.body, {
    code: 'My f',
    long: 'My first one........',
    amount: 10,
    level: -3,
    kind: 'a',
    on: '2026-01-31',
    done: true,
    data: {},
    sku: 'f00d is my',
    other: '018f4e5e-0000-7000-8000-000000000001',
  })
})

test('a row that must name another one is not offered; one that two fields name is not embedded', () => {
  const owners = entity('owners', { name: text() })
  const things = entity('things', { title: text(), a: reference(() => owners), b: reference(() => owners) })
  const [list, insert] = requestsOf({ entities: [owners, things], access })
  assert.equal(list?.path, '/acme/things/v3/owners?select=name&limit=5')
  assert.equal(insert?.path, '/acme/things/v3/owners')
})

test('a line for a shell keeps every character', () => {
  const line = curlOf({ title: '', path: '/a', body: { title: "it's $HOME" } }, 'http://h', 't')
  assert.ok(line.endsWith(`-d '{"title":"it'\\''s $HOME"}'`), line)
})
