import assert from 'node:assert/strict'
import type { OutgoingHttpHeaders } from 'node:http'
import { after, before, test } from 'node:test'
import { type Answer, jsonOf } from './client.ts'
import { ids, openDesk } from './desk.ts'
import type { OpenProduct } from './open-product.ts'

type Row = Readonly<Record<string, unknown>>

let product: OpenProduct
let acme: string
let globex: string

before(async () => {
  product = await openDesk()
  acme = await product.token('acme')
  globex = await product.token('globex')
})
after(() => product?.close())

const papers = '/acme/desk/v1/papers'
const shown = { prefer: 'return=representation' }

function ask(method: string, path: string, body?: unknown, headers: OutgoingHttpHeaders = {}): Promise<Answer> {
  return product.ask(path, { method, token: acme, headers, body })
}

/** Of the answer's rows the first. */
function rowOf(answer: Answer): Row {
  return jsonOf<Row[]>(answer)[0] ?? assert.fail(answer.text)
}

/** All of a new row, as it is read. */
async function record(path = papers, row: Row = { title: 'A paper', due: '2026-03-01', price: '10.50' }): Promise<Row> {
  const made = rowOf(await ask('POST', path, row, shown))
  const { id } = made
  return id === undefined ? made : rowOf(await ask('GET', `${path}?id=eq.${id}`))
}

const at = ({ id }: Row) => `${papers}?id=eq.${id}`

function sends(row: Row, more: Row = {}): [method: string, path: string, body: Row, headers: OutgoingHttpHeaders][] {
  const body = { ...row, ...more }
  return [
    ['PATCH', at(row), body, shown],
    ['PUT', at(row), body, shown],
    ['POST', papers, body, { prefer: 'return=representation,resolution=merge-duplicates' }],
  ]
}

test('a whole record that is sent back changes what is different in it', async () => {
  for (const index of [0, 1, 2]) {
    const row = await record()
    assert.deepEqual(Object.keys(row).length, 18)
    const [method, path, body, headers] = sends(row, { pages: 7, title: 'Else' })[index] ?? assert.fail()
    const answer = await ask(method, path, body, headers)
    assert.equal(answer.status, 200, answer.text)
    const { updated_at, ...changed } = rowOf(answer)
    const { updated_at: before, ...same } = row
    assert.notEqual(updated_at, before)
    assert.deepEqual(changed, { ...same, pages: 7, title: 'Else', revision: 2, words: "'else':1" }, method)
  }
})

test('what a payload cannot write is refused by name when it is not as the row has it, and nothing is changed', async () => {
  const row = await record()
  const wrong: Row = {
    created_at: '2020-01-01T00:00:00+00:00',
    updated_at: '2020-01-01T00:00:00+00:00',
    created_by: 'somebody else',
    updated_by: null,
    words: "'other':1",
  }
  for (const [name, value] of Object.entries(wrong)) {
    for (const [method, path, body, headers] of sends(row, { pages: 9, [name]: value })) {
      const answer = await ask(method, path, body, headers)
      assert.equal(answer.status, 400, `${method} ${name} ${answer.text}`)
      const { fields, message } = jsonOf<{ fields: Row; message: string }>(answer)
      assert.deepEqual([fields, message], [{ [name]: ['cannot be changed'] }, `"${name}" of papers cannot be changed`])
    }
  }
  const { fields } = jsonOf(await ask('PATCH', at(row), { ...row, ...wrong, id: ids.new }))
  assert.deepEqual(Object.keys(fields as Row), ['id', 'words', 'created_at', 'updated_at', 'created_by', 'updated_by'])
  assert.deepEqual(rowOf(await ask('GET', at(row))), row)
})

test('a stale record is told to be stale, and not what has changed since', async () => {
  const row = await record()
  assert.equal((await ask('PATCH', at(row), { pages: 1 })).status, 204)
  for (const [method, path, body, headers] of sends(row)) {
    const answer = await ask(method, path, body, headers)
    assert.deepEqual([answer.status, jsonOf(answer).code], [409, 'stale_revision'], method)
  }
})

test('the tenant is refused always, also when it is the right one', async () => {
  const row = await record()
  for (const [method, path, body, headers] of sends(row, { tenant_id: 'acme' }))
    assert.equal((await ask(method, path, body, headers)).status, 403)
})

