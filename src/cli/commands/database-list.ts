import { defineCommand } from '../command.ts'
import { table } from '../output.ts'
import { withFleet } from '../with-migrations.ts'

export const databaseList = defineCommand({
  about:
    'As the record says, which is in the database of DATABASE_URL: pending (or with migrations left that lose something), in progress (or cut off), realized, error.',
  args: {},
  options: {},
  examples: ['database list', 'database list --json'],
  async run(input) {
    const databases = await withFleet(input, fleet => fleet.list())
    const rows = databases.map(({ name, status, modules, changedAt, error }) => [
      ...[name, status.replace('_', ' ')],
      Object.entries(modules)
        .map(([module, { number }]) => `${module}/${number}`)
        .join(', '),
      changedAt,
      error?.split('\n', 1)[0] ?? '',
    ])
    const text =
      rows.length === 0 ? 'There are no databases' : table([['DATABASE', 'STATUS', 'AT', 'SINCE', 'ERROR'], ...rows])
    input.output.show(databases, text)
    return undefined
  },
})
