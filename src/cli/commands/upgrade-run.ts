import { type FleetAct, type FleetResult, findFleet, runFleet } from '../../app/upgrade-fleet.ts'
import { TenantryError } from '../../core/errors.ts'
import type { UpgradeRecord } from '../../core/upgrade-plan.ts'
import { defineCommand, type Input } from '../command.ts'
import { count } from '../output.ts'
import { listed } from '../tenant-text.ts'
import { withPlatform } from '../with-platform.ts'

const args = { module: 'The new major, like customers@2' }
const options = {
  tenant: { type: 'list', value: '<key>', about: 'A tenant; repeat it or use commas' },
  cohort: { type: 'text', value: '<cohort>', about: 'All of a cohort (tenant set --cohort)' },
  all: { type: 'flag', about: 'All that it concerns' },
} as const

export const upgradeRun = defineCommand({
  about:
    'Each tenant in a transaction of its own, with all that depends on the module; its writes are 503 meanwhile. Stops at the first failure; run it again to go on.',
  args,
  options,
  examples: [
    'upgrade run customers@2 --tenant acme',
    'upgrade run customers@2 --cohort canary',
    'upgrade run customers@2 --all',
  ],
  run: input => runAct(input, 'upgradeTenant', 'upgraded'),
})

export const upgradeRollback = defineCommand({
  about: 'Rows that were not written since are as they were, byte for byte; later writes are kept.',
  args,
  options,
  examples: ['upgrade rollback customers@2 --tenant acme', 'upgrade rollback customers@2 --cohort canary'],
  run: input => runAct(input, 'rollbackUpgrade', 'rolled back'),
})

export const upgradeConfirm = defineCommand({
  about: 'The old rows go into an archive, which is verified, before they are removed.',
  args,
  options,
  examples: ['upgrade confirm customers@2 --tenant acme --yes', 'upgrade confirm customers@2 --all --yes'],
  run: async input => {
    if (!input.globals.yes) {
      throw new TenantryError('forbidden', 'Confirming an upgrade needs to be confirmed: there is no way back then', {
        reason: 'not_confirmed',
        hint: 'Say --yes',
      })
    }
    return runAct(input, 'confirmUpgrade', 'confirmed')
  },
})

async function runAct(input: Input<'module', typeof options>, act: FleetAct, word: string): Promise<number> {
  const { module } = input.args
  const { tenant, cohort, all } = input.options
  const wish = { tenants: tenant, all, ...(cohort !== undefined && { cohort }) }
  const result = await withPlatform(input, async ({ operations, product }) => {
    const { id } = product.modules.get(module)
    const tenants = await findFleet(operations, product.modules, wish, act, id)
    return runFleet(operations, act, tenants, id, ({ tenant, record, number, of }) =>
      input.output.note(
        `${String(number).padStart(String(of).length)}/${of} ${tenant} ${record ? `${word}${rowsText(record)}` : `was ${word} already`}`,
      ),
    )
  })
  const { failed } = result
  input.output.show(
    { module, ...result, failed: failed && { tenant: failed.tenant, error: failed.error.message } },
    resultText(result, word),
  )
  if (failed) throw failed.error
  return 0
}

function rowsText({ state, rows }: UpgradeRecord): string {
  if (state !== 'upgraded') return ''
  return ` with ${count(
    Object.values(rows).reduce((sum, rows) => sum + rows, 0),
    'row',
  )}`
}

function resultText({ done, already, failed, left }: FleetResult, word: string): string {
  const lines = [`${count(done.length, 'tenant')} ${word}${already.length > 0 ? `, ${already.length} already` : ''}`]
  if (failed) lines.push(`${failed.tenant} was not, and nothing of it was changed`)
  if (left.length > 0) lines.push(`Not begun: ${listed(left)}`)
  return lines.join('\n')
}
