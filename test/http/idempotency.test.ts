import assert from 'node:assert/strict'
import type { OutgoingHttpHeaders } from 'node:http'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { type Answer, jsonOf, revisionOf } from './client.ts'
import { ids, openDesk } from './desk.ts'
import type { OpenProduct } from './open-product.ts'

type Row = Readonly<Record<string, unknown>>

let product: OpenProduct
let acme: string
let globex: string

before(async () => {
  product = await openDesk({ config: { allowRollback: true } })
  acme = await product.token('acme')
  globex = await product.token('globex')
})
after(() => product?.close())

const papers = '/acme/desk/v1/papers'
let count = 0
const newKey = () => `key ${count++}`

function ask(
  method: string,
  path: string,
  headers: OutgoingHttpHeaders,
  body?: unknown,
  token = acme,
): Promise<Answer> {
  return product.ask(path, { method, token, headers, body })
}

async function titled(title: string): Promise<number> {
  return jsonOf<Row[]>(await ask('GET', `${papers}?title=eq.${title}&select=id`, {})).length
}

/** The kept answers as the superuser sees them. */
function stored(where = 'true'): Promise<Row[]> {
  return product.database.query(`select * from tenantry.idempotency where ${where}`)
}

test('the same write under the same key is made once and answered alike', async () => {
  const id = crypto.randomUUID()
  const at = `${papers}?id=eq.${id}`
  const writes: [method: string, path: string, headers: OutgoingHttpHeaders, body?: unknown][] = [
    ['POST', papers, { prefer: 'return=representation' }, { id, title: 'Once' }],
    ['POST', papers, { prefer: 'return=headers-only,count=exact' }, [{ title: 'Twice' }]],
    ['PATCH', at, { prefer: 'return=representation', accept: 'application/vnd.pgrst.object+json' }, { pages: 1 }],
    ['PATCH', at, { 'if-match': '"2"' }, { pages: 2 }],
    ['PUT', at, {}, { id, title: 'Put' }],
    ['POST', papers, { prefer: 'resolution=merge-duplicates,return=representation' }, { id, title: 'Merged' }],
    ['DELETE', at, { prefer: 'return=representation' }],
  ]
  for (const [method, path, headers, body] of writes) {
    const keyed = { ...headers, 'idempotency-key': newKey() }
    const first = await ask(method, path, keyed, body)
    assert.ok(first.status < 300 && first.headers['idempotency-replayed'] === undefined, first.raw)
    for (let again = 0; again < 2; again++) {
      const replayed = await ask(method, path, keyed, body)
      assert.equal(replayed.headers['idempotency-replayed'], 'true')
      assert.equal(replayed.plain.replace(/\nidempotency-replayed: true/, ''), first.plain)
    }
  }
  assert.equal(await titled('Twice'), 1)
  const [row] = jsonOf<Row[]>(await ask('GET', at, { prefer: 'deleted=only' }))
  assert.equal(row?.revision, 6)
})

test('another request under the same key is refused, whatever it differs in', async () => {
  const key = { 'idempotency-key': newKey() }
  const body = { title: 'Original' }
  assert.equal((await ask('POST', papers, key, body)).status, 201)
  for (const [method, path, headers, payload] of [
    ['POST', papers, {}, { title: 'Another' }],
    ['POST', `${papers}?select=id`, {}, body],
    ['POST', papers, { prefer: 'return=representation' }, body],
    ['POST', papers, { 'if-none-match': '*' }, body],
    ['POST', '/acme/attic/v1/papers', {}, body],
    ['PATCH', papers, {}, body],
  ] as const) {
    const answer = await ask(method, path, { ...headers, ...key }, payload)
    assert.deepEqual([answer.status, jsonOf(answer).code], [409, 'idempotency_key_reused'], `${method} ${path}`)
    assert.equal(answer.headers['retry-after'], undefined)
  }
  assert.equal(await titled('Another'), 0)
})

test('of many who send one request at once exactly one writes; the others are answered alike or told to wait', async () => {
  const key = { 'idempotency-key': newKey(), prefer: 'return=representation' }
  const answers = await Promise.all(Array.from({ length: 25 }, () => ask('POST', papers, key, { title: 'Raced' })))
  const bodies = new Set<string>()
  for (const answer of answers) {
    if (answer.status === 201) bodies.add(answer.text)
    else {
      // More at once than there are connections for transactions may also be turned away for a moment.
      assert.ok(answer.status === 409 || answer.status === 503, answer.raw)
      assert.equal(answer.headers['retry-after'], '1')
      if (answer.status === 409) assert.equal(jsonOf(answer).code, 'idempotency_under_way')
    }
  }
  assert.equal(bodies.size, 1)
  assert.equal(await titled('Raced'), 1)
  assert.ok(bodies.has((await ask('POST', papers, key, { title: 'Raced' })).text))
})

