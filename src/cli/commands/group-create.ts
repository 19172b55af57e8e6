import { defineCommand } from '../command.ts'
import { withPlatform } from '../with-platform.ts'

export const groupCreate = defineCommand({
  about: 'Its members share the rows that name it in "shared_with", of entities with shareWith: true.',
  args: { name: 'Its name for ever: 2 to 63 of a-z, 0-9 and "-"' },
  options: {},
  examples: ['group create partners'],
  async run(input) {
    const group = await withPlatform(input, ({ operations }) => operations.createGroup(input.args.name))
    input.output.show(group, `Created the group ${group.name}. Add members: tenantry group add ${group.name} <tenant>`)
    return undefined
  },
})
