import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openProduct } from './open-product.ts'
import { crew, geography, sessions, users, vault } from './world.ts'

// One text of more than 512 MB does not fit into a string of V8: the driver would throw where nobody can catch it.
test('an answer that is too large for one text is refused, and other tenants are served on', async t => {
  const rows = Array.from({ length: 60 }, (_, number) => ({ user_id: 'u', number, title: 's' }))
  const product = await openProduct({
    modules: [geography, vault, crew],
    tenants: ['acme', 'globex'].map(key => ({ key, subscribe: ['crew@1'] })),
  })
  t.after(() => product.close())
  const [acme, globex] = [await product.token('acme'), await product.token('globex')]
  const body = { username: 'u', title: 'x'.repeat(9_900_000) }
  assert.equal((await product.ask(`/acme/crew/v1/${users.name}`, { token: acme, body })).status, 201)
  assert.equal((await product.ask(`/acme/crew/v1/${sessions.name}`, { token: acme, body: rows })).status, 201)
  const answer = await product.ask(`/acme/crew/v1/${sessions.name}?select=users(title)`, { token: acme, method: 'GET' })
  assert.equal(answer.status, 413)
  assert.equal((await product.ask(`/globex/crew/v1/${users.name}`, { token: globex })).status, 200)
})
