import assert from 'node:assert/strict'
import type { OutgoingHttpHeaders } from 'node:http'
import { after, before, describe, test } from 'node:test'
import type { Seed } from '../../src/core/module.ts'
import type { Entity } from '../../src/core/module-set.ts'
import { scalarOperators } from '../../src/core/plan.ts'
import { isWhole, some } from '../whole.ts'
import type { Answer, Question } from './client.ts'
import { type OpenProduct, openProduct } from './open-product.ts'
import { crew, geography, notes, people, places, posts, secrets, sessions, users, vault } from './world.ts'

/** In every text of globex. */
const canary = 'kAnArI7q3'
const hidden = [canary, Buffer.from(canary).toString('hex'), Buffer.from(canary).toString('base64').slice(0, 11)]

const idOf = (kind: number, number: number) =>
  `00000000-0000-7000-8000-${String(kind).padStart(4, '0')}${String(number).padStart(8, '0')}`
/** Globex has a row with this number in every entity and acme has none. */
const onlyGlobex = 77
/** Nobody has this one. */
const nowhere = 88

let product: OpenProduct
let acme: string
let acmeNorth: string
let globex: string
let count = 0

/** The same keys for every tenant, other texts. */
function rowsOf(mark: string, numbers: readonly number[]): Seed[] {
  const known = (number: number, kind: number) =>
    numbers.includes(number) ? { [`${kindNames[kind]}_id`]: idOf(kind, number) } : {}
  const text = (name: string, number: number) => `${mark} ${name} ${number}`
  return [
    { entity: places, rows: numbers.map(n => ({ id: idOf(1, n), title: text('place', n), code: text('code', n) })) },
    { entity: secrets, rows: numbers.map(n => ({ id: idOf(2, n), title: text('secret', n), place_id: idOf(1, n) })) },
    {
      entity: people,
      rows: numbers.map(n => ({
        id: idOf(3, n),
        title: text('person', n),
        email: text('email', n),
        ...(n > 1 && { boss_id: idOf(3, numbers[0] ?? 1) }),
        ...known(n, 1),
        ...known(n, 2),
        currency_id: 'EUR',
        tags: [mark, 'tag'],
        details: { text: mark, list: [mark], tenant_id: mark },
        photo: Buffer.from(mark),
        device: idOf(9, n),
        born_on: '2000-01-01',
        money: '12.50',
        size: 12345678901n,
      })),
    },
    {
      entity: notes,
      rows: numbers.map(n => ({
        id: idOf(4, n),
        title: text('note', n),
        person_id: idOf(3, n),
        reader_id: idOf(3, 1),
      })),
    },
    { entity: users, rows: numbers.map(n => ({ username: `user ${n}`, title: text('user', n) })) },
    { entity: sessions, rows: numbers.map(n => ({ user_id: `user ${n}`, number: n, title: text('session', n) })) },
    { entity: posts, rows: numbers.map(n => ({ id: idOf(5, n), title: text('post', n) })) },
  ]
}
const kindNames: Readonly<Record<number, string>> = { 1: 'place', 2: 'secret' }

before(async () => {
  product = await openProduct({ modules: [geography, vault, crew], variables: { LOG_LEVEL: 'trace' } })
  await product.database.query(
    `insert into geography_v1.currencies (code, title) values ('EUR', 'Euro'), ('USD', 'Dollar')`,
  )
  const { operations } = product.platform
  await operations.addTenant({ key: 'acme', subscribe: ['crew@1'], rows: rowsOf('own', [1, 2, 3]) })
  await operations.addTenant({ key: 'globex', subscribe: ['crew@1'], rows: rowsOf(canary, [1, 2, 3, onlyGlobex]) })
  acme = await product.token('acme')
  acmeNorth = await product.token('acme', { instance: 'north' })
  globex = await product.token('globex')
  for (const [tenant, mark] of [
    ['acme', 'own'],
    ['globex', canary],
  ] as const) {
    for (const instance of ['north', 'south']) {
      const token = await product.token(tenant, { instance })
      const body = { id: idOf(6, 1), title: `${mark} meter ${instance}` }
      assert.equal((await product.ask(`/${tenant}/crew/v1/meters`, { token, body })).status, 201)
    }
    const token = tenant === 'acme' ? acme : globex
    const gone = await product.ask(`/${tenant}/crew/v1/people?id=eq.${idOf(3, 3)}`, { token, method: 'DELETE' })
    assert.equal(gone.status, 204)
  }
  assert.match((await product.ask('/globex/crew/v1/people', { token: globex })).text, new RegExp(canary))
})

