// F6.1: subscriptions over WebSocket and event streams. B15: what was revoked ends.
import assert from 'node:assert/strict'
import { after, before, mock, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Client, createClient as createSubscriber } from 'graphql-ws'
import { WebSocket } from 'ws'
import { defineModule } from '../../src/app/define-module.ts'
import { entity } from '../../src/core/entity.ts'
import { bigint, integer, json, reference, text } from '../../src/core/field.ts'
import { jsonOf } from './client.ts'
import { type OpenProduct, openProduct } from './open-product.ts'

const clubs = entity('clubs', { name: text() })
const orders = entity(
  'orders',
  {
    title: text(),
    state: text().default('new'),
    pieces: bigint().default(0),
    details: json().default({}),
    club_id: reference(() => clubs).optional(),
    secret: text().hidden().default('hidden canary'),
  },
  { changes: true, softDelete: true },
)
const ledgers = entity(
  'ledgers',
  { book: text(), page: integer(), text: text() },
  { key: ['book', 'page'], changes: true },
)
const memos = entity(
  'memos',
  { text: text() },
  { changes: true, authors: true, own: { guest: 'created_by' }, access: { guest: 'tenant_writer' } },
)
const closed = entity('closed', { text: text() }, { changes: true, access: { admin: 'none' } })
const quiet = entity('quiet', { text: text() })
const access = { admin: 'tenant_writer' } as const
const shop = defineModule({
  name: 'shop',
  version: '1.2.0',
  entities: [clubs, orders, ledgers, memos, closed, quiet],
  access,
})
const shop2 = defineModule({
  name: 'shop',
  version: '2.0.0',
  entities: [entity('orders', { title: text() }, { changes: true })],
  access,
})
const side = defineModule({ name: 'side', version: '1.0.0', entities: [entity('sides', { a: text() })], access })

let product: OpenProduct
/** Milliseconds by which the server's clock goes ahead. */
let skew = 0
const clients: Client[] = []
const sockets: WebSocket[] = []
before(async () => {
  const { now } = Date
  mock.method(Date, 'now', () => now() + skew)
  product = await openProduct({
    modules: [shop, shop2, side],
    tenants: ['acme', 'globex', 'leaver', 'mover', 'ender', 'limited'].map(key => ({ key, subscribe: ['shop@1'] })),
    config: { graphql: { live: { connectionsPerTenant: 6, operationsPerConnection: 4 } } },
  })
})
after(async () => {
  for (const socket of sockets) socket.terminate()
  await Promise.all(clients.map(client => client.dispose()))
  await product.close()
})

const socketUrl = (path: string) => `${product.url.replace('http', 'ws')}${path}`

// biome-ignore lint/suspicious/noExplicitAny: answers of GraphQL, as a client sees them
type Any = any

interface Told {
  readonly data?: Record<string, Any>
  readonly errors?: readonly { readonly message: string; readonly extensions: Record<string, Any> }[]
}

interface Follower {
  /** All that came so far. */
  readonly told: Told[]
  readonly text: () => string
  /** The first `count`; fails when they do not come. */
  take(count: number): Promise<Told[]>
  /** How it ended: `complete`, errors, or the code of the close. */
  readonly ended: Promise<unknown>
  stop(): void
}

async function connect(tenant: string, wish: Parameters<OpenProduct['token']>[1] = {}, path = `/${tenant}/graphql`) {
  const token = await product.token(tenant, wish)
  const client = createSubscriber({
    url: socketUrl(path),
    webSocketImpl: WebSocket,
    connectionParams: { authorization: `Bearer ${token}` },
    retryAttempts: 0,
    lazyCloseTimeout: 0,
  })
  clients.push(client)
  return client
}

function follow(client: Client, query: string, variables: Record<string, unknown> = {}): Follower {
  const told: Told[] = []
  let wake = () => {}
  let stop = () => {}
  const ended = new Promise<unknown>(resolve => {
    stop = client.subscribe(
      { query, variables },
      {
        next: value => {
          told.push(value as Told)
          wake()
        },
        error: error => resolve((error as { code?: number }).code ?? error),
        complete: () => resolve('complete'),
      },
    )
  })
  return {
    told,
    text: () => JSON.stringify(told),
    ended,
    stop: () => stop(),
    async take(count) {
      const late = AbortSignal.timeout(10_000)
      while (told.length < count) {
        assert.ok(!late.aborted, `${told.length} of ${count} came: ${JSON.stringify(told)}`)
        await Promise.race([new Promise<void>(resolve => (wake = resolve)), sleep(200)])
      }
      return told.slice(0, count)
    },
  }
}

