import { defineCommand } from '../command.ts'
import { groupTable } from '../group-text.ts'
import { withPlatform } from '../with-platform.ts'

export const groupList = defineCommand({
  args: {},
  options: {},
  examples: ['group list', 'group list --json'],
  async run(input) {
    const groups = await withPlatform(input, ({ operations }) => operations.listGroups())
    input.output.show(groups, groupTable(groups))
    return undefined
  },
})