test('while the first is under way, its repetitions are told to wait and take no turn from others', async () => {
  const key = { 'idempotency-key': newKey() }
  const at = `${papers}?id=eq.${ids.two}`
  const send = () => ask('PATCH', at, key, { pages: 5 })
  const holder = new pg.Client({ ...product.database.target })
  await holder.connect()
  try {
    await holder.query(`begin; select from desk_v1.papers where id = '${ids.two}' for update`)
    const first = send()
    const isWaiting = `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
    while ((await product.database.query(isWaiting)).length === 0) await sleep(5)
    for (const answer of await Promise.all(Array.from({ length: 20 }, send))) {
      assert.deepEqual([answer.status, jsonOf(answer).code], [409, 'idempotency_under_way'])
      assert.equal(answer.headers['retry-after'], '1')
    }
    await holder.query('rollback')
    assert.equal(revisionOf(await first), '"2"')
    const replayed = await send()
    assert.deepEqual([revisionOf(replayed), replayed.headers['idempotency-replayed']], ['"2"', 'true'])
  } finally {
    await holder.end()
  }
})

test('a write that fails keeps nothing, so that it can be sent again', async () => {
  const key = { 'idempotency-key': newKey() }
  assert.equal((await ask('POST', papers, key, { title: 'Coded', code: null, kind: 'none' })).status, 400)
  assert.equal(
    (await ask('PATCH', `${papers}?id=eq.${ids.one}`, { ...key, 'if-match': '"99"' }, { pages: 1 })).status,
    412,
  )
  assert.equal((await ask('POST', papers, key, { title: 'Coded' })).status, 201)
})

test('the same key of another tenant or subject is another key', async () => {
  const key = { 'idempotency-key': newKey(), prefer: 'return=representation' }
  const body = { title: 'Shared key' }
  const other = await product.token('acme', { subject: 'another' })
  const ofGlobex = { ...body, pages: 7 }
  const answers = [
    await ask('POST', papers, key, body),
    await ask('POST', papers, key, { ...body, pages: 3 }, other),
    await ask('POST', papers.replace('acme', 'globex'), key, ofGlobex, globex),
  ]
  for (const answer of answers) {
    assert.equal(answer.status, 201, answer.text)
    assert.equal(answer.headers['idempotency-replayed'], undefined)
  }
  const again = await ask('POST', papers.replace('acme', 'globex'), key, ofGlobex, globex)
  assert.equal(again.text, answers[2]?.text)
  assert.ok(again.text.includes('admin@globex') || !again.text.includes('acme'))
})

test('instances of one subject have keys of their own', async () => {
  const key = { 'idempotency-key': newKey(), prefer: 'return=representation' }
  for (const instance of ['north', 'south']) {
    const token = await product.token('acme', { roles: ['keeper'], instance, subject: 'k' })
    const answer = await ask('POST', '/acme/desk/v1/meters', key, { title: instance }, token)
    assert.deepEqual([answer.status, answer.headers['idempotency-replayed']], [201, undefined], answer.text)
  }
})

test('a key that cannot be kept is refused before anything is written', async () => {
  const body = { title: 'Unkept' }
  for (const [headers, token] of [
    [{ 'idempotency-key': 'x'.repeat(256) }, acme],
    [{ 'idempotency-key': '' }, acme],
    [{ 'idempotency-key': 'naïve' }, acme],
    [{ 'idempotency-key': newKey(), prefer: 'tx=rollback' }, acme],
  ] as const) {
    const answer = await ask('POST', papers, headers, body, token)
    assert.deepEqual([answer.status, jsonOf(answer).code], [400, 'invalid'], JSON.stringify(headers))
  }
  assert.equal((await ask('POST', papers, { 'idempotency-key': 'x'.repeat(255) }, { title: 'Kept' })).status, 201)
  // The answer would be larger than what is kept.
  const many = Array.from({ length: 1_500 }, () => body)
  const answer = await ask('POST', papers, { 'idempotency-key': newKey(), prefer: 'return=representation' }, many)
  assert.equal(answer.status, 413)
  assert.equal(await titled('Unkept'), 0)
})

test('a read pays no attention to a key, and a write without one keeps nothing', async () => {
  const before = (await stored()).length
  assert.equal((await ask('GET', papers, { 'idempotency-key': newKey() })).headers['idempotency-replayed'], undefined)
  assert.equal((await ask('POST', papers, {}, { title: 'Plain' })).status, 201)
  assert.equal((await stored()).length, before)
})

test('a key whose time is over is new again, and what has expired is removed a little with each write', async () => {
  const key = newKey()
  const send = () => ask('POST', papers, { 'idempotency-key': key }, { title: 'Expires' })
  assert.equal((await send()).status, 201)
  const [kept] = await stored("expires_at > now() + interval '23 hours' limit 1")
  assert.equal(typeof kept?.answer, 'string')
  assert.ok(!JSON.stringify(kept).includes(key), 'the key itself is not kept')
  await product.database.query(
    `update tenantry.idempotency set expires_at = now() - interval '1 second' where tenant_id = 'acme'`,
  )
  await product.database.query(
    `insert into tenantry.idempotency (tenant_id, subject, key_hash, fingerprint, answer, expires_at)
     select t, 's', sha256(n::text::bytea), '', '{}', now() - interval '1 minute' from generate_series(1, 250) n, unnest(array['acme', 'globex']) t`,
  )
  const expired = async (tenant: string) => (await stored(`tenant_id = '${tenant}' and expires_at < now()`)).length
  const before = await expired('acme')
  const again = await send()
  assert.deepEqual([again.status, again.headers['idempotency-replayed']], [201, undefined])
  assert.equal(await titled('Expires'), 2)
  const after = await expired('acme')
  assert.ok(after < before && after >= before - 101, `${before} then ${after}`)
  // Other tenants' are theirs to remove.
  assert.equal(await expired('globex'), 250)
})

test('a tenant that is removed leaves no answers behind', async () => {
  const tenant = { key: 'leaver', subscribe: ['desk@1'] }
  await product.platform.operations.addTenant(tenant)
  const token = await product.token('leaver')
  await ask('POST', '/leaver/desk/v1/papers', { 'idempotency-key': newKey() }, { title: 'Left' }, token)
  assert.equal((await stored("tenant_id = 'leaver'")).length, 1)
  await product.platform.operations.suspendTenant('leaver')
  await product.platform.operations.removeTenant('leaver')
  assert.equal((await stored("tenant_id = 'leaver'")).length, 0)
  assert.ok((await stored("tenant_id = 'acme'")).length > 0)
})

test('no role of a tenant reads an answer of another tenant or subject, changes one, or removes one in time', async () => {
  const { query, prefix } = { ...product.database, prefix: product.platform.environment.prefix }
  await query("update tenantry.idempotency set expires_at = now() + interval '1 day'")
  const as = async (role: string, tenant: string, subject: string, sql: string) => {
    const rows = await query(
      `begin; set local role ${prefix}_${role}; select set_config('tenantry.tenant', '${tenant}', true), set_config('tenantry.subject', '${subject}', true); ${sql}; rollback`,
    ).catch(async (error: Error) => {
      await query('rollback').catch(() => {})
      return error.message
    })
    return rows
  }
  const [mine] = await stored("tenant_id = 'acme' limit 1")
  const subject = String(mine?.subject)
  const seen = `do $$ begin raise exception 'saw %', (select count(*) from tenantry.idempotency); end $$`
  const total = (await stored(`tenant_id = 'acme' and subject = '${subject}'`)).length
  for (const role of ['tenant_writer', 'tenant_instance_writer']) {
    assert.equal(await as(role, 'acme', subject, seen), `saw ${total}`)
    for (const [tenant, who] of [
      ['acme', 'nobody'],
      ['acme', ''],
      ['globex', 'nobody'],
      ['', subject],
      ['', ''],
    ] as const)
      assert.equal(await as(role, tenant, who, seen), 'saw 0', `${role} ${tenant} ${who}`)
    const removed = `do $$ declare n int; begin delete from tenantry.idempotency; get diagnostics n = row_count; raise exception 'removed %', n; end $$`
    assert.equal(await as(role, 'acme', subject, removed), 'removed 0')
    const denied = /permission denied|row-level security/
    for (const sql of [
      `update tenantry.idempotency set answer = ''`,
      `truncate tenantry.idempotency`,
      `insert into tenantry.idempotency (tenant_id, key_hash, fingerprint, answer, expires_at) values ('globex', '\\x00', '', '', now())`,
      `insert into tenantry.idempotency (subject, key_hash, fingerprint, answer, expires_at) values ('victim', '\\x00', '', '', now())`,
    ])
      assert.match(String(await as(role, 'acme', 'attacker', sql)), denied, `${role} ${sql}`)
  }
  for (const role of ['tenant_reader', 'tenant_instance_reader', 'reader', 'instance_reader', 'instance_writer'])
    assert.match(String(await as(role, 'acme', subject, seen)), /permission denied/, role)
  assert.match(String(await as('writer', '', '', 'select answer from tenantry.idempotency')), /permission denied/)
  assert.equal(
    (await as(
      'writer',
      '',
      '',
      `do $$ begin perform tenant_id from tenantry.idempotency; end $$; ${seen.replace('count(*)', 'count(tenant_id)')}`,
    )) !== 'saw 0',
    true,
  )
})
