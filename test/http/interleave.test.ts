import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isWhole } from '../whole.ts'
import type { Question } from './client.ts'
import { openProduct } from './open-product.ts'
import { crew, geography, users, vault } from './world.ts'

const seed = Number(process.env.TENANTRY_SEED ?? Date.now() % 1_000_000)
const tenantCount = 50
const requestCount = isWhole ? 1_000 : 400
const lanes = 40

/** mulberry32: the same numbers for the same seed. */
function createRandom(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4_294_967_296) * below)
  }
}

test('interleaved requests of fifty tenants with the same keys never show a foreign byte', async t => {
  t.diagnostic(`TENANTRY_SEED=${seed}`)
  const random = createRandom(seed)
  const keys = Array.from({ length: tenantCount }, (_, index) => `tenant-${index}`)
  const markOf = (tenant: string) => `<mark of ${tenant}>`
  const product = await openProduct({
    modules: [geography, vault, crew],
    settings: { connections: 4 },
    tenants: keys.map(key => ({
      key,
      subscribe: ['crew@1'],
      rows: [{ entity: users, rows: [1, 2, 3].map(n => ({ username: `u${n}`, title: `${markOf(key)} ${n}` })) }],
    })),
  })
  t.after(() => product.close())
  const tokens = new Map<string, string>()
  for (const key of keys) tokens.set(key, await product.token(key))

  const acts: readonly ((tenant: string) => readonly [string, Question])[] = [
    () => ['users', {}],
    () => [`users?username=eq.u${1 + random(4)}`, { headers: { accept: 'application/vnd.pgrst.object+json' } }],
    () => ['users?select=username,title,sessions(title)&order=username.desc', { headers: { prefer: 'count=exact' } }],
    () => ['whoami', {}],
    tenant => [
      `users?username=eq.u${1 + random(3)}`,
      {
        method: 'PATCH',
        body: { title: `${markOf(tenant)} ${random(1_000)}` },
        headers: { prefer: 'return=representation' },
      },
    ],
    tenant => [
      'users',
      {
        body: { username: `n${random(20)}`, title: `${markOf(tenant)} new` },
        headers: { prefer: 'resolution=merge-duplicates, return=representation' },
      },
    ],
    tenant => ['users', { body: { username: 'u1', title: `${markOf(tenant)} twice` } }],
    tenant => ['sessions', { body: { user_id: 'nobody', number: 1, title: markOf(tenant) } }],
    () => ['users?title=is.true', {}],
    () => ['users?select=title::int', {}],
    () => [`users?username=eq.n${random(20)}`, { method: 'DELETE', headers: { prefer: 'return=representation' } }],
    tenant => ['rename-all', { body: { title: markOf(tenant) } }],
  ]

  const statuses = new Map<string, number>()
  let left = requestCount
  const lane = async () => {
    while (left-- > 0) {
      const tenant = keys[random(tenantCount)] ?? ''
      const [rest, question] = acts[random(acts.length)]?.(tenant) ?? ['users', {}]
      const signal = random(10) === 0 ? AbortSignal.timeout(1 + random(6)) : undefined
      const said = `${question.method ?? ''} ${rest} of ${tenant} (TENANTRY_SEED=${seed})`
      const answer = await product
        .ask(`/${tenant}/crew/v1/${rest}`, { token: tokens.get(tenant) ?? '', ...question, ...(signal && { signal }) })
        .catch(() => undefined)
      const kind = answer ? String(answer.status) : 'aborted'
      statuses.set(kind, (statuses.get(kind) ?? 0) + 1)
      if (!answer) {
        assert.ok(signal, `no answer to ${said}`)
        continue
      }
      // 503: nothing but the wait for a connection may end a request so.
      assert.ok(answer.status < 500 || answer.status === 503, `${answer.status} ${answer.text} to ${said}`)
      for (const [, owner] of answer.raw.matchAll(/<mark of ([a-z0-9-]+)>/g)) assert.equal(owner, tenant, said)
      if (rest === 'users') {
        const rows = JSON.parse(answer.status === 200 || answer.status === 201 ? answer.text : '[]')
        if (!question.body) assert.ok(rows.length >= 3, `${rows.length} rows to ${said}`)
      }
      if (rest === 'whoami') assert.equal(JSON.parse(answer.text).tenant, tenant, said)
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))

  const foreign = await product.database.query(
    `select tenant_id, title from crew_v1.users where title not like '<mark of ' || tenant_id || '>%'`,
  )
  assert.deepEqual(foreign, [])
  const lost = await product.database.query(
    `select tenant_id from crew_v1.users where username like 'u%' group by tenant_id having count(*) <> 3`,
  )
  assert.deepEqual(lost, [])
  t.diagnostic(
    [...statuses]
      .sort()
      .map(([status, count]) => `${count} x ${status}`)
      .join(', '),
  )
  assert.ok((statuses.get('200') ?? 0) > requestCount / 4)
})
