// F2.6: rules of fields, in every path.
import assert from 'node:assert/strict'
import type { OutgoingHttpHeaders } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { defineModule } from '../../src/app/define-module.ts'
import { typesOfModules } from '../../src/app/types.ts'
import { action } from '../../src/core/action.ts'
import { row, rows } from '../../src/core/action-definition.ts'
import { entity } from '../../src/core/entity.ts'
import { decimal, integer, json, oneOf, reference, searchText, text } from '../../src/core/field.ts'
import { TenantData } from '../../src/core/tenant-data.ts'
import { kyselyIn } from '../../src/data/postgres/kysely.ts'
import { createContext } from '../../src/testing/context.ts'
import { type Answer, jsonOf } from './client.ts'
import { type OpenProduct, openProduct } from './open-product.ts'

const access = {
  admin: 'tenant_writer',
  payroll: 'tenant_writer',
  auditor: 'tenant_reader',
  service_admin: 'writer',
} as const
const forPayroll = { read: ['payroll', 'boss'], write: ['payroll'] } as const

const teams = entity('teams', { title: text(), budget: integer().default(0).reserved(forPayroll) }, { access })

const people = entity(
  'people',
  {
    name: text(),
    email: text().unique(),
    badge: text().writeOnce().optional(),
    state: oneOf('new', 'checked').default('new').readOnly(),
    password: text({ min: 3 }).optional().unique().hidden(),
    notes: json().optional().hidden(),
    lexicon: searchText('name', 'password').hidden(),
    salary: decimal(10, 2, { max: 900_000 }).optional().reserved(forPayroll),
    grade: integer()
      .default(1)
      .reserved({ write: ['payroll'] }),
    team_id: reference(() => teams).optional(),
    secret_team_id: reference(() => teams)
      .optional()
      .hidden(),
    payroll_team_id: reference(() => teams)
      .optional()
      .reserved(forPayroll),
  },
  { access, revision: true, softDelete: true, aggregates: true, changes: true },
)

/** Only payroll can give what each of them needs. */
const bonuses = entity('bonuses', { title: text(), amount: integer().reserved(forPayroll) }, { access })

const everybody = action('everybody', { reads: [people], output: rows(people), sql: 'select * from people' })
const readBack = action('read_back', {
  input: { name: text() },
  reads: [people],
  output: row(people),
  run: async (tenant, { name }) => {
    const [found] = await tenant.list(people, { where: { name } })
    return found ?? assert.fail()
  },
})
const setSecret = action('set_secret', {
  input: { name: text(), value: text() },
  writes: [people],
  run: async (tenant, { name, value }) => {
    await tenant.updateMany(people, { where: { name } }, { password: value })
  },
})

const staff = defineModule({
  name: 'staff',
  version: '1.0.0',
  entities: [teams, people, bonuses],
  actions: [everybody, readBack, setSecret],
})

const base = '/acme/staff/v1'
const id = '00000000-0000-7000-8000-000000000001'
const team = '00000000-0000-7000-8000-0000000000aa'
/** What must not be anywhere for who may not see it. */
const canaries = ['password', 'notes', 'lexicon', 'salary', 'secret_team', 'payroll_team', 'budget', '777123', 'canary']

let product: OpenProduct
const tokens: Record<string, string> = {}

before(async () => {
  product = await openProduct({
    modules: [staff],
    tenants: [
      { key: 'acme', subscribe: ['staff@1'] },
      { key: 'globex', subscribe: ['staff@1'] },
    ],
  })
  tokens.system = await product.token('system', { roles: ['service_admin'] })
  for (const role of ['admin', 'payroll', 'auditor']) tokens[role] = await product.token('acme', { roles: [role] })
  tokens.boss = await product.token('acme', { roles: ['auditor', 'boss'] })
  for (const tenant of ['acme', 'globex']) {
    const data = dataOf(tenant).asModule()
    await data.insert(teams, { id: team, title: `Team of ${tenant}`, budget: 777123 })
    await data.insert(people, {
      id,
      name: `Road Runner of ${tenant}`,
      email: 'road@runner',
      password: `canary of ${tenant}`,
      notes: { canary: tenant },
      salary: '777123.00',
      team_id: team,
      secret_team_id: team,
      payroll_team_id: team,
    })
  }
})
after(() => product?.close())

