// F3.4 and F5.10: pages by keyset.
import assert from 'node:assert/strict'
import type { OutgoingHttpHeaders } from 'node:http'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { type Answer, jsonOf } from './client.ts'
import { openDesk } from './desk.ts'
import type { OpenProduct } from './open-product.ts'

type Row = Readonly<Record<string, unknown>>

let product: OpenProduct
const tokens: Record<string, string> = {}
const keyset = { prefer: 'paging=keyset' }
const tenants = ['acme', 'globex'] as const

/** The same ids and the same texts but for the tenant's name, so that a page of the wrong one is seen. */
const rowsOf = (tenant: string) =>
  Array.from({ length: 23 }, (_, index) => ({
    id: `00000000-0000-7000-8000-0000000000${(index + 16).toString(16)}`,
    title: `${tenant} ${String(index % 4)}`,
    pages: index % 3,
    price: index % 5 === 0 ? null : `${index % 7}.50`,
    due: index % 4 === 0 ? null : `2026-01-0${(index % 6) + 1}`,
    sent_at: index % 3 === 0 ? null : `2026-01-01T00:00:00.00000${index % 5}+00:00`,
    tags: index % 2 === 0 ? ['a,"b'] : [],
    code: index % 6 === 0 ? null : `c"${index}\\,`,
  }))

before(async () => {
  product = await openDesk({ config: { tenantDomain: 'example.test' } })
  for (const tenant of tenants) {
    tokens[tenant] = await product.token(tenant)
    await ask(`/${tenant}/desk/v1/papers`, { prefer: 'purge' }, tenant, undefined, 'DELETE')
    const made = await ask(`/${tenant}/desk/v1/papers`, {}, tenant, rowsOf(tenant))
    assert.equal(made.status, 201, made.text)
  }
})
after(() => product?.close())

function ask(path: string, headers: OutgoingHttpHeaders = keyset, tenant = 'acme', body?: unknown, method?: string) {
  const token = tokens[tenant] ?? ''
  return product.ask(path, { token, headers, body, ...(method !== undefined && { method }) })
}

function nextOf({ headers }: Answer): string | undefined {
  const { link } = headers
  const text = Array.isArray(link) ? link[0] : link
  return text === undefined ? undefined : (/^<([^>]+)>; rel="next"$/.exec(text)?.[1] ?? assert.fail(text))
}

/** All pages, with `between` done after each. */
async function walk(
  first: string,
  tenant = 'acme',
  between: (page: number) => Promise<unknown> = async () => {},
  headers = keyset,
) {
  const pages: Row[][] = []
  for (let path: string | undefined = first; path !== undefined; ) {
    const answer: Answer = await ask(path, headers, tenant)
    assert.equal(answer.status, 200, answer.text)
    pages.push(jsonOf<Row[]>(answer))
    path = nextOf(answer)
    await between(pages.length)
    assert.ok(pages.length < 100, 'the pages end')
  }
  return pages
}

const orders = [
  '',
  'title',
  'title.desc',
  'pages.desc,title',
  'pages,title.desc,due',
  'price',
  'price.desc',
  'price.nullsfirst',
  'price.desc.nullslast,due.nullsfirst',
  'due.desc,price,title.desc',
  'sent_at.desc,pages',
  'sent_at.nullsfirst,price.desc',
  'tags,code',
  'code.desc.nullslast',
  'kind,id.desc',
  'deleted_at,updated_at.desc',
  'extra,pages.desc',
]

for (const order of orders) {
  test(`the pages ordered by ${order || 'nothing'} are the whole list, for each tenant its own`, async () => {
    for (const tenant of tenants) {
      const base = `/${tenant}/desk/v1/papers?select=id,title`
      const ordered = order === '' ? '' : `&order=${order}`
      const last = order.split(',').at(-1) ?? ''
      const key = order.includes('id')
        ? ''
        : `${order === '' ? '&order=' : ','}id${last.includes('.desc') ? '.desc' : ''}`
      const whole = jsonOf<Row[]>(await ask(`${base}${ordered}${key}`, {}, tenant))
      assert.equal(whole.length, 23)
      for (const limit of [1, 5, 22, 23, 24]) {
        const pages = await walk(`${base}${ordered}&limit=${limit}`, tenant)
        assert.deepEqual(pages.flat(), whole, `${order} ${limit}`)
        assert.equal(pages.length, Math.ceil(23 / limit))
      }
    }
  })
}

