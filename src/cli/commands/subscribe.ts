import type { Subscribed } from '../../app/operations.ts'
import { defineCommand } from '../command.ts'
import { indent, table } from '../output.ts'
import { leftOutText } from '../seed-text.ts'
import { listed } from '../tenant-text.ts'
import { withPlatform } from '../with-platform.ts'

export const subscribe = defineCommand({
  args: { tenant: "The tenant's key", module: 'A module and its major, like invoices@1' },
  options: { 'dry-run': { type: 'flag', about: 'Show the plan and change nothing' } },
  examples: ['subscribe acme invoices@1 --dry-run', 'subscribe acme invoices@1'],
  async run(input) {
    const { tenant, module } = input.args
    const dryRun = input.options['dry-run']
    const plan = await withPlatform(input, ({ operations }) =>
      dryRun ? operations.planSubscribe(tenant, module) : operations.subscribe(tenant, module),
    )
    input.output.show({ tenant, module, dryRun, ...plan }, planText(tenant, module, plan, dryRun))
    return undefined
  },
})

function planText(
  tenant: string,
  module: string,
  { order, added, subscriptions, leftOut = [] }: Subscribed,
  dryRun: boolean,
): string {
  const rows = order.map((id, index) => [
    `${index + 1}.`,
    id,
    added.includes(id) ? 'new' : 'runs already',
    id === module ? 'subscribed' : 'needed',
  ])
  const change = added.length === 0 ? 'Nothing newly runs' : `Newly running: ${added.join(', ')}`
  return [
    `${tenant} ${dryRun ? 'would run' : 'runs'}, each after those it needs:`,
    '',
    indent(table(rows)),
    '',
    `${change}. Subscriptions ${dryRun ? 'would be' : 'are'}: ${listed(subscriptions)}.`,
    ...leftOutText(leftOut),
    ...(dryRun ? ['This was a dry run: nothing was changed.'] : []),
  ].join('\n')
}