after(() => product.close())

const moduleOf = new Map<string, string>([
  ['places', 'geography'],
  ['currencies', 'geography'],
])
const pathOf = (name: string) => `/acme/${moduleOf.get(name) ?? 'crew'}/v1/${name}`
const exposed = (): readonly Entity[] =>
  product.platform.product.modules.modules.filter(({ name }) => name !== 'vault').flatMap(({ entities }) => entities)

/** Asks as acme and looks at every byte that comes back. */
async function attack(path: string, question: Question = {}): Promise<Answer> {
  count++
  const answer = await product.ask(path, { token: acme, ...question })
  const said = `${question.method ?? 'GET'} ${path.slice(0, 300)} ${JSON.stringify(question).slice(0, 300)}`
  for (const text of hidden) assert.ok(!answer.raw.includes(text), `globex's text in the answer to ${said}`)
  assert.ok(answer.status < 500, `${answer.status} ${answer.text.slice(0, 200)} to ${said}`)
  return answer
}

/** All at once would only wait in the queue. */
async function attackAll(attacks: Iterable<readonly [path: string, question?: Question]>): Promise<Answer[]> {
  const answers: Answer[] = []
  const list = attacks[Symbol.iterator]()
  const worker = async () => {
    for (let next = list.next(); !next.done; next = list.next()) answers.push(await attack(...next.value))
  }
  await Promise.all(Array.from({ length: 12 }, worker))
  return answers
}

/** Everything of globex, as its API shows it. */
async function stateOfGlobex(): Promise<string> {
  const parts = exposed()
    .filter(({ name }) => name !== 'forbidden')
    .map(async ({ name, module, key }) => {
      const path = `/globex/${module.name}/v1/${name}?order=${key.join()}`
      const answer = await product.ask(path, { token: globex, headers: { prefer: 'deleted=include, count=exact' } })
      assert.equal(answer.status, 200, answer.text)
      return `${answer.headers['content-range']} ${answer.text}`
    })
  const kept = await product.database.query(
    `select id, title, place_id, updated_at from vault_v1.secrets where tenant_id = 'globex' order by id`,
  )
  return [...(await Promise.all(parts)), JSON.stringify(kept)].join('\n')
}