/** Follows and waits until it does: what is written from now on is told. */
async function following(client: Client, tenant: string, query: string, variables = {}): Promise<Follower> {
  const follower = follow(client, query, variables)
  // The position is taken by a statement of its own, which comes before what is asked for after it.
  await sleep(150)
  await ask(tenant, '{ countOrders }')
  return follower
}

async function ask(tenant: string, query: string, variables = {}, wish = {}): Promise<Any> {
  const token = await product.token(tenant, wish)
  const answer = await product.ask(`/${tenant}/graphql`, { token, body: { query, variables } })
  const { data, errors } = jsonOf(answer) as { data: Any; errors?: unknown }
  assert.equal(errors, undefined, answer.text)
  return data
}

const insert = (tenant: string, title: string, more = {}) =>
  ask(tenant, 'mutation ($inputs: [OrderInput!]!) { insertOrders(inputs: $inputs) { id } }', {
    inputs: [{ title, ...more }],
  }).then(({ insertOrders: [{ id }] }) => id as string)

const allChanges = 'subscription { ordersChanged { operation position at key { id } row { id title } } }'
const changesOf = (told: readonly Told[]) => told.map(({ data }) => data?.ordersChanged)

test('a row is told from its insert to its removal, with what is selected of it', async () => {
  const client = await connect('acme')
  const query =
    'subscription { c: ordersChanged { __typename operation key { id } row { name: title pieces details club { name } } } }'
  const follower = await following(client, 'acme', query)
  const { insertClubs } = await ask('acme', 'mutation { insertClubs(inputs: [{ name: "Chess" }]) { id } }')
  const details = { n: 1, deep: [1.5, 'x'] }
  const id = await insert('acme', 'first', { clubId: insertClubs[0].id, pieces: '9007199254740993', details })
  await follower.take(1)
  await ask('acme', `mutation { updateOrders(where: { id: { eq: "${id}" } }, input: { title: "second" }) { id } }`)
  await follower.take(2)
  await ask('acme', `mutation { deleteOrders(where: { id: { eq: "${id}" } }) { id } }`)
  await follower.take(3)
  await ask('acme', `mutation { deleteOrders(where: { id: { eq: "${id}" } }, purge: true) { id } }`)
  const told = (await follower.take(4)).map(({ data }) => data?.c)
  assert.deepEqual(told[0], {
    __typename: 'OrderChange',
    operation: 'INSERT',
    key: { id },
    row: { name: 'first', pieces: '9007199254740993', details, club: { name: 'Chess' } },
  })
  assert.deepEqual(
    told.map(({ operation, row }) => [operation, row?.name]),
    [
      ['INSERT', 'first'],
      ['UPDATE', 'second'],
      ['SOFT_DELETE', undefined],
      ['DELETE', undefined],
    ],
  )
  follower.stop()
})

test('where, operations and after choose what is told; keys of several fields are told', async () => {
  const client = await connect('acme')
  const all = await following(client, 'acme', allChanges)
  const paid = follow(
    client,
    'subscription { ordersChanged(where: { state: { eq: "paid" } }) { operation row { title } } }',
  )
  const updates = follow(client, 'subscription { ordersChanged(operations: [UPDATE]) { operation key { id } } }')
  const ledger = follow(client, 'subscription { ledgersChanged { key { page book } row { text } } }')
  await sleep(200)
  const one = await insert('acme', 'one')
  const first = changesOf(await all.take(1))[0]
  await insert('acme', 'two', { state: 'paid' })
  await ask('acme', `mutation { updateOrders(where: { id: { eq: "${one}" } }, input: { state: "paid" }) { id } }`)
  await ask('acme', 'mutation { insertLedgers(inputs: [{ book: "b", page: 7, text: "t" }]) { page } }')
  assert.deepEqual(
    (await paid.take(2)).map(({ data }) => [data?.ordersChanged.operation, data?.ordersChanged.row.title]),
    [
      ['INSERT', 'two'],
      ['UPDATE', 'one'],
    ],
  )
  assert.deepEqual(changesOf(await updates.take(1)), [{ operation: 'UPDATE', key: { id: one } }])
  assert.deepEqual((await ledger.take(1))[0]?.data?.ledgersChanged, { key: { page: 7, book: 'b' }, row: { text: 't' } })
  await all.take(3)
  for (const follower of [all, paid, updates, ledger]) follower.stop()
  const again = follow(client, `subscription ($after: String) { ordersChanged(after: $after) { row { title } } }`, {
    after: first.position,
  })
  assert.deepEqual(
    changesOf(await again.take(2)).map(({ row }) => row.title),
    ['two', 'one'],
  )
  again.stop()
})

