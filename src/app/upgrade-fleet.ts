import type { Tenant } from '../core/catalog.ts'
import { TenantryError } from '../core/errors.ts'
import { type ModuleSet, quote } from '../core/module-set.ts'
import type { TenantKey } from '../core/tenant.ts'
import type { UpgradeRecord } from '../core/upgrade-plan.ts'
import type { Operations } from './operations.ts'

/** Which tenants: those named, those of a cohort, or all. */
export interface FleetWish {
  readonly tenants: readonly TenantKey[]
  readonly cohort?: string
  readonly all: boolean
}

export interface FleetStep {
  readonly tenant: TenantKey
  /** Null where there was nothing to do. */
  readonly record: UpgradeRecord | null
  /** Of all that are to be done, this one's number, from 1. */
  readonly number: number
  readonly of: number
}

export interface FleetResult {
  readonly done: readonly TenantKey[]
  /** They were so already: what a run that was interrupted had done. */
  readonly already: readonly TenantKey[]
  readonly failed: { readonly tenant: TenantKey; readonly error: TenantryError } | null
  /** Not begun, because one before them failed. */
  readonly left: readonly TenantKey[]
}

export type FleetAct = 'upgradeTenant' | 'rollbackUpgrade' | 'confirmUpgrade'

/**
 * Does the same to tenants one after the other and stops at the first that fails; those before it stay done. What is done
 * already is passed over, so that the same command goes on where it was stopped.
 */
export async function runFleet(
  operations: Operations,
  act: FleetAct,
  tenants: readonly TenantKey[],
  module: string,
  onStep: (step: FleetStep) => void = () => {},
): Promise<FleetResult> {
  const done: TenantKey[] = []
  const already: TenantKey[] = []
  for (const [index, tenant] of tenants.entries()) {
    try {
      const isDone = await isDoneAlready(operations, act, tenant, module)
      const record = isDone ? null : await operations[act](tenant, module)
      ;(record ? done : already).push(tenant)
      onStep({ tenant, record, number: index + 1, of: tenants.length })
    } catch (error) {
      if (!(error instanceof TenantryError)) throw error
      return { done, already, failed: { tenant, error }, left: tenants.slice(index + 1) }
    }
  }
  return { done, already, failed: null, left: [] }
}

async function isDoneAlready(
  operations: Operations,
  act: FleetAct,
  tenant: TenantKey,
  module: string,
): Promise<boolean> {
  const records = await operations.listUpgrades({ tenant })
  const last = records.find(({ pairs }) => pairs.some(({ to }) => to === module))
  if (act === 'upgradeTenant') return last?.state === 'upgraded' || last?.state === 'confirmed'
  return last?.state === (act === 'rollbackUpgrade' ? 'rolled_back' : 'confirmed')
}

/**
 * The tenants of a wish, sorted. Of a cohort or of all only those whom it concerns: who run the major that is left, or have an
 * upgrade to it. Throws `invalid` when none is wished for, `not_found` for an unknown tenant.
 */
export async function findFleet(
  operations: Operations,
  modules: ModuleSet,
  { tenants, cohort, all }: FleetWish,
  act: FleetAct,
  module: string,
): Promise<readonly TenantKey[]> {
  const { id, upgrade } = modules.get(module)
  if ([tenants.length > 0, cohort !== undefined, all].filter(Boolean).length !== 1) {
    throw new TenantryError('invalid', 'Which tenants?', { hint: 'One of --tenant, --cohort and --all' })
  }
  if (tenants.length > 0) return [...new Set(tenants)].map(key => operations.showTenant(key).key)
  const records = await operations.listUpgrades({})
  const concerned = new Set(
    records.filter(({ pairs }) => pairs.some(({ to }) => to === id)).map(({ tenant }) => tenant),
  )
  const runsOld = ({ subscriptions }: Tenant) =>
    act === 'upgradeTenant' && upgrade !== null && modules.expose(subscriptions).running.includes(upgrade.from)
  const found = operations
    .listTenants()
    .filter(
      tenant => (cohort === undefined || tenant.cohort === cohort) && (concerned.has(tenant.key) || runsOld(tenant)),
    )
    .map(({ key }) => key)
  if (found.length > 0) return found
  const whose = cohort === undefined ? '' : ` of the cohort ${quote(cohort)}`
  throw new TenantryError('not_found', `There is no tenant${whose} that this concerns`, {
    hint: act === 'upgradeTenant' ? `None runs a module that ${id} takes over from` : `None was upgraded to ${id}`,
  })
}
