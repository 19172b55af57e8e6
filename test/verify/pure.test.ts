import assert from 'node:assert/strict'
import { test } from 'node:test'
import { entity } from '../../src/core/entity.ts'
import {
  array,
  bigint,
  bytes,
  date,
  decimal,
  integer,
  json,
  oneOf,
  range,
  text,
  timestamp,
} from '../../src/core/field.ts'
import { createModuleSet } from '../../src/core/module-set.ts'
import { valueFault } from '../../src/core/value-fault.ts'
import type { Answer, Request } from '../../src/verify/attack.ts'
import { formsOf, spelledOut } from '../../src/verify/canary.ts'
import { forgeTokens } from '../../src/verify/forge.ts'
import { createRandom } from '../../src/verify/random.ts'
import { createRowMaker } from '../../src/verify/rows.ts'
import { measureTiming, momentsOf, welch } from '../../src/verify/timing.ts'

test('a canary is found in hexadecimal and in base64 at any place', () => {
  for (const before of ['', 'a', 'ab', 'abc', '["', '{"x":"é'])
    for (const encoding of ['utf8', 'hex', 'base64', 'base64url'] as const) {
      const hidden = Buffer.from(`${before}kAnArIq7Zx and more`).toString(encoding)
      assert.ok(
        formsOf('kAnArIq7Zx').some(form => hidden.includes(form)),
        `${before} ${encoding}`,
      )
      assert.ok(
        formsOf('kAnBrIq7Zx').every(form => !hidden.includes(form)),
        `${before} ${encoding}`,
      )
    }
})

test('what a request said is known in the spellings that its reader undoes', () => {
  assert.match(spelledOut('/a?x=eq.%22k%C3%A9y%22'), /"kéy"/)
  assert.match(spelledOut('{"tenant\\u005fid":1}'), /tenant_id/)
})

test('the same seed chooses the same, another one otherwise', () => {
  const chosen = (seed: number) =>
    createRandom(seed)
      .sample([...Array(50).keys()], 10)
      .join()
  assert.equal(chosen(7), chosen(7))
  assert.notEqual(chosen(7), chosen(8))
})

test('rows are as their definitions allow, keys and unique values alike in both tenants and other texts not', () => {
  const things = entity(
    'things',
    {
      code: text({ max: 2 }),
      name: text({ min: 30, max: 40 }).unique(),
      note: text({ max: 12 }),
      size: integer({ min: 5, max: 8 }),
      large: bigint({ max: -3 }),
      price: decimal(4, 2, { min: 0 }),
      kind: oneOf('a', 'b'),
      on: date(),
      at: timestamp(),
      tags: array(text({ max: 20 })),
      data: json(),
      photo: bytes({ max: 9 }),
      span: range('date'),
    },
    { key: ['code'] },
  )
  const set = createModuleSet([{ name: 'm', version: '1.0.0', entities: [things] }])
  const known = set.entityOf(things)
  const rows = createRowMaker(set, '0123abcd', new Map())
  const numbers = [...rows.shared, ...rows.foreign, ...rows.absent]
  for (const number of numbers) {
    const [own, other] = ['OwnCanaryX', 'OtherCanar'].map(canary => rows.rowOf(known, number, canary) ?? {})
    for (const { name, spec } of known.fields.values())
      if (own && name in own) assert.equal(valueFault(spec, own[name]), undefined, `${name} of ${number}`)
    assert.deepEqual([own?.code, own?.name], [other?.code, other?.name])
    assert.notEqual(own?.note, other?.note)
  }
  for (const name of ['code', 'name'])
    assert.equal(new Set(numbers.map(number => rows.valueOf(known, name, number, 'x'))).size, numbers.length)
})

test('forged tokens are all unlike the good ones', () => {
  const token = (claims: object) =>
    [{ alg: 'ES256', kid: 'k' }, claims].map(part => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  const good = [
    `${token({ tenant: 'a', iss: 'x/a/auth' })}.${'A'.repeat(86)}`,
    `${token({ tenant: 'b' })}.${'B'.repeat(86)}`,
  ]
  const forged = forgeTokens(good[0] ?? '', good[1] ?? '')
  assert.ok(forged.length > 15)
  for (const [wrong, made] of forged) assert.ok(!good.includes(made), wrong)
})

test("Welch's t is that of the textbook", () => {
  const t = welch(momentsOf([3, 4, 1, 2.1]), momentsOf([490.2, 340, 433.9]))
  assert.ok(Math.abs(t + 9.559497721932658) < 1e-9, String(t)) // Wikipedia's example of unequal variances.
})

test('times that differ are told apart, equal ones are not', async () => {
  const nothing: Answer = { status: 200, headers: {}, text: '', plain: '', raw: '' }
  const measure = async (slow: string) => {
    const noise = createRandom(2)
    let time = 0
    const client = {
      async send({ path }: Request) {
        time += 300 + noise.below(100) + (noise.below(500) === 0 ? 20_000 : 0) + (path === slow ? 4 : 0)
        return nothing
      },
      close: () => {},
    }
    const requests = { foreign: [{ path: '/foreign' }], absent: [{ path: '/absent' }] }
    const options = { pairs: 5_000, random: createRandom(1), signal: new AbortController().signal, now: () => time }
    return (await measureTiming(client, 'token', requests, options)).t
  }
  assert.ok((await measure('/foreign')) > 4.5)
  assert.ok(Math.abs(await measure('')) < 4.5)
})
