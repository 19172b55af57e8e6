import { defineCommand } from '../command.ts'
import { listed } from '../tenant-text.ts'
import { withPlatform } from '../with-platform.ts'

export const unsubscribe = defineCommand({
  about: 'Refused while another subscription needs the module.',
  args: { tenant: "The tenant's key", module: 'A module and its major, like invoices@1' },
  options: {},
  examples: ['unsubscribe acme invoices@1'],
  async run(input) {
    const { tenant, module } = input.args
    const { removed, subscriptions } = await withPlatform(input, ({ operations }) =>
      operations.unsubscribe(tenant, module),
    )
    const change = removed.length === 0 ? 'Nothing stops running' : `No longer running: ${removed.join(', ')}`
    input.output.show(
      { tenant, module, removed, subscriptions },
      `${change}. Subscriptions of ${tenant} are: ${listed(subscriptions)}. The data stays.`,
    )
    return undefined
  },
})
