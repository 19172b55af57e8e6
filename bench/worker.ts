import { openProduct } from 'tenantry/platform'
import { checkPlan } from '../src/core/plan-check.ts'
import type { ConnectionTarget } from '../src/data/postgres/driver.ts'
import { Pool } from '../src/data/postgres/pool.ts'
import { settingsOf } from '../src/data/postgres/settings.ts'
import { statementOf } from '../src/data/postgres/sql/statement.ts'
import { cases, planOf } from './cases.ts'
import { loadCalls, loadHttp } from './http-load.ts'

/** A process of the benchmark: makes load by HTTP or by statements, as its messages say, and answers what it measured. */
export type Task =
  | {
      readonly kind: 'http'
      readonly port: number
      readonly requests: readonly string[]
      readonly connections: number
      readonly seconds: number
    }
  | {
      readonly kind: 'statement'
      readonly name: string
      readonly id: string
      readonly connections: number
      readonly seconds: number
    }

const { BENCH_DIR = '', BENCH_TENANT = '', BENCH_TARGET = '' } = process.env

async function openStatements() {
  const platform = await openProduct(BENCH_DIR)
  const target: ConnectionTarget = JSON.parse(BENCH_TARGET)
  const password = platform.identity.secrets.derive('login tenant')
  const pool = new Pool({ ...target, user: 'tenantry_tenant_login', password }, { size: 4 })
  await pool.open()
  return { platform, pool }
}

let opened: ReturnType<typeof openStatements> | undefined

async function run(task: Task) {
  if (task.kind === 'http') return loadHttp(task)
  opened ??= openStatements()
  const { platform, pool } = await opened
  const bench = cases.find(({ name }) => name === task.name)
  const entry = platform.catalog.find(BENCH_TENANT)
  if (!bench || !entry) throw new Error(`There is no case ${task.name}`)
  const plan = planOf(bench, platform.product.modules, task.id)
  // Everything that HTTP does before the database is done once: what is left is the statement and its round trip.
  const statement = statementOf(checkPlan(plan, entry.exposure))
  const context = {
    tenant: BENCH_TENANT,
    instance: null,
    principal: { subject: 'bench', tenant: BENCH_TENANT, roles: ['admin'], instance: null, anonymous: false },
    acrossTenants: false,
    exposure: entry.exposure,
    features: entry.features,
    module: null,
    version: null,
  }
  const settings = settingsOf('tenantry', plan.kind === 'read' ? 'tenant_writer' : 'tenant_writer', context, 10_000)
  return loadCalls({
    run: () => pool.run({ settings, statement, repeatable: false }),
    concurrency: task.connections,
    seconds: task.seconds,
  })
}

process.on('message', (task: Task) => {
  run(task).then(
    measured => process.send?.({ measured }),
    error => process.send?.({ error: String(error) }),
  )
})
process.on('disconnect', () => process.exit())
process.send?.({ ready: true })
