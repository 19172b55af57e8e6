import { defineCommand } from '../command.ts'
import { withPlatform } from '../with-platform.ts'

export const groupDelete = defineCommand({
  about: 'Nothing is shared with it any more; the rows stay with their tenants. Its name is never given again.',
  args: { name: "The group's name" },
  options: {},
  examples: ['group delete partners'],
  async run(input) {
    const { name } = input.args
    await withPlatform(input, ({ operations }) => operations.deleteGroup(name))
    input.output.show({ name, deleted: true }, `Deleted the group ${name}`)
    return undefined
  },
})
