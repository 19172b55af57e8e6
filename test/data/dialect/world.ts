import assert from 'node:assert/strict'
import { respondError } from '../../../src/api/rest/errors.ts'
import { parseRest } from '../../../src/api/rest/parse.ts'
import type { RestResponse } from '../../../src/api/rest/request.ts'
import { respondRest } from '../../../src/api/rest/respond.ts'
import { entity } from '../../../src/core/entity.ts'
import { toTenantryError } from '../../../src/core/errors.ts'
import {
  array,
  bigint,
  bytes,
  date,
  decimal,
  integer,
  json,
  range,
  reference,
  searchText,
  text,
} from '../../../src/core/field.ts'
import type { ModuleDefinition } from '../../../src/core/module.ts'
import type { TwoTenants } from '../../../src/testing/index.ts'

const makers = entity('makers', { name: text(), founded: date().optional() }, { key: ['name'], aggregates: true })
const things = entity(
  'things',
  {
    code: text(),
    title: text().default('untitled'),
    rank: integer().optional(),
    weight: bigint().optional(),
    price: decimal(12, 2).optional(),
    tags: array(text()).default([]),
    data: json().optional(),
    raw: bytes().optional(),
    nums: range('integer').optional(),
    during: range('timestamp').optional(),
    days: range('date').optional(),
    words: searchText('title', 'code', { config: 'english' }),
    maker: reference(() => makers).optional(),
    made_by: reference(() => makers).optional(),
    parent: reference('things').optional(),
  },
  { key: ['code'], aggregates: true },
)
const parts = entity('parts', { label: text().unique(), thing: reference(() => things).optional() })
const labels = entity('labels', { name: text() }, { key: ['name'] })
const thingsLabels = entity(
  'things_labels',
  { thing: reference(() => things), label: reference(() => labels), note: text().optional() },
  { key: ['thing', 'label'], softDelete: true },
)
const pairs = entity('pairs', { a: text(), b: integer(), v: text().default('dv') }, { key: ['a', 'b'] })

export const shop: ModuleDefinition = {
  name: 'shop',
  version: '1.0.0',
  entities: [makers, things, parts, labels, thingsLabels, pairs],
  access: { admin: 'tenant_writer', auditor: 'tenant_reader' },
}

const byName = new Map(shop.entities.map(entity => [entity.name, entity]))

export interface Asked {
  readonly prefer?: string
  readonly accept?: string
  readonly type?: string
  readonly body?: unknown
  readonly allowRollback?: boolean
}

/** What `GET things?select=…` answers to a tenant, without HTTP in between. */
export type Ask = (line: string, asked?: Asked) => Promise<RestResponse>

export function askAs(world: () => TwoTenants, tenant: string): Ask {
  return async (line, { prefer, accept, type, body, allowRollback = true } = {}) => {
    const [method = '', target = ''] = line.split(/ (.*)/s)
    const [name = '', query = ''] = target.split(/\?(.*)/s)
    const { modules, datasource, contextOf } = world()
    const definition = byName.get(name)
    assert.ok(definition, name)
    try {
      const parsed = parseRest({
        method,
        entity: modules.entityOf(definition),
        query: encodeURI(query),
        headers: { prefer, accept, 'content-type': type },
        body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
        locationBase: `/${name}`,
        allowRollback,
      })
      return respondRest(parsed, await datasource.run(contextOf(tenant), parsed.plan))
    } catch (error) {
      return respondError(toTenantryError(error), { anonymous: false })
    }
  }
}

export interface Dialect {
  readonly ask: Ask
  readonly world: () => TwoTenants
}

/** The rows that each tenant of the tests has. */
export async function fill(ask: Ask): Promise<void> {
  const insert = async (name: string, body: unknown) => assert.equal((await ask(`POST ${name}`, { body })).status, 201)
  await insert('makers', [
    { name: 'Forge', founded: '2001-01-01' },
    { name: 'Idle', founded: null },
  ])
  await insert('things?columns=code,title,rank,price,tags,data,nums,during,maker,made_by', [
    {
      code: 'bench',
      title: 'red benches',
      rank: 1,
      price: 10.5,
      tags: ['a', 'b'],
      data: { k: { n: 1 }, s: 'x', z: null },
      nums: '[1,5)',
      during: '[2024-01-01,2024-02-01)',
      maker: 'Forge',
      made_by: 'Idle',
    },
    { code: 'stool', title: 'a stool', rank: 2, price: 20.25, tags: ['b'], nums: '[5,9)', maker: 'Forge' },
    { code: 'loner', title: 'loner', tags: [] },
  ])
  await ask('PATCH things?code=eq.stool', { body: { parent: 'bench' } })
  await insert('parts', [
    { label: 'leg', thing: 'bench' },
    { label: 'top', thing: 'bench' },
    { label: 'seat', thing: 'stool' },
  ])
  await insert('labels', [{ name: 'wood' }, { name: 'old' }])
  await insert('things_labels', [
    { thing: 'bench', label: 'wood' },
    { thing: 'bench', label: 'old' },
    { thing: 'stool', label: 'wood' },
  ])
}

/** The parsed body of an answer that must be a success. */
export async function rows(answer: Promise<RestResponse>): Promise<unknown> {
  const { status, body } = await answer
  assert.ok(status < 300, `${status} ${body}`)
  return JSON.parse(body ?? 'null')
}

export async function refusal(answer: Promise<RestResponse>): Promise<[number, Record<string, unknown>]> {
  const { status, body } = await answer
  assert.ok(status >= 300, `${status} ${body}`)
  return [status, JSON.parse(body ?? 'null')]
}
