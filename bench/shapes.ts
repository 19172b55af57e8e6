import { compareInTurns } from './in-turns.ts'
import { openBench } from './open-bench.ts'
import { readOptions } from './options.ts'
import { requestText } from './request.ts'
import { settle } from './settle.ts'
import { someIds } from './some-ids.ts'
import { loadTenants } from './tenants.ts'
import type { Task } from './worker.ts'

const usage = `npm run bench:shapes -- [--rounds 5] [--seconds 2] [--connections 32] [--tenants 20] [--rows 10000] [--only "a list of 10"]

What a request costs that differs from those before it in its values only, by where the values stand: 1,000 different requests
of each form, in turns with point reads by id=eq.…, for 1,000 different rows. The ratio is the form's rate to that of point reads, per
round; the median is shown with the least and the greatest.`

const { rounds, seconds, connections, tenants, rows, only } = readOptions(usage, {
  rounds: 5,
  seconds: 2,
  connections: 32,
  tenants: 20,
  rows: 10_000,
  only: '',
})

/** The query of the request for the row at this place. */
type Form = (ids: readonly string[], at: number) => string
const idAt = (ids: readonly string[], at: number) => ids[at % ids.length] ?? ''

const customers = '/customers/v1/customers?'
const forms: Readonly<Record<string, Form>> = {
  'an encoded value': (ids, at) => `${customers}id=eq.${idAt(ids, at)}&title=neq.A%20B%20${at}`,
  'a list of one': (ids, at) => `${customers}id=in.(${idAt(ids, at)})`,
  'a list of 10': (ids, at) =>
    `${customers}id=in.(${Array.from({ length: 10 }, (_, next) => idAt(ids, at + next)).join(',')})`,
  'a logic tree': (ids, at) => `${customers}or=(id.eq.${idAt(ids, at)},id.eq.${idAt(ids, at + 1)})`,
  'a pattern': (ids, at) => `${customers}id=eq.${idAt(ids, at)}&title=not.like.*${at}`,
  'an embed': (ids, at) => `${customers}select=*,emails(address)&id=eq.${idAt(ids, at)}&emails.address=neq.a${at}`,
  'a call': (ids, at) => `/invoices/v1/rpc/open_invoices?customer_id=${idAt(ids, at)}`,
  'a list in no order': (_, at) => `${customers}title=neq.x${at}&limit=1`,
  'the second page': (_, at) => `${customers}title=neq.x${at}&order=id&limit=1&offset=1`,
}

const { platform, processes, close } = await openBench()
try {
  const tenant = await loadTenants(platform, tenants, rows)
  await settle(platform)
  const [server, { port }] = await processes.server('ignore')
  const worker = await processes.worker({ BENCH_TENANT: tenant, BENCH_TARGET: '' })
  const token = await platform.operations.issueToken({ tenant, roles: ['admin'] })
  const ids = await someIds(port, tenant, token, 1_000)
  const taskOf = (form: Form): Task => {
    const headers = { authorization: `Bearer ${token}` }
    const requests = ids.map((_, at) => requestText({ method: 'GET', path: `/${tenant}${form(ids, at)}`, headers }))
    return { kind: 'http', port, requests, connections, seconds }
  }
  const point = taskOf((ids, at) => `${customers}id=eq.${idAt(ids, at)}`)

  console.log('| values in | per second | point reads | ratio (least–greatest) |\n| --- | ---: | ---: | ---: |')
  for (const [name, form] of Object.entries(forms)) {
    if (only !== '' && name !== only) continue
    console.log(`| ${name} | ${await compareInTurns(worker, taskOf(form), point, rounds)} |`)
  }
  server.kill('SIGTERM')
} finally {
  await close()
}