function dataOf(tenant: string, ...roles: string[]): TenantData {
  const { modules } = product.platform.product
  const context = createContext(modules, tenant, { roles: roles.length === 0 ? ['admin'] : roles })
  return new TenantData(context, modules, product.platform.postgres.datasource)
}

interface Sent {
  readonly method?: string
  readonly body?: unknown
  readonly headers?: OutgoingHttpHeaders
}

const ask = (path: string, { headers = {}, ...sent }: Sent = {}, role = 'admin') =>
  product.ask(path.startsWith('/') ? path : `${base}/${path}`, {
    ...sent,
    headers,
    ...(tokens[role] && { token: tokens[role] }),
  })
const shown = { prefer: 'return=representation' }

function assertClean({ raw }: Answer, what: string): void {
  for (const canary of canaries) assert.ok(!raw.includes(canary), `${what}: ${canary} in ${raw.slice(0, 2_000)}`)
}

const open = 'id,name,email,badge,state,grade,team_id,created_at,updated_at,deleted_at,revision'

describe('a field that a caller may not see', () => {
  test('is in no answer, in whatever form, embedded or spread', async () => {
    const paths = [
      'people',
      'people?select=*,teams(*)',
      'people?select=*,...teams(*)',
      'teams?select=*,people(*,teams(*))',
    ]
    for (const path of [...paths, 'people?order=name', 'rpc/everybody', 'rpc/read_back?name=Road Runner of acme']) {
      for (const accept of ['application/json', 'text/csv', 'application/vnd.pgrst.array+json;nulls=stripped']) {
        const answer = await ask(encodeURI(path), { headers: { accept, prefer: 'paging=keyset' } })
        assert.equal(answer.status, 200, answer.text)
        assertClean(answer, `${path} as ${accept}`)
      }
    }
    const [found] = jsonOf<Record<string, unknown>[]>(await ask('people'))
    assert.deepEqual(Object.keys(found ?? {}).sort(), open.split(',').sort())
    assert.match(jsonOf<{ title: string }[]>(await ask('teams'))[0]?.title ?? '', /acme/)
  })

  test("is not there for the system's principals either, in a tenant or across all", async () => {
    for (const path of [
      '/acme/staff/v1/people',
      '/system/staff/v1/people',
      '/system/staff/v1/teams?select=*,people(*)',
    ]) {
      const answer = await ask(path, {}, 'system')
      assert.equal(answer.status, 200, answer.text)
      assert.ok(answer.text.includes('road@runner'))
      assertClean(answer, path)
    }
    for (const path of ['people?salary=gt.1', 'people?select=password', 'people?order=notes'])
      assert.equal(jsonOf(await ask(`/system/staff/v1/${path}`, {}, 'system')).code, '42703', path)
    assertClean(await ask('/system/staff/v1/openapi.json', {}, 'system'), 'OpenAPI')
  })

  test('is answered for as a name that is no field, word for word', async () => {
    const templates = [
      'people?select=FIELD',
      'people?select=x:FIELD::text',
      'people?select=FIELD->a',
      'people?select=FIELD.max()',
      'people?FIELD=eq.1',
      'people?FIELD=is.null',
      'people?or=(name.eq.a,FIELD.eq.1)',
      'people?not.and=(FIELD->>a.eq.1)',
      'people?order=FIELD',
      'people?select=*,FIELD(*)',
      'people?select=*,teams!FIELD(*)',
      'people?select=*,teams!people_FIELD_fkey(*)',
      'teams?select=*,people!FIELD(*)',
      'teams?select=*,people(FIELD)',
      'teams?select=*,people()&people.FIELD=eq.1',
      'teams?select=*,people()&people.order=FIELD',
      'rpc/everybody?select=FIELD',
      'rpc/everybody?FIELD=eq.1',
    ]
    for (const template of templates) {
      const none = await ask(encodeURI(template.replaceAll('FIELD', 'nothing')))
      for (const name of ['password', 'notes', 'lexicon', 'salary', 'secret_team_id', 'payroll_team_id']) {
        const answer = await ask(encodeURI(template.replaceAll('FIELD', name)))
        assert.ok(answer.status >= 400, template)
        assert.deepEqual([answer.status, answer.text.replaceAll(name, 'nothing')], [none.status, none.text], template)
      }
    }
  })

  test('is refused in every payload as a name that is no field, and nothing is written', async () => {
    const row = { name: 'A', email: 'a@b' }
    const merge = 'resolution=merge-duplicates'
    const sends = (name: string): [path: string, sent: Sent][] => [
      ['people', { body: { ...row, [name]: 'abc' } }],
      ['people', { body: [{ ...row, [name]: 'abc' }], headers: { prefer: merge } }],
      ['people?columns=name,email,FIELD'.replace('FIELD', name), { body: row }],
      ['people', { body: `name,email,${name}\nA,a@b,abc`, headers: { 'content-type': 'text/csv' } }],
      [`people?id=eq.${id}`, { method: 'PATCH', body: { [name]: 'abc' } }],
      [`people?id=eq.${id}`, { method: 'PUT', body: { id, ...row, [name]: 'abc' } }],
      [`people?on_conflict=${name}`, { body: row, headers: { prefer: merge } }],
      [`people?select=${name}`, { body: row, headers: shown }],
      [`people?${name}=eq.1`, { method: 'DELETE' }],
    ]
    const before = (await ask('people')).text
    for (const name of ['password', 'lexicon', 'salary']) {
      for (const [index, [path, sent]] of sends(name).entries()) {
        const none = sends('nothing')[index] ?? assert.fail()
        const [answer, other] = [await ask(path, sent), await ask(...none)]
        assert.equal(answer.status, 400, `${path} ${answer.text}`)
        assert.deepEqual(answer.text.replaceAll(name, 'nothing'), other.text, path)
      }
    }
    assert.equal((await ask('people')).text, before)
  })

  test('is in no document and no type, and its relations are not offered', async () => {
    const document = await ask('/acme/staff/v1/openapi.json')
    assert.ok(document.text.includes('"badge"'))
    assertClean(document, 'OpenAPI')
    const { text } = typesOfModules(product.platform.product, ['staff@1'])
    for (const hidden of ['password', 'notes', 'lexicon', 'secret_team']) assert.ok(!text.includes(hidden), hidden)
    assert.match(text, /salary\?: number \| null/)
    const other = jsonOf<{ components: { schemas: Record<string, { properties: object; required: string[] }> } }>(
      await ask('/acme/staff/v1/openapi.json', {}, 'boss'),
    ).components.schemas.staff_v1_People
    assert.ok(other?.required.includes('salary'))
    assert.ok(!('password' in (other?.properties ?? {})))
  })

  test('is named by no error of the database, also where code met it', async () => {
    const errors = [
      await ask('bonuses', { body: { title: 'For the bird' } }),
      await ask(`teams?id=eq.${team}`, { method: 'DELETE' }),
      await ask('rpc/set_secret', { body: { name: 'Road Runner of acme', value: 'ab' } }),
    ]
    assert.deepEqual(
      errors.map(({ status }) => status),
      [400, 409, 400],
    )
    for (const error of errors) assertClean(error, 'an error')
    assert.ok(!errors.some(({ text }) => text.includes('amount')))
    const more = await ask('people', { body: { name: 'B', email: 'b@b' }, headers: shown })
    const twice = await ask('rpc/set_secret', { body: { name: 'B', value: 'canary of acme' } })
    assert.deepEqual([more.status, twice.status, jsonOf(twice).code], [201, 409, '23505'])
    assertClean(twice, 'a value that is taken')
    assertClean(more, 'what was written')
    const wrong = { name: 'B', email: 'b@c', team_id: 'none', password: 'ab' }
    await assert.rejects(dataOf('acme').insert(people, wrong), { fields: { team_id: ['must be a UUID'] } })
  })
})

