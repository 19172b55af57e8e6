import assert from 'node:assert/strict'
import type { OutgoingHttpHeaders } from 'node:http'
import { after, before, test } from 'node:test'
import { type Answer, jsonOf, revisionOf } from './client.ts'
import { ids, openDesk } from './desk.ts'
import type { OpenProduct } from './open-product.ts'

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

function ask(method: string, path: string, headers: OutgoingHttpHeaders = {}, body?: unknown): Promise<Answer> {
  return product.ask(path, { method, token: acme, headers, body })
}

/** A paper of acme's, as new. */
async function paper(title = 'A paper'): Promise<{ id: string; at: string }> {
  const answer = await ask('POST', papers, { prefer: 'return=representation' }, { title })
  assert.deepEqual([answer.status, revisionOf(answer)], [201, '"1"'])
  const [{ id } = { id: '' }] = jsonOf<{ id: string }[]>(answer)
  return { id, at: `${papers}?id=eq.${id}` }
}

async function titleAt(at: string): Promise<unknown> {
  return jsonOf<{ title: string }[]>(await ask('GET', `${at}&select=title`))[0]?.title
}

test('one row that is named by its key has its revision as a tag, whichever of its fields are shown', async () => {
  const { at } = await paper()
  for (const [method, path] of [
    ['GET', at],
    ['HEAD', at],
    ['GET', `${at}&select=title`],
    ['GET', `${at}&select=title,changes:revision`],
    ['GET', `${at}&select=*,revision`],
    ['GET', `${at}&title=neq.x&limit=5`],
  ] as const) {
    const answer = await ask(method, path)
    assert.deepEqual([answer.status, revisionOf(answer)], [200, '"1"'], path)
    assert.match(String(answer.headers.vary), /Accept.*Authorization/)
  }
})

test('what is no such row has no tag: lists, other filters, embeds, counts, no row', async () => {
  const { id, at } = await paper()
  for (const path of [
    papers,
    `${papers}?id=in.(${id})`,
    `${papers}?id=not.eq.${id}`,
    `${papers}?or=(id.eq.${id},title.eq.x)`,
    `${at}&select=*,lines(*)`,
    `${at}&title=eq.no`,
    `/acme/desk/v1/places?room=eq.a&shelf=eq.1`,
  ]) {
    assert.equal((await ask('GET', path)).headers.etag, undefined, path)
  }
})

test('representations at one address have tags of their own', async () => {
  const { at, id } = await paper()
  const tag = async (path: string, headers: OutgoingHttpHeaders) => (await ask('GET', path, headers)).headers.etag
  const object = 'application/vnd.pgrst.object+json'
  const across = `/acme/rest/v1/papers?id=eq.${id}`
  const tags = [
    await tag(at, {}),
    await tag(at, { accept: 'text/csv' }),
    await tag(at, { accept: object }),
    await tag(at, { accept: `${object};nulls=stripped` }),
    await tag(across, { 'accept-profile': 'desk' }),
  ]
  const print = /^"1-([0-9a-f]{6})"$/.exec(String(tags[0]))?.[1]
  const variants = ['', '-csv', '-object', '-object-stripped', '-desk@1']
  assert.deepEqual(
    tags,
    variants.map(variant => `"1-${print}${variant}"`),
  )
  // Each of them names the revision to a write.
  for (const [index, listed] of tags.entries()) {
    const { at } = await paper()
    const { status } = await ask('PATCH', at, { 'if-match': String(listed) }, { pages: index })
    assert.equal(status, 204)
  }
})

test('a change answers the new tag, and a soft delete too; what is gone for good has none', async () => {
  const { at } = await paper()
  assert.equal(revisionOf(await ask('PATCH', at, {}, { pages: 1 })), '"2"')
  const shown = { prefer: 'return=representation' }
  assert.equal(revisionOf(await ask('PATCH', `${at}&select=title`, shown, { pages: 2 })), '"3"')
  assert.equal(revisionOf(await ask('DELETE', at)), '"4"')
  const deleted = await ask('GET', at, { prefer: 'deleted=include' })
  assert.equal(revisionOf(deleted), '"4"')
  assert.equal((await ask('DELETE', at, { prefer: 'purge' })).headers.etag, undefined)
  assert.equal(revisionOf(await ask('PUT', at, {}, { id: at.split('eq.')[1], title: 'Put' })), '"1"')
  assert.equal((await ask('PATCH', papers, {}, {})).headers.etag, undefined)
})

