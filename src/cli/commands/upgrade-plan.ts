import type { UpgradePlan } from '../../core/upgrade-plan.ts'
import { defineCommand } from '../command.ts'
import { indent, table } from '../output.ts'
import { listed } from '../tenant-text.ts'
import { withPlatform } from '../with-platform.ts'

export const upgradePlan = defineCommand({
  args: { tenant: "The tenant's key", module: 'The new major, like customers@2' },
  options: {},
  examples: ['upgrade plan acme customers@2', 'upgrade plan acme customers@2 --json'],
  async run(input) {
    const { tenant, module } = input.args
    const plan = await withPlatform(input, ({ operations }) => operations.planUpgrade(tenant, module))
    input.output.show(plan, planText(plan))
    return undefined
  },
})

function planText({ tenant, pairs, added, after }: UpgradePlan): string {
  return [
    `${tenant} would go, in one transaction, each after those it depends on:`,
    '',
    indent(table(pairs.map(({ from, to }, index) => [`${index + 1}.`, from, '->', to]))),
    '',
    ...(added.length > 0 ? [`Newly running: ${listed(added)}.`] : []),
    `Subscriptions would be: ${listed(after)}.`,
    'The old rows stay until the upgrade is confirmed. Nothing was changed.',
  ].join('\n')
}