test('the answer is as without paging, and says that it was heard', async () => {
  const path =
    '/acme/desk/v1/papers?select=title,lines(label)&order=title,id&limit=3&pages=gte.1&or=(kind.eq.letter,code.not.is.null)'
  const [plain, paged] = [
    await ask(path, { prefer: 'count=exact' }),
    await ask(path, { prefer: 'count=exact,paging=keyset' }),
  ]
  assert.equal(paged.text, plain.text)
  assert.deepEqual([paged.status, paged.headers['content-range']], [206, plain.headers['content-range']])
  assert.equal(paged.headers['preference-applied'], 'count=exact, paging=keyset')
  assert.equal(plain.headers.link, undefined)
  const second = await ask(nextOf(paged) ?? '', { prefer: 'count=exact' })
  // How many are before it nobody has counted; how many there are, yes.
  assert.equal(second.headers['content-range'], `*/${plain.headers['content-range']?.split('/')[1]}`)
  assert.equal((await ask(nextOf(paged) ?? '', {})).text, second.text)
  const head = await ask(path, { prefer: 'paging=keyset' }, 'acme', undefined, 'HEAD')
  assert.equal(nextOf(head), nextOf(paged))
})

test('the link works under every address of the tenant, and for one object and CSV', async () => {
  const across = '/acme/rest/v1/papers?select=title&order=title&limit=9'
  const named = { ...keyset, 'accept-profile': 'desk' }
  assert.equal((await walk(across, 'acme', undefined, named)).flat().length, 23)
  const host = { ...keyset, host: 'acme.example.test' }
  const own = await ask('/desk/v1/papers?limit=20', host)
  assert.match(nextOf(own) ?? '', /^\/desk\/v1\/papers\?limit=20&\$after=/)
  assert.equal(jsonOf<Row[]>(await ask(nextOf(own) ?? '', host)).length, 3)
  const one = await ask('/acme/desk/v1/papers?limit=1&order=id', {
    ...keyset,
    accept: 'application/vnd.pgrst.object+json',
  })
  assert.equal(jsonOf(one).id, rowsOf('acme')[0]?.id)
  const csv = await ask(nextOf(one) ?? '', { accept: 'text/csv' })
  assert.ok(csv.text.includes(rowsOf('acme')[1]?.id ?? '') && csv.text.split('\n').length === 2, csv.text)
})

test('a list without rows, of no rows, or with all of them has no next page', async () => {
  for (const query of ['limit=0', 'limit=23', 'title=eq.none', 'limit=500'])
    assert.equal((await ask(`/acme/desk/v1/papers?${query}`)).headers.link, undefined, query)
})