describe('a reserved field', () => {
  test('is read, filtered, ordered and written by those it is reserved for', async () => {
    const path = 'people?select=name,salary,payroll:teams!payroll_team_id(title,budget)&salary=gt.5&order=salary'
    for (const role of ['payroll', 'boss']) {
      const answer = await ask(path, {}, role)
      const payroll = { title: 'Team of acme', budget: 777123 }
      assert.deepEqual(jsonOf(answer), [{ name: 'Road Runner of acme', salary: 777123, payroll }])
    }
    assert.equal((await ask(path)).status, 400)
    assert.equal((await ask('bonuses', { body: { title: 'Seeds', amount: 5 } }, 'payroll')).status, 201)
    const [salary] = jsonOf<{ salary: number }[]>(await ask('rpc/everybody?salary=gt.1', {}, 'boss'))
    assert.equal(salary?.salary, 777123)
  })

  test('alternates between callers of one request that is remembered', async () => {
    for (let round = 0; round < 3; round++) {
      for (const role of ['payroll', 'admin', 'boss', 'auditor']) {
        const answer = await ask('people?limit=1', {}, role)
        const sees = role === 'payroll' || role === 'boss'
        assert.equal(answer.text.includes('salary'), sees, `${role} ${answer.text}`)
      }
    }
  })

  test('gives its readers a tag of their own, and one without it nothing to compare', async () => {
    const path = `people?id=eq.${id}`
    const [seen, unseen] = [await ask(path, {}, 'payroll'), await ask(path)]
    assert.notEqual(seen.headers.etag, unseen.headers.etag)
    const again = await ask(path, { headers: { 'if-none-match': seen.headers.etag } })
    assert.equal(again.status, 200)
  })

  test('that is only read is forbidden in a new row, and in a whole record as the row has it', async () => {
    const refused = await ask('people', { body: { name: 'C', email: 'c@c', grade: 3 } })
    assert.deepEqual([refused.status, jsonOf(refused).fields], [403, { grade: ['may not be written'] }])
    const [whole] = jsonOf<Record<string, unknown>[]>(await ask(`people?id=eq.${id}`))
    const path = `people?id=eq.${id}`
    for (const method of ['PATCH', 'PUT']) {
      const kept = await ask(path, { method, body: { ...whole, revision: undefined, updated_at: undefined } })
      assert.equal(kept.status, 204, kept.text)
      const changed = await ask(path, {
        method,
        body: { ...whole, revision: undefined, updated_at: undefined, grade: 9 },
      })
      assert.deepEqual([changed.status, jsonOf(changed).fields], [400, { grade: ['cannot be changed'] }])
    }
    const byPayroll = await ask(path, { method: 'PATCH', body: { grade: 2 }, headers: shown }, 'payroll')
    assert.equal(jsonOf<{ grade: number }[]>(byPayroll)[0]?.grade, 2)
  })

  test('is not in an answer that was kept for a role that the caller has lost', async () => {
    const headers = { ...shown, 'idempotency-key': 'one' }
    const subject = 'wile'
    const [rich, poor] = [
      await product.token('acme', { roles: ['payroll'], subject }),
      await product.token('acme', { roles: ['admin'], subject }),
    ]
    const send = (token: string) => product.ask(`${base}/people`, { token, headers, body: { name: 'D', email: 'd@d' } })
    const first = await send(rich)
    assert.ok(first.text.includes('salary'))
    assert.equal((await send(rich)).text, first.text)
    const later = await send(poor)
    assert.ok(later.status >= 400, later.text)
    assertClean(later, 'a repetition')
  })
})

