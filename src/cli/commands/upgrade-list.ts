import { TenantryError } from '../../core/errors.ts'
import type { UpgradeRecord } from '../../core/upgrade-plan.ts'
import { defineCommand } from '../command.ts'
import { table } from '../output.ts'
import { withPlatform } from '../with-platform.ts'

const states: readonly UpgradeRecord['state'][] = ['upgraded', 'rolled_back', 'confirmed', 'removed']

export const upgradeList = defineCommand({
  args: {},
  options: {
    tenant: { type: 'text', value: '<key>', about: 'Only of this tenant' },
    state: { type: 'text', value: '<state>', about: `Only in this state: ${states.join(', ')}` },
  },
  examples: ['upgrade list', 'upgrade list --state upgraded', 'upgrade list --tenant acme --json'],
  async run(input) {
    const { tenant, state: text } = input.options
    const state = states.find(each => each === text)
    if (text !== undefined && !state) {
      throw new TenantryError('invalid', `An upgrade is never ${JSON.stringify(text)}`, {
        hint: `Use ${states.join(', ')}`,
      })
    }
    const records = await withPlatform(input, ({ operations }) =>
      operations.listUpgrades({ ...(tenant !== undefined && { tenant }), ...(state && { state }) }),
    )
    input.output.show(records, records.length === 0 ? 'There are no upgrades' : listText(records))
    return undefined
  },
})

function listText(records: readonly UpgradeRecord[]): string {
  return table([
    ['TENANT', 'STATE', 'MODULES', 'ROWS', 'UPGRADED', 'ENDED'],
    ...records.map(({ tenant, state, pairs, rows, upgradedAt, endedAt }) => [
      tenant,
      state === 'upgraded' ? 'open' : state.replace('_', ' '),
      pairs.map(({ from, to }) => `${from} -> ${to}`).join(', '),
      String(Object.values(rows).reduce((sum, count) => sum + count, 0)),
      upgradedAt,
      endedAt ?? '–',
    ]),
  ])
}
