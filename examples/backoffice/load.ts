import { parseArgs } from 'node:util'
import { progress } from '@clack/prompts'
import { openProduct } from 'tenantry/platform'
import { generateRows } from './generate.ts'

const usage = 'npm run demo:load -- --tenants 100 --rows 10000   (rows are in all, spread over the tenants)'

const { values } = parseArgs({
  options: { tenants: { type: 'string', default: '10' }, rows: { type: 'string', default: '10000' } },
})
const tenants = wholeNumber('tenants', values.tenants, 10_000)
const rows = wholeNumber('rows', values.rows, 10_000_000)
const modules = ['invoices@1', 'customers@1', 'products@1']

const platform = await openProduct(import.meta.dirname)
try {
  const { operations, catalog } = platform
  const started = performance.now()
  const bar = progress({ max: tenants })
  bar.start(`Loading ${rows} rows into ${tenants} tenants`)
  let loaded = 0
  for (let number = 1; number <= tenants; number++) {
    const key = `demo-${String(number).padStart(4, '0')}`
    // A tenant that is there keeps its rows; the generated ones are the same each time, so that nothing is added twice.
    if (!catalog.find(key)) await operations.addTenant({ key, name: `Demo ${number}`, subscribe: modules })
    const share = Math.floor((rows * number) / tenants) - Math.floor((rows * (number - 1)) / tenants)
    for (const batch of generateRows(number, share)) {
      await operations.addRows(key, [batch])
      loaded += batch.rows.length
    }
    bar.advance(1, `${key}: ${loaded} rows`)
  }
  bar.stop(`${loaded} rows in ${tenants} tenants after ${((performance.now() - started) / 1_000).toFixed(1)} s`)
} finally {
  await platform.close()
}

function wholeNumber(name: string, text: string, greatest: number): number {
  const number = Number(text)
  if (/^\d+$/.test(text) && number >= 1 && number <= greatest) return number
  console.error(`--${name} must be a whole number from 1 to ${greatest}\n${usage}`)
  process.exit(2)
}
