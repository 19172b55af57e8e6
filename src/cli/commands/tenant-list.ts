import { defineCommand } from '../command.ts'
import { tenantTable } from '../tenant-text.ts'
import { withPlatform } from '../with-platform.ts'

export const tenantList = defineCommand({
  about: 'Removed ones are not among them; "system" is the platform\'s own.',
  args: {},
  options: {},
  examples: ['tenant list', 'tenant list --json'],
  async run(input) {
    const tenants = await withPlatform(input, async platform => platform.operations.listTenants())
    input.output.show(tenants, tenantTable(tenants))
    return undefined
  },
})
