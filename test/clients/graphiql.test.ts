// F6.1: the page of GraphQL, in a browser that may ask nobody else.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineModule } from '../../src/app/define-module.ts'
import { entity } from '../../src/core/entity.ts'
import { text } from '../../src/core/field.ts'
import { openProduct } from '../http/open-product.ts'
import { wholeOnly } from '../whole.ts'
import { launchBrowser, noBrowser } from './chromium.ts'

const orders = entity('orders', { title: text() }, { changes: true })
const shop = defineModule({ name: 'shop', version: '1.0.0', entities: [orders], access: { admin: 'tenant_writer' } })

if (noBrowser && process.env.CI === 'true') test('there is a browser', () => assert.fail(String(noBrowser)))

test('the page loads from its own origin, reads the schema, asks and follows', {
  skip: wholeOnly || noBrowser,
}, async () => {
  const tenants = ['acme', 'globex'].map(key => ({ key, subscribe: ['shop@1'] }))
  const product = await openProduct({ modules: [shop], tenants })
  const browser = await launchBrowser()
  try {
    const page = await browser.newPage()
    const asked: string[] = []
    const refused: string[] = []
    page.on('request', request => asked.push(request.url()))
    page.on('console', message => {
      if (/content security|violates/i.test(message.text())) refused.push(message.text())
    })
    page.on('pageerror', error => refused.push(String(error)))
    const token = await product.token('acme')
    const query = 'subscription { ordersChanged { operation row { title } } }'
    await page.addInitScript(
      ([headers, query]) => {
        if (localStorage.getItem('graphiql:headers') !== null) return
        localStorage.setItem('graphiql:query', query ?? '')
        localStorage.setItem('graphiql:headers', headers ?? '')
      },
      [JSON.stringify({ Authorization: `Bearer ${token}` }), query],
    )
    await page.goto(`${product.url}/acme/shop/v1/graphql`)
    await page.locator('.graphiql-execute-button').waitFor({ timeout: 20_000 })
    const shows = (wanted: string) => page.locator('body').filter({ hasText: wanted }).waitFor({ timeout: 10_000 })
    const run = () => page.locator('.graphiql-execute-button').click()
    // The schema is asked for with the token that stands among the headers.
    await page.waitForResponse(async answer => (await answer.text()).includes('"__schema"'), { timeout: 10_000 })
    await run()
    for (let n = 0; !(await page.locator('body').innerText()).includes('of-acme'); n++) {
      assert.ok(n < 50, 'no event is shown')
      for (const tenant of ['globex', 'acme']) {
        const body = { title: `of-${tenant}` }
        await product.ask(`/${tenant}/shop/v1/orders`, { token: await product.token(tenant), body })
      }
      await page.waitForTimeout(200)
    }
    assert.ok(!(await page.locator('body').innerText()).includes('of-globex'))
    await run()
    await page.evaluate(`localStorage.setItem('graphiql:query', '{ countOrders }')`)
    await page.reload()
    await page.locator('.graphiql-execute-button').waitFor({ timeout: 10_000 })
    await run()
    await shows('"countOrders":')
    if (process.env.TENANTRY_TEST_SCREENSHOT) await page.screenshot({ path: process.env.TENANTRY_TEST_SCREENSHOT })
    assert.deepEqual(refused, [])
    assert.deepEqual(
      asked.filter(url => !url.startsWith(product.url) && !url.startsWith('data:')),
      [],
    )
  } finally {
    await browser.close()
    await product.close()
  }
})