describe('a read-only field', () => {
  test('is filled in by a default or by code, and by no payload', async () => {
    const refused = await ask('people', { body: { name: 'E', email: 'e@e', state: 'checked' } }, 'payroll')
    assert.deepEqual([refused.status, jsonOf(refused).fields], [400, { state: ['is read-only'] }])
    const path = `people?id=eq.${id}`
    const changed = await ask(path, { method: 'PATCH', body: { state: 'checked' } }, 'payroll')
    assert.deepEqual([changed.status, jsonOf(changed).fields], [400, { state: ['cannot be changed'] }])
    assert.equal((await ask(path, { method: 'PATCH', body: { state: 'new' } })).status, 204)
    await dataOf('acme').update(people, id, { state: 'checked' })
    assert.match((await ask(path)).text, /"state":"checked"/)
  })
})

describe('a field that is written once', () => {
  test('is given with the row or while it is null, and refused afterwards, whoever writes', async () => {
    const path = `people?id=eq.${id}`
    const patch = (badge: unknown) => ask(path, { method: 'PATCH', body: { badge } })
    assert.equal((await patch('B-1')).status, 204)
    assert.equal((await patch('B-1')).status, 204)
    for (const badge of ['B-2', null]) {
      const refused = await patch(badge)
      assert.deepEqual([refused.status, jsonOf(refused).fields], [400, { badge: ['cannot be changed'] }])
    }
    const { acme } = { acme: dataOf('acme', 'admin').asModule() }
    await assert.rejects(acme.update(people, id, { badge: 'B-3' }), { code: 'invalid' })
    const byHand = acme.transaction(tx =>
      kyselyIn(tx, { writes: { people } }, db =>
        db.updateTable('people').set({ badge: 'B-4' }).where('id', '=', id).execute(),
      ),
    )
    await assert.rejects(byHand, { code: 'invalid', message: '"badge" of people cannot be changed' })
    assert.match((await ask(path)).text, /"badge":"B-1"/)
  })
})

