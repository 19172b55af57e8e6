import { defineCommand } from '../command.ts'
import { groupFacts } from '../group-text.ts'
import { withPlatform } from '../with-platform.ts'

export const groupRemove = defineCommand({
  about: 'Neither sees what the other shares with the group any more. Its rows stay as they are.',
  args: { name: "The group's name", tenant: "The tenant's key" },
  options: {},
  examples: ['group remove partners acme'],
  async run(input) {
    const { name, tenant } = input.args
    const group = await withPlatform(input, ({ operations }) => operations.removeFromGroup(name, tenant))
    input.output.show(group, `${tenant} is no member of ${name} any more\n\n${groupFacts(group)}`)
    return undefined
  },
})