test('what the caller has already is 304 without a body, and only that', async () => {
  const { at } = await paper()
  const asked = async (noneMatch: string, path = at, headers: OutgoingHttpHeaders = {}) => {
    const { status, text, headers: got } = await ask('GET', path, { 'if-none-match': noneMatch, ...headers })
    if (status === 304) assert.deepEqual([text, got.etag === undefined, got['content-type']], ['', false, undefined])
    return status
  }
  const tag = String((await ask('GET', at)).headers.etag)
  assert.equal(await asked(tag), 304)
  assert.equal(await asked(`W/${tag}`), 304)
  assert.equal(await asked(`"0", ${tag}`), 304)
  // Of the same revision, when the row had other fields to show.
  assert.equal(await asked(tag.replace(/-[0-9a-f]{6}/, '-000000')), 200)
  assert.equal(await asked('*'), 304)
  assert.equal((await ask('HEAD', at, { 'if-none-match': tag })).status, 304)
  assert.equal(await asked(tag.replace('"1', '"2')), 200)
  assert.equal(await asked(`${tag.slice(0, -1)}-csv"`), 200)
  assert.equal(await asked(tag, at, { accept: 'text/csv' }), 200)
  assert.equal(await asked(tag, `${at}&select=*,lines(*)`), 200)
  assert.equal(await asked(tag, papers), 200)
  await ask('PATCH', at, {}, { pages: 3 })
  assert.equal(await asked(tag), 200)
})

test('a read with If-Match is answered only in that revision', async () => {
  const { at } = await paper()
  assert.equal((await ask('GET', at, { 'if-match': '"1"' })).status, 200)
  assert.equal((await ask('GET', at, { 'if-match': '*' })).status, 200)
  assert.equal((await ask('GET', at, { 'if-match': '"2"' })).status, 412)
  assert.equal((await ask('GET', `${papers}?id=eq.${ids.new}`, { 'if-match': '*' })).status, 412)
  assert.equal((await ask('GET', `${at}&select=*,lines(*)`, { 'if-match': '"1"' })).status, 400)
})

test('a write from a stale copy is refused with 412 and changes nothing', async () => {
  for (const [method, body] of [
    ['PATCH', { title: 'Changed' }],
    ['PUT', { title: 'Changed' }],
    ['DELETE', undefined],
  ] as const) {
    const { at, id } = await paper('First')
    const payload = method === 'PUT' ? { id, ...body } : body
    for (const stale of ['"2"', 'W/"1"', '"0", "7"', '"x"', '"99999999999"']) {
      const answer = await ask(method, at, { 'if-match': stale }, payload)
      assert.deepEqual([answer.status, jsonOf(answer).code], [412, 'precondition_failed'], `${method} ${stale}`)
      assert.equal(await titleAt(at), 'First')
    }
    const current = await ask(method, at, { 'if-match': '"9", "1"' }, payload)
    assert.deepEqual([current.status, revisionOf(current)], [204, '"2"'])
    // The row has moved on, so the same tag is stale now.
    assert.equal((await ask(method, at, { 'if-match': '"1"' }, payload)).status, 412)
  }
})

test('a row that is not there, or another tenant has, fails every If-Match alike', async () => {
  const { at, id } = await paper()
  const elsewhere = `/globex/desk/v1/papers?id=eq.${id}`
  const nowhere = `/globex/desk/v1/papers?id=eq.${ids.new}`
  for (const match of ['"1"', '*']) {
    for (const [method, body] of [
      ['PATCH', { pages: 4 }],
      ['DELETE', undefined],
    ] as const) {
      const [other, none] = await Promise.all(
        [elsewhere, nowhere].map(path =>
          product.ask(path, { method, token: globex, headers: { 'if-match': match }, body }),
        ),
      )
      assert.equal(other?.status, 412)
      assert.equal(other?.plain, none?.plain)
    }
  }
  await ask('DELETE', at)
  assert.equal((await ask('PATCH', at, { 'if-match': '*' }, { pages: 5 })).status, 412)
  const restored = { prefer: 'deleted=only', 'if-match': '"2"' }
  assert.equal((await ask('PATCH', at, restored, { deleted_at: null })).status, 204)
  const put = { id: ids.new, title: 'Never' }
  assert.equal((await ask('PUT', `${papers}?id=eq.${ids.new}`, { 'if-match': '*' }, put)).status, 412)
  assert.equal((await ask('GET', `${papers}?id=eq.${ids.new}`)).text, '[]')
})

test('a patch of nothing still finds its row', async () => {
  const { at } = await paper()
  assert.equal((await ask('PATCH', at, { 'if-match': '"1"' }, {})).status, 204)
  assert.equal((await ask('PATCH', at, { 'if-match': '"2"' }, {})).status, 412)
})

test('of many changes of one copy at once exactly one is made', async () => {
  for (const method of ['PATCH', 'PUT', 'DELETE']) {
    const { at, id } = await paper()
    const statuses = await Promise.all(
      Array.from({ length: 20 }, async (_, pages) => {
        const body = method === 'DELETE' ? undefined : { pages, ...(method === 'PUT' && { id, title: 'Won' }) }
        return (await ask(method, at, { 'if-match': '"1"' }, body)).status
      }),
    )
    assert.deepEqual(statuses.sort(), [204, ...Array.from({ length: 19 }, () => 412)], method)
    const [row] = jsonOf<{ revision: number }[]>(
      await ask('GET', `${at}&select=revision`, { prefer: 'deleted=include' }),
    )
    assert.equal(row?.revision, 2)
  }
})