test('queries and mutations run over the same socket, with the same limits, at the address of a module, too', async () => {
  const client = await connect('acme', {}, '/acme/shop/v1/graphql')
  const [made] = await follow(client, 'mutation { insertClubs(inputs: [{ name: "Go" }]) { name } }').take(1)
  assert.deepEqual(made, { data: { insertClubs: [{ name: 'Go' }] } })
  const [found] = await follow(
    client,
    '{ orders(where: { pieces: { eq: $p } }) { title } }'.replace('{', 'query ($p: BigInt) {'),
    {
      p: '9007199254740993',
    },
  ).take(1)
  assert.deepEqual(found?.errors, undefined)
  const refused = (await follow(client, '{ nothing }').ended) as readonly { extensions: Record<string, unknown> }[]
  assert.equal(refused[0]?.extensions.reason, 'graphql_validation')
  const partly = (await follow(client, 'subscription { ordersChanged(after: "x") { operation } }')
    .ended) as typeof refused
  assert.equal(partly[0]?.extensions.reason, 'changes_position')
  const hidden = (await follow(client, 'subscription { ordersChanged { row { secret } } }').ended) as typeof refused
  assert.equal(hidden[0]?.extensions.reason, 'graphql_validation')
})

test('of another tenant nothing is told, whatever is named: ids, positions, addresses', async () => {
  const [acme, globex] = [await connect('acme'), await connect('globex')]
  const ours = await following(
    acme,
    'acme',
    'subscription { ordersChanged { operation position key { id } row { title } } }',
  )
  const theirs = await following(globex, 'globex', allChanges)
  const foreign = await insert('globex', 'canary globex 0')
  const [known] = changesOf(await theirs.take(1))
  const named = follow(
    acme,
    'subscription ($id: UUID) { ordersChanged(where: { id: { eq: $id } }) { key { id } row { title } } }',
    { id: foreign },
  )
  await sleep(150)
  for (let n = 1; n <= 20; n++) {
    await Promise.all([insert('acme', `acme ${n}`), insert('globex', `canary globex ${n}`)])
  }
  await ask(
    'globex',
    `mutation { updateOrders(where: { id: { eq: "${foreign}" } }, input: { title: "canary globex x" }) { id } }`,
  )
  await Promise.all([ours.take(20), theirs.take(22)])
  assert.equal(named.told.length, 0)
  assert.doesNotMatch(ours.text(), /globex/)
  assert.doesNotMatch(theirs.text(), /"acme/)
  const ownPosition = changesOf(ours.told)[0].position
  const errorsOf = async (client: Client, after: string) =>
    JSON.stringify(
      await follow(client, 'subscription ($a: String) { ordersChanged(after: $a) { row { title } } }', { a: after })
        .ended,
    )
  assert.equal(await errorsOf(acme, known.position), await errorsOf(acme, 'v1.nonsense'))
  assert.match(await errorsOf(globex, ownPosition), /changes_position/)
  for (const follower of [ours, theirs, named]) follower.stop()
  const elsewhere = await connect('acme', {}, '/globex/graphql')
  assert.equal(await follow(elsewhere, allChanges).ended, 4403)
})

test('without the right there is no such field, and own rows alone are told', async () => {
  const client = await connect('acme')
  for (const field of ['closedChanged', 'quietChanged', 'clubsChanged']) {
    const [error] = (await follow(client, `subscription { ${field} { operation } }`).ended) as readonly {
      message: string
    }[]
    assert.match(error?.message ?? '', /Cannot query field/)
  }
  const wish = { roles: ['guest'], subject: 'ann' }
  const ann = follow(await connect('acme', wish), 'subscription { memosChanged { operation row { text } } }')
  await sleep(200)
  const insertMemo = (text: string, subject: string) =>
    ask('acme', `mutation { insertMemos(inputs: [{ text: "${text}" }]) { id } }`, {}, { roles: ['guest'], subject })
  const { insertMemos } = await insertMemo("bob's canary", 'bob')
  await ask(
    'acme',
    `mutation { deleteMemos(where: { id: { eq: "${insertMemos[0].id}" } }) { id } }`,
    {},
    { roles: ['guest'], subject: 'bob' },
  )
  await insertMemo('hers', 'ann')
  assert.deepEqual((await ann.take(1))[0]?.data?.memosChanged, { operation: 'INSERT', row: { text: 'hers' } })
  assert.equal(ann.told.length, 1)
  ann.stop()
})

test('what is revoked ends within five seconds: token, tenant, module, key', async () => {
  const { operations, identity, postgres } = product.platform
  const timed = async (tenant: string, revoke: () => unknown, wish = {}) => {
    const follower = follow(await connect(tenant, wish, `/${tenant}/shop/v1/graphql`), allChanges)
    const stream = await openStream(tenant, wish)
    await sleep(300)
    await revoke()
    const start = performance.now()
    const [code] = await Promise.all([follower.ended, stream.ended])
    const ms = performance.now() - start
    assert.ok(ms < 5_000, `${tenant}: ${ms} ms`)
    assert.match(stream.text(), /event: next\ndata: \{"errors":.*\n\nevent: complete\ndata:\n\n$/)
    return [typeof code === 'number' ? code : JSON.stringify(code), Math.round(ms)]
  }
  const outcomes = await Promise.all([
    timed(
      'acme',
      // Some seconds more are given to clocks that differ.
      () => {
        skew = 60_000
      },
      { expiresIn: 1 },
    ),
    timed('leaver', () => operations.unsubscribe('leaver', 'shop@1')),
    timed('mover', () => operations.subscribe('mover', 'shop@2')),
    timed('globex', () => operations.suspendTenant('globex')),
    timed('ender', async () => {
      await postgres.platform.removeKeys('ender')
      identity.forget('ender')
    }),
  ])
  skew = 0
  await operations.resumeTenant('globex')
  const codes = outcomes.map(([code]) => (typeof code === 'number' ? code : 'error'))
  assert.deepEqual([codes[0], codes[2], codes[4]], [4401, 1012, 4401])
  // Whoever looks first, the feed or the connection.
  assert.ok(
    [codes[1], codes[3]].every(code => code === 4403 || code === 'error'),
    JSON.stringify(outcomes),
  )
})

test('an event stream tells changes, and answers queries and refusals', async () => {
  const stream = await openStream('acme')
  await sleep(200)
  await insert('acme', 'streamed')
  await stream.until(/event: next\ndata: .*"title":"streamed".*\n\n/)
  stream.stop()
  const token = await product.token('acme')
  const headers = { accept: 'text/event-stream' }
  const asked = await product.ask('/acme/graphql', { token, headers, body: { query: '{ __typename }' } })
  assert.equal(asked.text, ':\n\nevent: next\ndata: {"data":{"__typename":"Query"}}\n\nevent: complete\ndata:\n\n')
  const refused = await product.ask(`/acme/graphql?query=${encodeURIComponent('{ nothing }')}`, { token, headers })
  assert.match(
    refused.text,
    /^:\n\nevent: next\ndata: \{"errors":\[.*graphql_validation.*\}\n\nevent: complete\ndata:\n\n$/,
  )
  assert.equal((await product.ask('/acme/graphql', { headers, body: { query: '{ __typename }' } })).status, 401)
  const plain = await product.ask('/acme/graphql', { token, body: { query: allChanges } })
  assert.match(plain.text, /graphql_subscription/)
})

test('hostile messages end the socket with the code that the protocol has for them, or are refused', async () => {
  const token = await product.token('limited')
  const init = { type: 'connection_init', payload: { authorization: `Bearer ${token}` } }
  const subscribe = (id: string) => ({ type: 'subscribe', id, payload: { query: allChanges } })
  const other = { type: 'connection_init', payload: { authorization: `Bearer ${token}`, Authorization: 'Bearer x' } }
  assert.equal(await closeOf(['{"type":']), 4400)
  assert.equal(await closeOf(['{"type":"__proto__"}']), 4400)
  assert.equal(await closeOf([{ type: 'connection_init', payload: { authorization: 'Bearer x' } }]), 4401)
  assert.equal(await closeOf([{ type: 'connection_init' }]), 4401)
  assert.equal(await closeOf([other]), 4401)
  assert.equal(await closeOf([init, init]), 4429)
  assert.equal(await closeOf([subscribe('1')]), 4401)
  assert.equal(await closeOf([init, 'wait', subscribe('__proto__'), subscribe('__proto__')]), 4409)
  assert.equal(await closeOf([init, 'wait', { ...subscribe('1'), payload: { query: 'x'.repeat(2_000_000) } }]), 1009)
  assert.equal(await closeOf([init], { protocol: [] as string[] }), 4406)
  assert.equal(await closeOf([init], { path: '/acme/graphql' }), 4403)
  const many: unknown[] = [init, 'wait', ...Array.from({ length: 6 }, (_, n) => subscribe(String(n)))]
  const heard: string[] = []
  const { socket: opened } = await openSocket(many, { heard })
  for (let tries = 0; tries < 200 && heard.length < 3; tries++) await sleep(20)
  await sleep(100)
  assert.equal(heard.filter(text => /graphql_connections/.test(text)).length, 2)
  opened.terminate()
  const more = await Promise.all(Array.from({ length: 6 }, () => openSocket([init], { heard })))
  await sleep(300)
  assert.equal(await closeOf([init]), 1013)
  for (const { socket } of more) socket.terminate()
})

test('what is no GraphQL does not become a socket, and other upgrades are not made', async () => {
  const answers = await Promise.all(
    ['/acme/shop/v1/orders', '/nobody/at/all', '/%ff/graphql'].map(path =>
      product.ask(path, { headers: { connection: 'upgrade', upgrade: 'websocket' } }).then(({ status }) => status),
    ),
  )
  assert.deepEqual(answers, [401, 401, 400])
  const h2c = await product.ask('/', { headers: { connection: 'upgrade', upgrade: 'h2c' } })
  assert.equal(h2c.status, 200)
})

test('a server that stops says so to all who follow, and does not wait for them', async () => {
  const follower = follow(await connect('acme'), allChanges)
  const stream = await openStream('acme')
  await sleep(200)
  const start = performance.now()
  const closing = product.close()
  assert.equal(await follower.ended, 1012)
  await stream.ended
  assert.match(stream.text(), /"The server is stopping".*\n\nevent: complete/)
  await closing
  assert.ok(performance.now() - start < 5_000)
})

async function openSocket(
  messages: readonly unknown[],
  { path = '/limited/graphql', protocol = ['graphql-transport-ws'], heard = [] as string[] } = {},
): Promise<{ readonly socket: WebSocket; readonly closed: Promise<number> }> {
  const socket = new WebSocket(socketUrl(path), protocol)
  sockets.push(socket)
  let acknowledged = () => {}
  const ack = new Promise<void>(resolve => (acknowledged = resolve))
  socket.on('error', () => {})
  socket.on('message', data => {
    heard.push(String(data))
    if (String(data).includes('connection_ack')) acknowledged()
  })
  const closed = new Promise<number>(resolve => socket.once('close', resolve))
  await Promise.race([new Promise(resolve => socket.once('open', resolve)), closed])
  void (async () => {
    for (const message of messages) {
      if (message === 'wait') await ack
      else socket.send(typeof message === 'string' ? message : JSON.stringify(message))
    }
  })()
  return { socket, closed }
}

async function closeOf(messages: readonly unknown[], options: Parameters<typeof openSocket>[1] = {}): Promise<number> {
  const { closed } = await openSocket(messages, options)
  const late = sleep(8_000, -1, { ref: false })
  return Promise.race([closed, late])
}

async function openStream(tenant: string, wish = {}) {
  const token = await product.token(tenant, wish)
  const stop = new AbortController()
  const answer = await fetch(`${product.url}/${tenant}/shop/v1/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream', 'content-type': 'application/json' },
    body: JSON.stringify({ query: allChanges }),
    signal: stop.signal,
  })
  assert.equal(answer.headers.get('content-type'), 'text/event-stream; charset=utf-8')
  let text = ''
  const decoder = new TextDecoder()
  const ended = (async () => {
    for await (const part of answer.body ?? []) text += decoder.decode(part)
  })().catch(() => {})
  return {
    ended,
    text: () => text,
    stop: () => stop.abort(),
    async until(wanted: RegExp) {
      for (const late = AbortSignal.timeout(10_000); !wanted.test(text); await sleep(20)) assert.ok(!late.aborted, text)
    },
  }
}