test("another tenant's record of the same key is neither compared nor changed", async () => {
  const id = ids.one
  const [mine, theirs] = await Promise.all([
    ask('GET', `${papers}?id=eq.${id}`),
    product.ask(`/globex/desk/v1/papers?id=eq.${id}`, { token: globex }),
  ])
  assert.notEqual(rowOf(mine).created_at, rowOf(theirs).created_at)
  const foreign = rowOf(theirs)
  for (const [method, path, body, headers] of sends(foreign)) {
    const answer = await ask(method, path, body, headers)
    assert.equal(answer.status, 400)
    assert.ok(!answer.text.includes('globex'))
  }
  assert.deepEqual(rowOf(await product.ask(`/globex/desk/v1/papers?id=eq.${id}`, { token: globex })), foreign)
})

test('a record that is gone is not made again with times of its own', async () => {
  const row = await record()
  await ask('DELETE', at(row), undefined, { prefer: 'purge' })
  assert.equal((await ask('PATCH', at(row), row)).status, 204)
  for (const method of ['PUT', 'POST']) {
    const [, path, body, headers] = sends(row)[method === 'PUT' ? 1 : 2] ?? assert.fail()
    const answer = await ask(method, path, body, headers)
    assert.equal(answer.status, 400, answer.text)
    assert.ok(Object.keys(jsonOf<{ fields: Row }>(answer).fields).includes('created_at'))
  }
  assert.equal((await ask('GET', at(row))).text, '[]')
  // What says nothing is as good as left out.
  const empty = { id: row.id, title: 'Anew', created_at: null, revision: 1, deleted_at: null }
  assert.equal((await ask('PUT', at(row), empty)).status, 204)
})

test('many records at once, some of them new, some with defaults for what they lack', async () => {
  const rows = [await record(), await record(), await record()]
  const headers = { prefer: 'return=representation,resolution=merge-duplicates,missing=default' }
  const fresh = { title: 'Fresh' }
  const sent = [...rows.map(row => ({ ...row, pages: 3 })), fresh]
  const columns = Object.keys(rows[0] ?? {}).filter(name => name !== 'id')
  assert.equal((await ask('POST', papers, sent, headers)).status, 400)
  const answer = await ask('POST', `${papers}?columns=id,${columns.join()}`, sent, headers)
  assert.equal(answer.status, 201, answer.text)
  assert.deepEqual(
    jsonOf<Row[]>(answer).map(({ pages, revision }) => [pages, revision]),
    [
      [3, 2],
      [3, 2],
      [3, 2],
      [0, 1],
    ],
  )
  // One stale record takes all with it.
  const mixed = await ask('POST', papers, [rows[0], await record()], headers)
  assert.equal(mixed.status, 409)
})

test('a record with a key of its own and without revision comes back too', async () => {
  const places = '/acme/desk/v1/places'
  const row = await record(places, { room: 'a', shelf: 1, note: 'x', seal: '\\x01' })
  const where = `${places}?room=eq.a&shelf=eq.1`
  assert.equal((await ask('PATCH', where, { ...row, note: 'y' })).status, 204)
  const stale = await ask('PUT', where, { ...row, note: 'z' })
  assert.deepEqual(jsonOf(stale).fields, { updated_at: ['cannot be changed'] })
  const current = rowOf(await ask('GET', where))
  assert.equal((await ask('PUT', where, { ...current, note: 'z' })).status, 204)
  assert.deepEqual(jsonOf(await ask('PATCH', where, { shelf: 2 })).fields, { shelf: ['cannot be changed'] })
})

test('a deleted record is sent back as it was, or restored', async () => {
  const row = await record()
  await ask('DELETE', at(row))
  const deleted = rowOf(await ask('GET', at(row), undefined, { prefer: 'deleted=only' }))
  const headers = { prefer: 'deleted=only,return=representation' }
  const changed = rowOf(await ask('PATCH', at(row), { ...deleted, pages: 5 }, headers))
  assert.deepEqual([changed.pages, changed.deleted_at], [5, deleted.deleted_at])
  const other = { ...changed, deleted_at: '2020-01-01T00:00:00Z' }
  assert.equal((await ask('PATCH', at(row), other, headers)).status, 400)
  assert.equal(rowOf(await ask('PATCH', at(row), { ...changed, deleted_at: null }, headers)).deleted_at, null)
})

test('of many who send back the same record at once one is heard, also without a revision', async () => {
  const places = '/acme/desk/v1/places'
  const row = await record(places, { room: 'race', shelf: 1 })
  const where = `${places}?room=eq.race&shelf=eq.1`
  for (const method of ['PATCH', 'PUT']) {
    const current = rowOf(await ask('GET', where))
    const statuses = await Promise.all(
      Array.from(
        { length: 12 },
        async (_, note) => (await ask(method, where, { ...current, note: String(note) })).status,
      ),
    )
    assert.deepEqual(statuses.sort(), [204, ...Array.from({ length: 11 }, () => 400)])
  }
  assert.notEqual(rowOf(await ask('GET', where)).note, row.note)
})
