import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual, promisify } from 'node:util'
import {
  buildClientSchema,
  buildSchema,
  type GraphQLSchema,
  getIntrospectionQuery,
  lexicographicSortSchema,
  parse,
  printSchema,
  validate,
} from 'graphql'
import type { Browser, Page } from 'playwright-core'
import { customers } from '../../examples/backoffice/modules/customers/v1/customer.ts'
import customersModule from '../../examples/backoffice/modules/customers/v1/module.ts'
import { invoices } from '../../examples/backoffice/modules/invoices/v1/invoice.ts'
import { lineItems } from '../../examples/backoffice/modules/invoices/v1/line-item.ts'
import invoicesModule from '../../examples/backoffice/modules/invoices/v1/module.ts'
import productsModule from '../../examples/backoffice/modules/products/v1/module.ts'
import { products } from '../../examples/backoffice/modules/products/v1/product.ts'
import { emails } from '../../examples/backoffice/modules/shared/v1/email.ts'
import sharedModule from '../../examples/backoffice/modules/shared/v1/module.ts'
import { acmeRows } from '../../examples/backoffice/rows/acme.ts'
import { idOf } from '../../examples/backoffice/rows/ids.ts'
import { graphqlSchemaText } from '../../src/app/graphql-schema.ts'
import { openApiText } from '../../src/app/openapi-document.ts'
import { loadProduct } from '../../src/app/product.ts'
import { typesOfModules } from '../../src/app/types.ts'
import { seed } from '../../src/core/module.ts'
import { type OpenProduct, openProduct } from '../http/open-product.ts'
import { wholeOnly } from '../whole.ts'
import { launchBrowser, noBrowser } from './chromium.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const example = join(root, 'examples/backoffice-web')
const subscriptions = ['customers@1', 'products@1', 'invoices@1']
const folder = mkdtempSync(join(tmpdir(), 'tenantry-web-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const generated = (name: string) => readFileSync(join(example, 'src/generated', name), 'utf8')
/** A command of a package; some are programs of the machine's own. */
const run = (command: string, ...args: string[]) =>
  promisify(execFile)(join(root, 'node_modules/.bin', command), args, { cwd: example, timeout: 60_000 })

test('what the clients are generated from is what the definitions say today', async () => {
  const product = await loadProduct(join(root, 'examples/backoffice'))
  const admin = { subscriptions, roles: ['admin'] }
  const today = {
    'database.ts': typesOfModules(product, subscriptions).text,
    'products.json': await openApiText(product, { ...admin, module: 'products@1' }),
    'schema.graphql': graphqlSchemaText(product, admin),
  }
  for (const [name, text] of Object.entries(today))
    assert.equal(generated(name), `${text}\n`, 'Say: npm run generate --workspace examples/backoffice-web')
})

test('the documents ask for what there is; one that asks for anything else is refused', () => {
  const schema = buildSchema(generated('schema.graphql'))
  const faults = (text: string) => validate(schema, parse(text)).map(({ message }) => message)
  const documents = globSync('src/documents/*.graphql', { cwd: example }).map(file =>
    readFileSync(join(example, file), 'utf8'),
  )
  assert.equal(documents.length, 2)
  for (const text of documents) {
    assert.deepEqual(faults(text), [])
    const [wrong = ''] = faults(text.replace(/\bnumber$/m, 'numbre'))
    assert.match(wrong, /Cannot query field "numbre" on type "Invoice"/)
  }
})

const wrong = `import { openClients } from '${example}/src/clients.ts'
import { PayDocument, UnpaidInvoicesDocument } from '${example}/src/generated/graphql.ts'

const { rest, products, graphql } = openClients({ url: 'http://localhost', tenant: 'acme', token: '' })

export async function rows() {
  const { data } = await rest.from('customers').select('title, emails(address)').single()
  data?.title satisfies string | undefined
  // @ts-expect-error there is no such field
  data?.titel
  // @ts-expect-error nor is it one of the related row
  data?.emails?.addres
  // @ts-expect-error and none is written
  await rest.from('customers').insert({ titel: 'x' })
  // @ts-expect-error or filtered by
  await rest.from('customers').select().eq('titel', 'x')
}

export async function openapi() {
  const { data } = await products.GET('/products', { params: { query: { stock: 'lt.3' } } })
  data?.[0]?.title satisfies string | undefined
  // @ts-expect-error there is no such field
  data?.[0]?.titel
  // @ts-expect-error nor such a filter
  await products.GET('/products', { params: { query: { stok: 'lt.3' } } })
  // @ts-expect-error and none is written
  await products.POST('/products', { body: { sku: 'x', titel: 'x', price: 3 } })
  // @ts-expect-error a stock is a number
  await products.PATCH('/products', { body: { stock: 'three' } })
  // @ts-expect-error nor is there such a path
  await products.GET('/customers')
}

export async function documents() {
  const { invoices } = await graphql(UnpaidInvoicesDocument, { most: 3 })
  invoices[0]?.total satisfies string | undefined
  // @ts-expect-error it was not asked for
  invoices[0]?.totl
  // @ts-expect-error there is no such variable
  await graphql(UnpaidInvoicesDocument, { moest: 3 })
  // @ts-expect-error an id is text
  await graphql(PayDocument, { invoiceId: 3 })
}
`

test('a wrong field, filter, path or variable is an error of the compiler with each of the three clients', async () => {
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(folder, 'wrong.ts'), wrong)
  const config = { extends: join(example, 'tsconfig.json'), include: ['*.ts', join(example, 'src')] }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  const { stdout } = await run('tsc', '-p', folder).catch((error: { stdout: string }) => error)
  assert.equal(stdout, '')
})

const types: Readonly<Record<string, string>> = { '.html': 'text/html', '.css': 'text/css', '.js': 'text/javascript' }

/** The page on an origin of its own, as its start script has it. */
async function servePage(bundle: string): Promise<{ server: Server; url: string }> {
  const server = createServer((request, response) => {
    const name = request.url === '/' ? 'index.html' : (request.url ?? '').slice(1)
    const file = name === 'main.js' ? bundle : join(example, 'public', name)
    response.writeHead(200, { 'content-type': types[extname(name)] ?? 'text/plain' }).end(readFileSync(file))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` }
}

/** Rows with the ids of acme's, and nothing else in common. */
const globexRows = [
  seed(emails, [{ id: idOf('email', 1), address: 'scorpio@globex.example' }]),
  seed(customers, [
    { id: idOf('customer', 1), title: 'Hank Scorpio', status: 'active', email_id: idOf('email', 1), credit: '7.50' },
  ]),
  seed(products, [{ id: idOf('product', 2), sku: 'G-1', title: 'Hammock', price: '49.00', stock: 5 }]),
  seed(invoices, [
    {
      ...{ id: idOf('invoice', 3), number: 'G-2026-001', customer_id: idOf('customer', 1), status: 'sent' },
      ...{ issued_on: '2026-01-01', due_on: '2026-02-01', total: '98.00' },
    },
  ]),
  seed(lineItems, [
    {
      ...{ invoice_id: idOf('invoice', 3), position: 1, product_id: idOf('product', 2), title: 'Hammock' },
      ...{ quantity: 2, unit_price: '49.00' },
    },
  ]),
]

// Where everything has to be checked a missing browser is a failure.
const skip = noBrowser
if (skip && process.env.CI === 'true') test('there is a browser', () => assert.fail(skip))

let product: OpenProduct
before(async () => {
  product = await openProduct({
    config: { name: 'Back office' },
    modules: [sharedModule, customersModule, productsModule, invoicesModule],
    tenants: [
      { key: 'acme', subscribe: subscriptions, rows: acmeRows },
      { key: 'globex', subscribe: subscriptions, rows: globexRows },
    ],
  })
})
after(() => product?.close())

test('what is written without a server is what a server answers, but for its address', async () => {
  const token = await product.token('acme')
  const served = JSON.parse((await product.ask('/acme/products/v1/openapi.json', { token })).text)
  const { servers, ...written } = JSON.parse(generated('products.json'))
  assert.deepEqual({ ...served, servers }, { ...written, servers })
  assert.deepEqual([servers[0].url, Object.keys(written.paths)], ['/{tenant}/products/v1', ['/products', '/low-stock']])

  const body = { query: getIntrospectionQuery() }
  const { data } = JSON.parse((await product.ask('/acme/graphql', { token, body })).text)
  const sorted = (schema: GraphQLSchema) => printSchema(lexicographicSortSchema(schema))
  assert.equal(sorted(buildClientSchema(data)), sorted(buildSchema(generated('schema.graphql'))))
})

describe('the page of the example, in Chromium', { skip: wholeOnly || skip }, () => {
  let browser: Browser
  let server: Server
  let page: Page

  before(async () => {
    const bundle = join(folder, 'main.js')
    await run('esbuild', 'src/main.ts', '--bundle', '--format=esm', `--outfile=${bundle}`)
    const served = await servePage(bundle)
    server = served.server
    browser = await launchBrowser()
    page = await browser.newPage()
    page.setDefaultTimeout(10_000)
    await page.goto(served.url)
    await page.fill('[name=url]', product.url)
  })
  after(async () => {
    await browser?.close()
    server?.closeAllConnections()
    server?.close()
  })

  /** The one page, as somebody of a tenant. */
  async function openAs(tenant: string, token: string): Promise<void> {
    await page.fill('[name=tenant]', tenant)
    await page.fill('[name=token]', token)
    await page.click('#sign-in button')
    await page.waitForSelector('main:not([hidden])')
  }
  const linesOf = async (section: string) =>
    (await page.locator(`#${section} tr`).allInnerTexts()).map(line => line.split(/[\t\n]+/))
  const alerts = () => page.locator('[role=alert]').allInnerTexts()

  const ofGlobex = {
    customers: [['Hank Scorpio', 'scorpio@globex.example', '7.50']],
    products: [['Hammock', 'G-1', '5 left', 'Order 10']],
    invoices: [['G-2026-001, Hank Scorpio', 'due 2026-02-01: 2 × Hammock', '98.00', 'Paid']],
  }
  async function seesGlobexAlone(): Promise<void> {
    await openAs('globex', await product.token('globex'))
    for (const [section, lines] of Object.entries(ofGlobex)) assert.deepEqual(await linesOf(section), lines)
    assert.deepEqual(await alerts(), ['', '', ''])
  }

  test('each tenant sees its own rows, by all three clients', async () => {
    await openAs('acme', await product.token('acme'))
    const has = async (section: string, line: string[]) =>
      assert.ok(
        (await linesOf(section)).some(found => isDeepStrictEqual(found, line)),
        (await linesOf(section)).join('\n'),
      )
    await has('customers', ['Wile E. Coyote', 'wile.e@coyote-genius.example', '10000.00'])
    await has('products', ['Rocket-powered roller skates', 'ACME-SKATE-RP', '6 left', 'Order 10'])
    const items = '5 × Earthquake pills, 2 × Dehydrated boulders, box of 12'
    await has('invoices', ['A-2026-003, Wile E. Coyote', `due 2026-05-20: ${items}`, '219.85', 'Paid'])
    assert.deepEqual(await alerts(), ['', '', ''])
    await seesGlobexAlone()
  })

  test('and writes its own alone, by all three', async () => {
    await openAs('acme', await product.token('acme'))
    await page.fill('#customers [name=title]', '<b>Zorro</b>')
    await page.click('#customers form button')
    await page.getByText('<b>Zorro</b>').waitFor()
    await page.locator('#products tr', { hasText: 'ACME-SKATE-RP' }).getByRole('button').click()
    await page.locator('#products tr', { hasText: /SKATE-RP16 left/ }).waitFor()
    await page.locator('#invoices tr', { hasText: 'A-2026-003' }).getByRole('button').click()
    await page.locator('#invoices tr', { hasText: 'A-2026-003' }).waitFor({ state: 'detached' })
    assert.deepEqual(await alerts(), ['', '', ''])
    await seesGlobexAlone()
  })

  test("says what the server says of another tenant's token, and of a change that only a writer may make", async () => {
    await openAs('globex', await product.token('acme'))
    assert.deepEqual(await alerts(), Array(3).fill('The token is for another tenant'))
    for (const section of Object.keys(ofGlobex)) assert.deepEqual(await linesOf(section), [])
    await openAs('acme', await product.token('acme', { roles: ['auditor'] }))
    await page.locator('#products').getByRole('button').first().click()
    await page.locator('#products [role=alert]:not(:empty)').waitFor()
    assert.match((await alerts()).join(), /permission denied/)
  })
})
