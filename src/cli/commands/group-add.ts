import { defineCommand } from '../command.ts'
import { groupFacts } from '../group-text.ts'
import { withPlatform } from '../with-platform.ts'

export const groupAdd = defineCommand({
  about: 'It reads from now on what the others share with the group, and they what it shares.',
  args: { name: "The group's name", tenant: "The tenant's key" },
  options: {},
  examples: ['group add partners acme'],
  async run(input) {
    const { name, tenant } = input.args
    const group = await withPlatform(input, ({ operations }) => operations.addToGroup(name, tenant))
    input.output.show(group, `${tenant} is a member of ${name}\n\n${groupFacts(group)}`)
    return undefined
  },
})
