import { defineCommand } from '../command.ts'
import { withPlatform } from '../with-platform.ts'

export const tenantResume = defineCommand({
  about: 'One that was never finished is finished.',
  args: { key: "The tenant's key" },
  options: {},
  examples: ['tenant resume acme'],
  async run(input) {
    const { key } = input.args
    const tenant = await withPlatform(input, platform => platform.operations.resumeTenant(key))
    input.output.show(tenant, `The tenant ${key} is ${tenant.state}`)
    return undefined
  },
})