test('If-None-Match: * creates a row and leaves one that is there alone', async () => {
  const id = crypto.randomUUID()
  const create = { 'if-none-match': '*' }
  const merge = { ...create, prefer: 'resolution=merge-duplicates' }
  const at = `${papers}?id=eq.${id}`
  const statuses = await Promise.all(
    Array.from(
      { length: 10 },
      async (_, pages) => (await ask('PUT', at, create, { id, title: 'Created', pages })).status,
    ),
  )
  assert.deepEqual(statuses.sort(), [204, ...Array.from({ length: 9 }, () => 412)])
  assert.equal((await ask('POST', papers, merge, { id, title: 'Again' })).status, 412)
  assert.equal((await ask('POST', papers, create, { id, title: 'Again' })).status, 412)
  assert.equal(await titleAt(at), 'Created')
  assert.equal((await ask('POST', papers, merge, { title: 'Another' })).status, 201)
  const place = { room: 'a', shelf: 1 }
  const shelf = '/acme/desk/v1/places?room=eq.a&shelf=eq.1'
  assert.equal((await ask('PUT', shelf, create, place)).status, 204)
  assert.equal((await ask('PUT', shelf, create, place)).status, 412)
  // Another tenant's row of the same key is none.
  const other = await product.ask(shelf.replace('acme', 'globex'), {
    method: 'PUT',
    token: globex,
    headers: create,
    body: place,
  })
  assert.equal(other.status, 204)
})

test('a condition that cannot be kept is refused and never overheard', async () => {
  const { at } = await paper()
  const places = '/acme/desk/v1/places?room=eq.a&shelf=eq.7'
  for (const [method, path, headers, body] of [
    ['PATCH', `${papers}?title=eq.x`, { 'if-match': '"1"' }, { pages: 1 }],
    ['PATCH', `${papers}?id=in.(${ids.one})`, { 'if-match': '*' }, { pages: 1 }],
    ['DELETE', papers, { 'if-match': '"1"' }, undefined],
    ['POST', papers, { 'if-match': '"1"' }, { title: 'New' }],
    ['PATCH', places, { 'if-match': '"1"' }, { note: 'x' }],
    ['PATCH', '/acme/desk/v1/places?room=eq.a', { 'if-match': '*' }, { note: 'x' }],
    ['PATCH', at, { 'if-match': '1' }, { pages: 1 }],
    ['PATCH', at, { 'if-match': '"1" "2"' }, { pages: 1 }],
    ['PATCH', at, { 'if-match': Array.from({ length: 101 }, () => '"1"').join() }, { pages: 1 }],
    ['PATCH', at, { 'if-none-match': '*' }, { pages: 1 }],
    ['DELETE', at, { 'if-none-match': '"1"' }, undefined],
    ['PUT', at, { 'if-none-match': '"1"' }, { id: at.split('eq.')[1], title: 'New' }],
    ['POST', papers, { 'if-none-match': '*' }, [{ title: 'New' }, { title: 'New too' }]],
    ['PATCH', at, { 'if-none-match': '*', 'if-match': '"1"' }, { pages: 1 }],
    ['GET', papers, { 'if-match': '"1"' }, undefined],
  ] as const) {
    const answer = await ask(method, path, headers, body)
    assert.deepEqual(
      [answer.status, jsonOf(answer).code],
      [400, 'invalid'],
      `${method} ${path} ${JSON.stringify(headers)}`,
    )
  }
  assert.equal(revisionOf(await ask('GET', at)), '"1"')
})

test('instances have rows of their own, and whoever sees several of them names none by its key', async () => {
  const [north, south] = await Promise.all(
    ['north', 'south'].map(instance => product.token('acme', { roles: ['keeper'], instance })),
  )
  const meters = '/acme/desk/v1/meters'
  const id = crypto.randomUUID()
  const as = (token: string | undefined, method: string, headers: OutgoingHttpHeaders, body?: unknown) =>
    product.ask(method === 'POST' ? meters : `${meters}?id=eq.${id}`, {
      method,
      headers,
      body,
      ...(token && { token }),
    })
  for (const token of [north, south]) assert.equal((await as(token, 'POST', {}, { id, title: 'm' })).status, 201)
  assert.equal(revisionOf(await as(north, 'PATCH', { 'if-match': '"1"' }, { value: 1 })), '"2"')
  assert.equal(revisionOf(await as(south, 'GET', {})), '"1"')
  assert.equal((await as(south, 'PATCH', { 'if-match': '"2"' }, { value: 2 })).status, 412)
  // One of the two has revision 2.
  assert.equal((await as(acme, 'GET', {})).headers.etag, undefined)
  assert.equal((await as(acme, 'PATCH', { 'if-match': '"2"' }, { value: 3 })).status, 412)
  assert.equal((await as(acme, 'PATCH', { 'if-match': '*' }, { value: 3 })).status, 412)
})

test('a page of a browser sees the tag', async () => {
  const { headers } = await ask('GET', `${papers}?id=eq.${ids.one}`, { origin: 'https://app.example' })
  assert.match(String(headers['access-control-expose-headers']), /\bETag\b/)
})
