import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import customers from '../../examples/backoffice/modules/customers/v1/module.ts'
import invoices from '../../examples/backoffice/modules/invoices/v1/module.ts'
import products from '../../examples/backoffice/modules/products/v1/module.ts'
import shared from '../../examples/backoffice/modules/shared/v1/module.ts'
import { acmeRows } from '../../examples/backoffice/rows/acme.ts'
import { launchBrowser, noBrowser } from '../clients/chromium.ts'
import { wholeOnly } from '../whole.ts'
import { type OpenProduct, openProduct } from './open-product.ts'

const modules = [shared, customers, products, invoices]
const ids = ['shared@1', 'customers@1', 'products@1', 'invoices@1']
const apis = { storefront: ['customers.customers.read', 'invoices.rpc.pay'] }

let whole: OpenProduct
let alone: OpenProduct[]

// Each of the four on a port of its own, and all together, at once.
before(async () => {
  const config = { name: 'Back <office>', products: apis }
  const tenants = [
    { key: 'acme', subscribe: ids, rows: acmeRows },
    { key: 'globex', subscribe: ['customers@1'] },
  ]
  whole = await openProduct({ modules, config, tenants })
  const beside = { modules, config, database: whole.database, variables: { PUBLIC_URL: whole.url } }
  alone = await Promise.all(ids.map(id => openProduct({ ...beside, alone: id })))
})
after(async () => {
  for (const each of [...(alone ?? []), whole]) await each?.close()
})

test('the page is the same for everybody, holds nothing of a tenant and lets nothing else in', async () => {
  const [one, other, nobody, deep] = await Promise.all(
    ['/acme/docs', '/globex/docs', '/nobody/docs', '/acme/nosuch/v1/docs'].map(path => whole.ask(path)),
  )
  assert.deepEqual([one?.status, one?.plain, one?.plain], [200, other?.plain, nobody?.plain])
  assert.equal(deep?.plain, one?.plain)
  assert.ok(one?.text.includes('Back &#60;office&#62;') && !/acme|customers/.test(one.text))
  assert.match(
    String(one?.headers['content-security-policy']),
    /^default-src 'none'; script-src 'self'; style-src 'self';/,
  )
  assert.doesNotMatch(one?.text ?? '', /https?:|<script>|style=| on\w+=/)
  for (const file of ['swagger-ui.js', 'swagger-ui.css', 'page.js', 'page.css']) {
    const { status, headers } = await whole.ask(`/acme/docs/${file}`, { headers: { 'accept-encoding': 'gzip' } })
    assert.deepEqual([status, headers['content-encoding'], headers['x-content-type-options']], [200, 'gzip', 'nosniff'])
    const again = await whole.ask(`/acme/docs/${file}`, { headers: { 'if-none-match': headers.etag ?? '' } })
    assert.equal(again.status, 304)
  }
  for (const file of ['package.json', '..%2f..%2fpackage.json', 'constructor'])
    assert.equal((await whole.ask(`/acme/docs/${file}`)).status, 404)
})

if (noBrowser && process.env.CI === 'true') test('there is a browser', () => assert.fail(String(noBrowser)))

describe('in Chromium', { skip: wholeOnly || noBrowser }, () => {
  let browser: Browser
  before(async () => {
    browser = await launchBrowser()
  })
  after(() => browser?.close())

  /** What a reader sees, and what the browser did for it. */
  async function read(address: string, token: string, send?: string) {
    const page = await browser.newPage()
    const asked: string[] = []
    const wrong: string[] = []
    page.on('request', request => asked.push(new URL(request.url()).origin))
    page.on('pageerror', error => wrong.push(String(error)))
    page.on('console', message => {
      if (/Content Security Policy/i.test(message.text())) wrong.push(message.text())
    })
    await page.goto(address)
    await page.locator('#said', { hasText: 'Paste an access token' }).waitFor()
    await page.fill('#token', token)
    await page.click('#access button')
    await page.locator('.opblock').first().waitFor()
    const operations = await page.locator('.opblock-summary-control').allInnerTexts()
    const answer = send === undefined ? undefined : await answerOf(page, send)
    await page.close()
    const shown = operations.map(text => text.replaceAll('\u200b', '').split(/\s+/).slice(0, 2).join(' '))
    return { shown, answer, wrong, origins: [...new Set(asked)].filter(origin => origin !== 'null') }
  }

  /** Sends the list of an entity as a reader does. */
  async function answerOf(page: Page, path: string): Promise<readonly [status: string, body: string]> {
    const operation = page.locator('.opblock-get', { has: page.locator(`[data-path="${path}"]`) })
    await operation.locator('.opblock-summary-control').click()
    await operation.locator('.btn.execute').click()
    const answer = operation.locator('.live-responses-table .response')
    const status = await answer.locator('.response-col_status').first().innerText()
    return [status.trim(), await answer.locator('.highlight-code').first().innerText()]
  }

  const firstPath: Readonly<Record<string, string>> = {
    'shared@1': '/addresses',
    'customers@1': '/customers',
    'products@1': '/products',
    'invoices@1': '/invoices',
  }
  for (const [index, id] of ids.entries()) {
    test(`the page of ${id} alone shows its operations, and asks nobody else`, async () => {
      const server = alone[index]
      assert.ok(server)
      const path = firstPath[id] ?? ''
      const seen = await read(`${server.url}/acme/${id.replace('@', '/v')}/docs`, await whole.token('acme'))
      assert.deepEqual([seen.wrong, seen.origins], [[], [server.url]])
      assert.ok(seen.shown.includes(`GET ${path}`) && seen.shown.includes(`DELETE ${path}`), seen.shown.join())
    })
  }

  test('requests are sent with the token of the reader, on pages that show what it may use', async () => {
    const auditor = await whole.token('acme', { roles: ['auditor'] })
    const all = await read(`${whole.url}/acme/docs`, auditor)
    assert.deepEqual([all.wrong, all.origins], [[], [whole.url]])
    assert.deepEqual([...new Set(all.shown.map(text => text.split(' ')[0]))], ['GET', 'POST'])
    for (const shown of ['POST /invoices/v1/rpc/open_invoices', 'GET /customers/v1/summary'])
      assert.ok(all.shown.includes(shown), all.shown.join())
    const composed = await read(`${whole.url}/acme/storefront/v1/docs`, auditor, '/customers')
    assert.deepEqual([composed.shown, composed.wrong], [['GET /customers'], []])
    assert.equal(composed.answer?.[0], '200')
    assert.match(composed.answer?.[1] ?? '', /00000000-0000-7000-8000-c/)
  })
})