const query = (parameters: Readonly<Record<string, string>>) =>
  Object.entries(parameters)
    .map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`)
    .join('&')

/** Every way to name a relation of an entity, and where it leads. */
function relationsOf(entity: Entity): readonly { readonly name: string; readonly to: Entity; readonly one: boolean }[] {
  return [
    ...entity.references.flatMap(({ to, name, field }) =>
      [to.name, field, name, `${to.name}!${name}`, `${to.name}!${field}`].map(name => ({ name, to, one: true })),
    ),
    ...entity.referencedBy.flatMap(({ from, name, field, unique }) =>
      [from.name, name, `${from.name}!${name}`, `${from.name}!${field}`].map(name => ({ name, to: from, one: unique })),
    ),
  ]
}

/** Embeds to a depth of three, in both directions; below the first level by the surest name only. */
function* embedsOf(entity: Entity, depth = 3): Generator<string> {
  for (const { name, to, one } of relationsOf(entity)) {
    if (depth < 3 && !/!.*_fkey$/.test(name)) continue
    yield `${name}(*)`
    if (depth === 3) {
      yield `other:${name}(*,tenant:title)`
      yield `${name}!inner(*)`
      yield `${name}!left(title)`
      yield `${name}()`
      yield `${name}(tenant_id)`
      if (one) yield `...${name}(other:title)`
    }
    if (depth > 1) for (const inner of embedsOf(to, depth - 1)) yield `${name}(title,${inner})`
  }
}

describe('as acme, against a globex with the same ids', () => {
  let before = ''

  test('globex is there to be found', async () => {
    before = await stateOfGlobex()
    assert.ok(before.split(canary).length > 50)
    assert.match((await product.ask('/acme/crew/v1/people', { token: acme })).text, /own person 1/)
  })

  test('every embed in both directions to a depth of three', async () => {
    const answers = await attackAll(
      exposed().flatMap(entity => [
        ...some([...embedsOf(entity)], 5).map(
          embed => [`${pathOf(entity.name)}?${query({ select: `*,${embed}` })}`] as const,
        ),
        ...some([...embedsOf(entity, 2)], 5, 1).map(
          embed => [`/acme/rest/v1/${entity.name}?${query({ select: `id,${embed}`, limit: '5' })}`] as const,
        ),
      ]),
    )
    const shown = answers.filter(({ status }) => status === 200)
    assert.ok(shown.length > answers.length / 4, `${shown.length} of ${answers.length}`)
    assert.ok(
      shown.every(({ text }) => !text.includes('own secret')),
      'a module that is not exposed was shown',
    )
  })

  test('every operator on every field, with negation, lists and quantifiers', async () => {
    const values: Readonly<Record<string, string>> = {
      uuid: idOf(3, onlyGlobex),
      reference: idOf(1, onlyGlobex),
      integer: '1',
      bigint: '12345678901',
      decimal: '12.50',
      boolean: 'true',
      timestamp: '2020-01-01T00:00:00Z',
      date: '2000-01-01',
      json: '{"a":1}',
      bytes: '\\x6b',
    }
    await attackAll(
      exposed().flatMap(entity =>
        [...entity.fields.values()].flatMap(({ name, spec }, place) => {
          // Its beginning only: what is asked for comes back in headers.
          const part = canary.slice(0, 4)
          const value = spec.array ? `{${part}}` : (values[spec.type] ?? `*${part}*`)
          const filters = [
            ...scalarOperators.flatMap(operator => [`${operator}.${value}`, `not.${operator}.${value}`]),
            ...['like', 'ilike', 'eq', 'gt', 'match'].flatMap(operator => [
              `${operator}(any).{"${value}","x"}`,
              `not.${operator}(all).{"${value}"}`,
            ]),
            `in.("${value}","y")`,
            `not.in.("${value}")`,
            ...['null', 'not_null', 'true', 'unknown'].flatMap(value => [`is.${value}`, `not.is.${value}`]),
          ]
          return some(filters, 4, place).map(filter => [`${pathOf(entity.name)}?${query({ [name]: filter })}`] as const)
        }),
      ),
    )
  })

  test('names that would tell the tenant, in every place where a name may stand', async () => {
    const names = [
      'tenant_id',
      '"tenant_id"',
      'TENANT_ID',
      'tenant',
      'ctid',
      'xmin',
      'tableoid',
      't0',
      'w',
      'people',
      'current_user',
      '__proto__',
      'constructor',
    ]
    const places = (name: string): Record<string, string>[] => [
      { select: name },
      { select: `*,${name}` },
      { select: `${name}::text` },
      { select: `a:${name}` },
      { select: `${name}->>a` },
      { select: `id,place_id(${name})` },
      { select: `id,notes!notes_person_id_fkey(${name})` },
      { select: `id,...place_id(${name})` },
      { order: name },
      { order: `${name}.desc.nullslast` },
      { select: '*,place_id(*)', order: `place_id(${name})` },
      { [name]: 'eq.globex' },
      { [name]: 'not.is.null' },
      { [`${name}->>a`]: 'eq.globex' },
      { or: `(${name}.eq.globex,id.not.is.null)` },
      { 'not.and': `(${name}.eq.acme,${name}.eq.globex)` },
      { select: '*,place_id(*)', [`place_id.${name}`]: 'eq.globex' },
      { select: '*,place_id(*)', 'place_id.or': `(${name}.eq.globex,title.not.is.null)` },
    ]
    for (const name of names) {
      const answers = await attackAll(places(name).map(place => [`${pathOf('people')}?${query(place)}`] as const))
      assert.deepEqual([...new Set(answers.map(({ status }) => status))], [400], name)
      const body = { title: 'x', email: `by ${name}` }
      for (const parameter of ['columns', 'on_conflict']) {
        const path = `${pathOf('people')}?${query({ [parameter]: name })}`
        const headers = { prefer: 'resolution=merge-duplicates' }
        assert.ok([400, 403].includes((await attack(path, { body, headers })).status), `${parameter}=${name}`)
      }
    }
    // As the name of something else they say nothing.
    const alias = await attack(`${pathOf('people')}?${query({ select: 'tenant_id:title,instance_id:email' })}`)
    assert.equal(alias.status, 200)
    await attackAll(
      ['instance_id', 'instance_id::text', 'x:instance_id'].map(
        select => [`${pathOf('meters')}?select=${select}`] as const,
      ),
    )
    const settings = `current_setting('tenantry.tenant')`
    const injections = [
      `id;reset role`,
      `id from people--`,
      `(select ${settings})`,
      `*,${settings}`,
      `id,title)`,
      `"id" "x"`,
      `id::text;`,
      `id::regrole`,
      `title::regclass`,
      `id::"tenant_id"`,
    ]
    for (const select of injections)
      assert.equal((await attack(`${pathOf('people')}?${query({ select })}`)).status, 400, select)
  })

  test('headers that ask for more than is meant', async () => {
    const headers: OutgoingHttpHeaders[] = [
      { 'x-tenant': 'globex' },
      { 'x-tenant-id': 'globex', 'x-forwarded-host': 'globex', forwarded: 'host=globex' },
      { 'x-instance': 'south', 'instance-id': 'south', 'x-instance-id': 'south' },
      { role: 'writer', 'x-role': 'writer', 'x-hasura-role': 'admin' },
      ...['exact', 'planned', 'estimated'].map(count => ({ prefer: `count=${count}` })),
      ...['include', 'only'].map(deleted => ({ prefer: `deleted=${deleted}, count=exact` })),
      { prefer: 'handling=strict, tenant=globex' },
      { prefer: 'tx=rollback, max-affected=0, missing=default' },
      { prefer: 'params=multiple-objects, purge, return=representation' },
      ...['0-0', '0-', '1000-', '5-1', '-5', '0-18446744073709551615', 'bytes=0-5', '0-0,1-1'].map(range => ({
        range,
        'range-unit': 'items',
      })),
      ...['tenantry', 'pg_catalog', 'information_schema', 'vault', 'vault@1', 'crew_v1', 'crew@1', 'geography'].map(
        profile => ({ 'accept-profile': profile, 'content-profile': profile }),
      ),
      { accept: 'application/vnd.pgrst.object+json' },
      { accept: 'application/vnd.pgrst.plan+json' },
      { accept: 'text/csv' },
      { accept: 'application/geo+json, */*;q=0.1' },
      { 'if-match': '*', 'if-none-match': '*' },
      { 'idempotency-key': canary.toLowerCase() },
    ]
    const asked = exposed().flatMap(({ name }) =>
      headers.flatMap(headers =>
        [pathOf(name), `/acme/rest/v1/${name}`].flatMap(path => [
          [path, { headers }] as const,
          [path, { headers, method: 'HEAD' }] as const,
          [`${path}?id=eq.${idOf(3, onlyGlobex)}`, { headers }] as const,
        ]),
      ),
    )
    await attackAll(some(asked, 5))
  })

  test('an instance of its own shows neither its other instances nor those of globex', async () => {
    const { text } = await attack(pathOf('meters'), { token: acmeNorth })
    assert.match(text, /own meter north/)
    assert.doesNotMatch(text, /south/)
    await attackAll(
      [
        '?instance_id=eq.south',
        '?or=(instance_id.eq.south,id.not.is.null)',
        `?id=eq.${idOf(6, 1)}`,
        '?order=instance_id',
      ].map(rest => [`${pathOf('meters')}${rest}`, { token: acmeNorth }] as const),
    )
    const body = { title: 'moved', instance_id: 'south' }
    assert.equal((await attack(pathOf('meters'), { token: acmeNorth, body })).status, 403)
    assert.equal((await attack(pathOf('meters'), { token: acmeNorth, body, method: 'PATCH' })).status, 400)
  })

  test('ids that only globex has are answered as ids that nobody has', async () => {
    const user = (number: number) => `user ${number}`
    const person = (number: number) => ({ title: 'mine', email: `probe ${number}` })
    const representation = { prefer: 'return=representation, count=exact' }
    const object = { accept: 'application/vnd.pgrst.object+json', ...representation }
    const upsert = { prefer: 'resolution=merge-duplicates, return=minimal, count=exact' }
    const ignore = { prefer: 'resolution=ignore-duplicates, count=exact' }
    /** Pairs: the same question about a row of globex and about none. */
    const probes: ((number: number) => readonly [string, Question])[] = [
      ...(['places', 'people', 'notes', 'posts'] as const).flatMap((name, index) => {
        const at = (number: number) => `${pathOf(name)}?id=eq.${idOf([1, 3, 4, 5][index] ?? 0, number)}`
        return [
          (number: number) => [at(number), {}] as const,
          (number: number) => [at(number), { headers: object }] as const,
          (number: number) => [at(number), { method: 'HEAD', headers: { prefer: 'count=exact' } }] as const,
          (number: number) =>
            [at(number), { method: 'PATCH', body: { title: 'stolen' }, headers: representation }] as const,
          (number: number) => [at(number), { method: 'PATCH', body: { title: 'stolen' }, headers: object }] as const,
          (number: number) => [at(number), { method: 'DELETE', headers: representation }] as const,
          (number: number) => [at(number), { method: 'DELETE', headers: { prefer: 'purge' } }] as const,
        ]
      }),
      number => [
        `${pathOf('people')}?id=eq.${idOf(3, number)}`,
        { method: 'PATCH', body: { revision: 9, title: 'x' } },
      ],
      number => [
        `${pathOf('people')}?id=eq.${idOf(3, number)}&revision=eq.1`,
        { method: 'PATCH', body: { title: 'x' } },
      ],
      number => [`${pathOf('people')}?id=eq.${idOf(3, number)}`, { method: 'PATCH', body: { deleted_at: null } }],
      number => [`/acme/crew/v1/people/${idOf(3, number)}/notes`, {}],
      number => [`${pathOf('users')}?${query({ username: `eq.${user(number)}` })}`, {}],
      number => [
        `${pathOf('sessions')}?${query({ user_id: `eq.${user(number)}`, number: 'gte.0' })}`,
        { method: 'DELETE', headers: representation },
      ],
      // References to rows of globex.
      number => [pathOf('people'), { body: { ...person(0), place_id: idOf(1, number) } }],
      number => [pathOf('people'), { body: { ...person(0), boss_id: idOf(3, number) } }],
      number => [pathOf('people'), { body: { ...person(0), secret_id: idOf(2, number) } }],
      number => [pathOf('notes'), { body: { title: 'x', person_id: idOf(3, number) } }],
      number => [
        pathOf('notes'),
        {
          body: [
            { title: 'x', person_id: idOf(3, 1) },
            { title: 'y', person_id: idOf(3, number) },
          ],
        },
      ],
      number => [pathOf('sessions'), { body: { user_id: user(number), number: 1, title: 'x' } }],
      number => [`${pathOf('people')}?id=eq.${idOf(3, 1)}`, { method: 'PATCH', body: { place_id: idOf(1, number) } }],
      number => [`${pathOf('people')}?id=eq.${idOf(3, 1)}`, { method: 'PATCH', body: { boss_id: idOf(3, number) } }],
      number => [`${pathOf('people')}?${query({ select: '*,boss_id(*)', 'boss_id.id': `eq.${idOf(3, number)}` })}`, {}],
      number => [
        `${pathOf('people')}?${query({ select: '*,place_id!inner(*)', 'place_id.id': `eq.${idOf(1, number)}` })}`,
        {},
      ],
      // Upserts by a key or unique value of globex: for acme the row is new.
      number => [
        pathOf('places'),
        { body: { id: idOf(1, number), title: 'mine', code: `c ${number}` }, headers: upsert },
      ],
      number => [
        pathOf('places'),
        { body: { id: idOf(1, number), title: 'again', code: `c ${number}` }, headers: ignore },
      ],
      number => [
        `${pathOf('places')}?on_conflict=code`,
        { body: { title: 'mine', code: `${canary.slice(0, 3)} ${number}` }, headers: upsert },
      ],
      number => [pathOf('users'), { body: { username: user(number), title: 'mine' }, headers: upsert }],
      number => [pathOf('users'), { body: { username: user(number), title: 'mine' } }],
      number => [
        `${pathOf('people')}?on_conflict=email`,
        { body: { title: 'mine', email: `mail ${number}` }, headers: upsert },
      ],
      number => [`${pathOf('places')}?id=eq.${idOf(1, number)}`, { method: 'DELETE', headers: representation }],
      number => [`${pathOf('users')}?${query({ username: `eq.${user(number)}` })}`, { method: 'DELETE' }],
    ]
    for (const probe of probes) {
      const [there, none] = [await attack(...probe(onlyGlobex)), await attack(...probe(nowhere))]
      // Times of rows have other digits, and fewer where they end with zeros; nothing else may differ, not even a length.
      const same = (answer: Answer) => {
        const times = answer.plain.match(/"(cre|upd)ated_at":"[^"]*"/g) ?? []
        const length = Number(answer.headers['content-length'] ?? 0) - times.join('').length
        return answer.plain
          .replaceAll(String(nowhere), String(onlyGlobex))
          .replace(/"(cre|upd)ated_at":"[^"]*"/g, '')
          .replace(/content-length: \d+/, `content-length: ${length}`)
      }
      assert.equal(same(there), same(none), JSON.stringify(probe(onlyGlobex)))
    }
  })

  test('values that are unique in globex are free for acme', async () => {
    for (const [name, body] of [
      ['places', { title: 'x', code: `${canary} code 1` }],
      ['people', { title: 'x', email: `${canary} email 1` }],
    ] as const) {
      count++
      const answer = await product.ask(pathOf(name), { token: acme, body })
      assert.equal(answer.status, 201, answer.text)
      const field = name === 'places' ? 'code' : 'email'
      await product.ask(`${pathOf(name)}?${query({ [field]: `like.${canary}*` })}`, {
        token: acme,
        method: 'DELETE',
        headers: { prefer: 'purge' },
      })
    }
  })

  test('payloads that smuggle a tenant or break a parser', async () => {
    const long = 'x'.repeat(1_000_000)
    const bodies = [
      '{"title":"a","email":"p1","tenant_id":"globex"}',
      '{"title":"a","email":"p2","tenant\\u005fid":"globex"}',
      '{"title":"a","email":"p3","\\u0074enant_id":"globex","tenant_id":"acme"}',
      '{"tenant_id":"acme","tenant_id":"globex","title":"a","email":"p4"}',
      '[{"title":"a","email":"p5"},{"title":"a","email":"p6","tenant_id":"globex"}]',
      '[[{"title":"a","email":"p7","tenant_id":"globex"}]]',
      '{"title":"a","email":"p8","TENANT_ID":"globex"}',
      '{"title":"a","email":"p9","tenant_id ":"globex"}',
      '{"title":"a","email":"p10","\\"tenant_id\\"":"globex"}',
      '{"title":"a","email":"p11","tenant_id\\u0000":"globex"}',
      '{"title":"a","email":"p12","instance_id":"south"}',
      '{"title":"a","email":"p13","created_by":"x"}',
      '{"title":"a","email":"p14","__proto__":{"tenant_id":"globex"}}',
      '{"title":"a","email":"p15","constructor":{"prototype":{"tenant_id":"globex"}}}',
      '{"title":"a","email":"p16","toString":"x"}',
      '{"title":"a","email":"p17","age":1e309}',
      '{"title":"a","email":"p18","age":99999999999999999999999999999}',
      `{"title":"a","email":"p19","money":${'9'.repeat(5_000)}}`,
      '{"title":"a","email":"p20","size":-9223372036854775809}',
      '{"title":"a","email":"p21","details":1e400000}',
      `{"title":"a","email":"p22","details":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
      `{"title":"a","email":"p23","details":${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}}`,
      `{"title":"${long}","email":"p24"}`,
      `{"title":"a","email":"${long}"}`,
      `{"title":"a","email":"p25","${long}":1}`,
      `{"title":"a\\u0000b","email":"p26"}`,
      '{"title":"\\ud800","email":"p27"}',
      '{"title":"a","email":"p28","tags":[["a"],["b"]]}',
      '{"title":"a","email":"p29","tags":"{a,b}"}',
      '{"title":"a","email":"p30","photo":"\\\\x6b4"}',
      '{"title":"a","email":"p31","device":"not a uuid"}',
      '{"title":"a","email":"p32","born_on":"infinity"}',
      '{"title":"a","email":"p33","seen_at":"epoch"}',
      '{"title":{"a":1},"email":["p34"]}',
      `[${Array(600).fill('{"title":"a"}').join()}]`,
      `{${Array.from({ length: 600 }, (_, index) => `"k${index}":1`).join()}}`,
    ]
    const paths = [
      pathOf('people'),
      '/acme/rest/v1/people',
      `${pathOf('people')}?columns=title,email`,
      `${pathOf('people')}?select=*,place_id(*),notes!notes_person_id_fkey(*)`,
    ]
    const asked = bodies.flatMap(body =>
      paths.flatMap(path => [
        [path, { body, headers: { prefer: 'return=representation' } }] as const,
        [
          path,
          { body, method: 'POST', headers: { prefer: 'resolution=merge-duplicates, return=representation' } },
        ] as const,
        [
          `${path}${path.includes('?') ? '&' : '?'}id=eq.${idOf(3, 2)}`,
          { body, method: 'PATCH', headers: { prefer: 'return=representation' } },
        ] as const,
      ]),
    )
    await attackAll(some(asked, 5))
    assert.equal(({} as Record<string, unknown>).tenant_id, undefined)
    const moved = await product.database.query(`select 1 from crew_v1.people where tenant_id not in ('acme', 'globex')`)
    assert.equal(moved.length, 0)
  })

  test('writes without a filter, by the same ids and through every relation stay at home', async () => {
    const representation = { prefer: 'return=representation, count=exact' }
    const writes: (readonly [string, Question])[] = [
      ...['places', 'people', 'notes', 'posts'].flatMap((name, index) => {
        const id = idOf([1, 3, 4, 5][index] ?? 0, 1)
        return [
          [`${pathOf(name)}?select=*`, { method: 'PATCH', body: { title: 'all of mine' }, headers: representation }],
          [`${pathOf(name)}?id=eq.${id}`, { method: 'PATCH', body: { title: 'by id' }, headers: representation }],
          [
            pathOf(name),
            {
              body: { id, title: 'taken over', code: 'c', email: 'e' },
              headers: { prefer: 'resolution=merge-duplicates, return=representation' },
            },
          ],
          [
            `${pathOf(name)}?title=not.is.null&select=*`,
            { method: 'PATCH', body: { title: 'with a filter' }, headers: representation },
          ],
        ] as const
      }),
      [
        `${pathOf('users')}?select=*,sessions(*)`,
        { method: 'PATCH', body: { title: 'mine' }, headers: representation },
      ],
      [`${pathOf('currencies')}?code=eq.EUR`, { method: 'PATCH', body: { title: 'mine' } }],
      [pathOf('currencies'), { body: { code: 'XXX', title: 'mine' } }],
      [`${pathOf('currencies')}?select=*,people(*,notes!notes_person_id_fkey(*))`, {}],
      [pathOf('forbidden'), {}],
      [pathOf('forbidden'), { body: { title: 'x' } }],
      ['/acme/crew/v1/rename-all', { body: { title: 'renamed' } }],
      ['/acme/crew/v1/whoami', {}],
      // Cascades and cleared references: globex has rows with the same keys below these.
      [
        `${pathOf('people')}?id=eq.${idOf(3, 1)}`,
        { method: 'DELETE', headers: { prefer: 'purge, return=representation' } },
      ],
      [`${pathOf('users')}?username=eq.user%201`, { method: 'DELETE', headers: representation }],
      [`${pathOf('places')}?id=eq.${idOf(1, 1)}`, { method: 'DELETE', headers: representation }],
      ...['sessions', 'users', 'notes', 'people', 'places', 'meters', 'posts', 'currencies'].map(
        name => [pathOf(name), { method: 'DELETE', headers: { prefer: 'purge, return=representation' } }] as const,
      ),
    ]
    for (const [path, question] of writes) await attack(path, question)
    assert.equal((await attack('/acme/crew/v1/notes')).text, '[]')
    assert.deepEqual(await product.database.query('select title from geography_v1.currencies order by code'), [
      { title: 'Euro' },
      { title: 'Dollar' },
    ])
  })

  test('afterwards globex is as it was, to the byte', async t => {
    assert.equal(await stateOfGlobex(), before)
    t.diagnostic(`${count} requests as acme`)
    assert.ok(count > (isWhole ? 3_000 : 900), `${count}`)
  })

  test("none of globex's bytes, nor a token, is in the log", () => {
    const logged = product.logged()
    assert.ok(logged.length > 100_000)
    for (const text of hidden) assert.ok(!logged.includes(text))
    assert.doesNotMatch(logged, /eyJ/)
    // Nor of one's own: a log is no place for rows.
    assert.doesNotMatch(logged, /own person|own email/)
  })
})
