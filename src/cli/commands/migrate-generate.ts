import { relative } from 'node:path'
import { defineCommand } from '../command.ts'
import { indent } from '../output.ts'
import { withMigrations } from '../with-migrations.ts'

export const migrateGenerate = defineCommand({
  about:
    'Compares the definitions with what all migrations that are there lead to, and writes the rest into modules/{name}/v{major}/migrations, each with a file that takes it back. They are tried in a database of their own, there and back. Read them, and commit them with the definitions.',
  args: {},
  options: {
    name: { type: 'text', value: '<name>', about: 'What the change is called, add_phone; default: its first step' },
  },
  examples: ['migrate generate', 'migrate generate --name add_phone'],
  async run(input) {
    const files = await withMigrations(input, migrations => migrations.generate(input.options.name))
    const shown = files.map(file => relative(process.cwd(), file))
    const text =
      files.length === 0
        ? 'The migrations lead to what the definitions say: there is nothing to write'
        : ['Wrote', indent(shown.join('\n')), '', 'Read them, then run them: tenantry migrate up'].join('\n')
    input.output.show({ files }, text)
    return undefined
  },
})
