import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { type OpenProduct, openProduct } from '../http/open-product.ts'
import { wholeOnly } from '../whole.ts'
import { launchBrowser, noBrowser } from './chromium.ts'
import { clientModules, ids, twoTenants } from './world.ts'

const skip = noBrowser

const html = `<!doctype html><meta charset="utf-8"><title>Elsewhere</title>
<script type="importmap">{ "imports": { "@supabase/postgrest-js": "/postgrest-js.mjs" } }</script>`

/** Runs in the page. */
const program = `import { PostgrestClient } from '@supabase/postgrest-js'

export async function readAndWrite({ url, token, tenant, ada }) {
  const headers = { Authorization: 'Bearer ' + token }
  const client = new PostgrestClient(url + '/' + tenant + '/rest/v1', { headers, retry: false })
  const list = await client.from('customers').select('title, cities(name)', { count: 'exact' }).order('title').range(0, 1)
  const made = await client.schema('directory').from('cities').insert({ name: 'Kyiv ' + tenant }).select('name').single()
  const changed = await client.from('customers').update({ age: 40 }).eq('id', ada).select('age').single()
  const put = await client.from('cities').upsert({ name: 'Kyiv ' + tenant, country: 'UA' }, { onConflict: 'name' }).select('country').single()
  const removed = await client.from('cities').delete({ count: 'exact' }).eq('name', 'Kyiv ' + tenant)
  const counted = await client.from('customers').select('*', { count: 'exact', head: true })
  const refused = await client.from('cities').insert({ name: 'Berlin ' + tenant })
  const unknown = await client.from('nothing').select()
  return {
    list: [list.status, list.count, list.data],
    made: [made.status, made.data],
    changed: [changed.status, changed.data],
    put: put.data,
    removed: [removed.status, removed.count],
    counted: [counted.status, counted.count],
    refused: [refused.status, refused.error?.code],
    unknown: [unknown.status, unknown.error?.code],
  }
}

export async function ask({ url, token, tenant }) {
  const client = new PostgrestClient(url + '/' + tenant + '/rest/v1', {
    headers: token ? { Authorization: 'Bearer ' + token } : {},
    retry: false,
  })
  const { status, error } = await client.from('customers').select()
  return [status, error?.code, error?.message]
}

export async function headersOf({ url, token, tenant }) {
  const answer = await fetch(url + '/' + tenant + '/rest/v1/customers?limit=1', {
    headers: { Authorization: 'Bearer ' + token, Prefer: 'count=exact' },
  })
  return Object.fromEntries(['content-range', 'preference-applied', 'x-request-id'].map(name => [name, answer.headers.get(name)]))
}`

const library = readFileSync(fileURLToPath(import.meta.resolve('@supabase/postgrest-js')), 'utf8')

/** Another origin, with a page that has nothing of the platform's. */
async function serveElsewhere(): Promise<Server> {
  const files: Readonly<Record<string, readonly [type: string, text: string]>> = {
    '/': ['text/html', html],
    '/program.mjs': ['text/javascript', program],
    '/postgrest-js.mjs': ['text/javascript', library],
  }
  const server = createServer((request, response) => {
    const [type, text] = files[request.url ?? ''] ?? []
    if (type === undefined) response.writeHead(404).end()
    else response.writeHead(200, { 'content-type': type }).end(text)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return server
}

// Where everything has to be checked a missing browser is a failure.
if (skip && process.env.CI === 'true') test('there is a browser', () => assert.fail(skip))

describe('a page of another origin, in Chromium', { skip: wholeOnly || skip }, () => {
  let product: OpenProduct
  let server: Server
  let browser: Browser
  let page: Page

  before(async () => {
    browser = await launchBrowser()
    server = await serveElsewhere()
    product = await openProduct({ modules: clientModules, tenants: twoTenants })
    page = await browser.newPage()
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  })
  after(async () => {
    await browser?.close()
    server?.closeAllConnections()
    server?.close()
    await product?.close()
  })

  const inPage = (name: string, input: Readonly<Record<string, string | undefined>>) =>
    page.evaluate(
      `import('/program.mjs').then(program => program.${name}(${JSON.stringify({ url: product.url, ...input })}))`,
    )

  for (const tenant of ['acme', 'globex']) {
    test(`reads and writes as ${tenant} with postgrest-js`, async () => {
      const token = await product.token(tenant)
      assert.deepEqual(await inPage('readAndWrite', { token, tenant, ada: ids.ada }), {
        list: [
          206,
          3,
          [
            { title: `Ada of ${tenant}`, cities: { name: `Berlin ${tenant}` } },
            { title: `Bob of ${tenant}`, cities: { name: `Paris ${tenant}` } },
          ],
        ],
        made: [201, { name: `Kyiv ${tenant}` }],
        changed: [200, { age: 40 }],
        put: { country: 'UA' },
        removed: [204, 1],
        counted: [200, 3],
        refused: [409, '23505'],
        unknown: [404, 'PGRST205'],
      })
    })
  }

  test('may read what the server says of a refusal, too', async () => {
    const token = await product.token('acme')
    const [status, code, message] = (await inPage('ask', { token, tenant: 'globex' })) as unknown[]
    assert.deepEqual([status, code], [403, 'forbidden'])
    assert.ok(typeof message === 'string' && message !== '' && !message.includes('Failed to fetch'))
    const [anonymous] = (await inPage('ask', { tenant: 'acme' })) as unknown[]
    assert.equal(anonymous, 401)
    const [mistaken] = (await inPage('ask', { token: 'mistaken', tenant: 'acme' })) as unknown[]
    assert.equal(mistaken, 401)
  })

  test('sees the headers that clients need', async () => {
    const headers = (await inPage('headersOf', { token: await product.token('acme'), tenant: 'acme' })) as Record<
      string,
      string | null
    >
    assert.equal(headers['content-range'], '0-0/3')
    assert.equal(headers['preference-applied'], 'count=exact')
    assert.ok(headers['x-request-id'])
  })

  test('has no credentials of a browser to lend: none are allowed', async () => {
    const answer = await product.ask('/acme/rest/v1/customers', {
      method: 'OPTIONS',
      headers: {
        ...{ origin: 'https://elsewhere.example', 'access-control-request-method': 'PATCH' },
        'access-control-request-headers': 'authorization,content-profile,content-type,prefer,x-client-info',
      },
    })
    assert.equal(answer.status, 200)
    assert.equal(answer.headers['access-control-allow-origin'], '*')
    assert.equal(answer.headers['access-control-allow-credentials'], undefined)
    assert.match(String(answer.headers['access-control-allow-methods']), /PATCH/)
    assert.match(String(answer.headers['access-control-allow-headers']), /content-profile.*prefer/)
  })
})