test('a token of another tenant, entity, order, filter, selection or deletion, or altered, is refused', async () => {
  const list = '/acme/desk/v1/papers'
  const query = 'limit=4&order=title&select=id'
  const next = nextOf(await ask(`${list}?${query}`)) ?? ''
  const token = next.split('$after=')[1] ?? ''
  const refused = async (path: string, headers: OutgoingHttpHeaders = {}, tenant = 'acme') => {
    const answer = await ask(path, headers, tenant)
    const { code, message } = jsonOf(answer)
    assert.deepEqual([answer.status, code, message], [400, 'invalid', '$after is no place in this list'], path)
  }
  assert.equal((await ask(next, {})).status, 200)
  await refused(next.replace('acme', 'globex'), {}, 'globex')
  await refused(next.replace('/desk/', '/attic/'))
  await refused(next.replace('/papers', '/meters'))
  await refused(next, { prefer: 'deleted=include' })
  for (const [a, b] of [
    ['order=title', 'order=title.desc'],
    ['order=title', 'order=due'],
    ['select=id', 'select=title'],
    ['limit=4', 'limit=5'],
    ['limit=4', 'limit=4&pages=eq.1'],
  ] as const) {
    await refused(next.replace(a, b))
  }
  const [values = '', signature = ''] = token.split('.')
  const other = Buffer.from('["zzz","00000000-0000-7000-8000-000000000010"]').toString('base64url')
  for (const altered of [
    '',
    '.',
    values,
    `${other}.${signature}`,
    `${values}.${signature.slice(1)}`,
    `${token}x`,
    'x'.repeat(5_000),
  ])
    await refused(`${list}?${query}&$after=${altered}`)
  for (let at = 0; at < token.length; at++) {
    const flipped = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`
    if (flipped !== token) await refused(`${list}?${query}&$after=${flipped}`)
  }
})

test("an instance's pages are for that instance", async () => {
  const [north, south] = await Promise.all(
    ['north', 'south'].map(instance => product.token('acme', { roles: ['keeper'], instance })),
  )
  const list = '/acme/desk/v1/meters?limit=2'
  for (const token of [north, south]) {
    const body = [1, 2, 3].map(value => ({ id: `00000000-0000-7000-8000-00000000000${value}`, title: 'm', value }))
    await product.ask('/acme/desk/v1/meters', { body, ...(token && { token }) })
  }
  const first = await product.ask(list, { headers: keyset, ...(north && { token: north }) })
  const next = nextOf(first) ?? ''
  assert.equal((await product.ask(next, { ...(south && { token: south }) })).status, 400)
  assert.equal(jsonOf<Row[]>(await product.ask(next, { ...(north && { token: north }) })).length, 1)
  // Who sees both has rows of the same key, told apart by the instance.
  const all = await walk('/acme/desk/v1/meters?limit=1&select=id,instance_id')
  assert.equal(new Set(all.flat().map(row => JSON.stringify(row))).size, 6)
})

test('what has no place in an order is refused, and a write has no pages', async () => {
  const list = '/acme/desk/v1/papers'
  for (const [path, says] of [
    [`${list}?order=extra->a`, /plain fields/],
    [`/acme/desk/v1/lines?select=*,papers(*)&order=papers(title)`, /plain fields/],
    [`${list}?offset=3`, /offset/],
  ] as const) {
    const answer = await ask(path)
    assert.equal(answer.status, 400, path)
    assert.match(String(jsonOf(answer).message), says)
  }
  assert.equal((await ask(list, { ...keyset, range: '3-5' })).status, 400)
  const next = nextOf(await ask(`${list}?limit=4`)) ?? ''
  for (const method of ['PATCH', 'DELETE', 'POST']) {
    const answer = await ask(next, {}, 'acme', method === 'DELETE' ? undefined : { title: 'lost' }, method)
    assert.equal(answer.status, 400, method)
  }
  assert.equal((await ask(`${list}?title=eq.lost`)).text, '[]')
  const long = `/acme/desk/v1/lines?order=label&limit=1`
  const [paper] = rowsOf('acme')
  const made = [1, 2].map(() => ({ paper_id: paper?.id, label: 'x'.repeat(4_000) }))
  assert.equal((await ask('/acme/desk/v1/lines', {}, 'acme', made)).status, 201)
  assert.match(String(jsonOf(await ask(long)).message), /too long/)
})

test('rows that come and go between pages never make another be shown twice or not at all', async () => {
  const list = '/globex/desk/v1/papers'
  const order = fc.uniqueArray(fc.constantFrom('title', 'pages', 'price', 'due', 'sent_at', 'code', 'id'), {
    maxLength: 3,
  })
  const direction = fc.constantFrom('', '.desc', '.nullsfirst', '.desc.nullslast', '.asc.nullslast', '.desc.nullsfirst')
  const change = fc.record({ pages: fc.integer({ min: 0, max: 3 }), title: fc.constantFrom('globex 0', 'globex 9') })
  const stays = new Set(rowsOf('globex').map(({ id }) => id))
  await fc.assert(
    fc.asyncProperty(
      order,
      fc.array(direction, { minLength: 3, maxLength: 3 }),
      fc.integer({ min: 1, max: 9 }),
      fc.array(change, { minLength: 1 }),
      async (names, ways, limit, changes) => {
        const ordered = names.map((name, index) => `${name}${ways[index]}`).join()
        const made: string[] = []
        const pages = await walk(
          `${list}?select=id&limit=${limit}${ordered && `&order=${ordered}`}`,
          'globex',
          async page => {
            // What is added behind the cursor for ever would be shown for ever.
            if (page > 12) return
            const answer = await ask(
              list,
              { prefer: 'return=representation' },
              'globex',
              changes[page % changes.length],
            )
            made.push(String(jsonOf<Row[]>(answer)[0]?.id))
            const gone = page % 2 === 0 ? made.shift() : undefined
            if (gone !== undefined)
              await ask(`${list}?id=eq.${gone}`, { prefer: 'purge' }, 'globex', undefined, 'DELETE')
          },
        )
        await ask(`${list}?id=in.(${made.join()})`, { prefer: 'purge' }, 'globex', undefined, 'DELETE')
        const seen = pages.flat().map(({ id }) => String(id))
        assert.equal(new Set(seen).size, seen.length, 'none twice')
        assert.deepEqual(new Set(seen.filter(id => stays.has(id))), stays, 'none skipped')
      },
    ),
    { numRuns: 25 },
  )
})
