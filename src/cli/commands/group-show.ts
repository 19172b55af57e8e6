import { defineCommand } from '../command.ts'
import { groupFacts } from '../group-text.ts'
import { withPlatform } from '../with-platform.ts'

export const groupShow = defineCommand({
  args: { name: "The group's name" },
  options: {},
  examples: ['group show partners'],
  async run(input) {
    const group = await withPlatform(input, ({ operations }) => operations.showGroup(input.args.name))
    input.output.show(group, groupFacts(group))
    return undefined
  },
})