describe("a module's code", () => {
  test('reads and writes hidden fields, and reserved ones as the caller may', async () => {
    const where = { password: { like: 'canary%' } }
    for (const [tenant, role] of [
      ['acme', 'admin'],
      ['globex', 'auditor'],
    ] as const) {
      const data = dataOf(tenant, role)
      const [found, ...others] = await data.list(people, { where })
      assert.deepEqual([found?.password, found?.notes, others.length], [`canary of ${tenant}`, { canary: tenant }, 0])
      assert.ok(found && !('salary' in found))
      await assert.rejects(data.list(people, { where: { salary: '1' } }), { code: 'invalid', reason: '42703' })
      assert.equal((await data.asModule().list(people, { where }))[0]?.salary, '777123.00')
      const shown = await data.transaction(tx => tx.asModule().get(people, id))
      assert.equal(shown.salary, '777123.00')
    }
    const poor = dataOf('acme')
    await assert.rejects(poor.update(people, id, { grade: 5 }), { code: 'invalid' })
    await assert.rejects(poor.insert(people, { name: 'F', email: 'f@f', salary: '1' }), { reason: 'PGRST204' })
    assert.equal((await dataOf('acme', 'payroll').update(people, id, { salary: '777123.00' })).salary, '777123.00')
  })

  test('follows changes with the fields that its principal may read', async () => {
    for (const [role, sees] of [
      ['admin', false],
      ['payroll', true],
    ] as const) {
      const data = dataOf('acme', role)
      const position = await data.changePosition(people)
      await data.update(people, id, { name: `Road Runner of acme` })
      for await (const { row } of data.changes(people, { after: position })) {
        assert.equal('salary' in (row ?? {}), sees)
        assert.equal(row?.password, 'canary of acme')
        break
      }
    }
  })
})
