import { defineCommand } from '../command.ts'
import { withPlatform } from '../with-platform.ts'

export const tenantSuspend = defineCommand({
  about: 'Its requests are answered with 403 from now on; its data and tokens stay.',
  args: { key: "The tenant's key" },
  options: {},
  examples: ['tenant suspend acme'],
  async run(input) {
    const { key } = input.args
    const tenant = await withPlatform(input, platform => platform.operations.suspendTenant(key))
    input.output.show(tenant, `The tenant ${key} is ${tenant.state}`)
    return undefined
  },
})
