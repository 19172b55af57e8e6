import { defineCommand } from '../command.ts'
import { table } from '../output.ts'
import { withMigrations } from '../with-migrations.ts'

export const migrateStatus = defineCommand({
  about: 'Ends with 4 when files are changed or missing that the database has seen.',
  args: {},
  options: {},
  examples: ['migrate status', 'migrate status --json'],
  async run(input) {
    const found = await withMigrations(input, migrations => migrations.status())
    const rows = found.map(({ module, name, state, at, milliseconds }) => [
      ...[module, name, state, at ?? ''],
      milliseconds === null ? '' : `${milliseconds} ms`,
    ])
    const text =
      rows.length === 0 ? 'There are no migrations' : table([['MODULE', 'MIGRATION', 'STATE', 'AT', 'TOOK'], ...rows])
    input.output.show(found, text)
    return found.some(({ state }) => state === 'changed' || state === 'missing') ? 4 : undefined
  },
})
