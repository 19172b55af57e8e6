import { actorFor } from '../../app/actor-of-process.ts'
import { TenantryError } from '../../core/errors.ts'
import { defineCommand } from '../command.ts'
import { count } from '../output.ts'
import { progressText, withMigrations } from '../with-migrations.ts'

export const migrateDown = defineCommand({
  about:
    'Runs the undo files of a module, the last first, down to a number that stays. Columns and tables that a migration has made are gone afterwards, which needs --allow-destructive and archives the rows of each tenant first.',
  args: { module: 'Its name and major, like customers@1' },
  options: {
    to: { type: 'text', value: '<number>', about: 'The number of the last migration that stays; 0 for none' },
    'allow-destructive': { type: 'flag', about: 'Also what loses something' },
  },
  examples: ['migrate down customers@1 --to 2'],
  async run(input) {
    const { args, options, output } = input
    const to = parseNumber(options.to)
    const result = await withMigrations(input, migrations =>
      migrations.down(args.module, to, {
        allowDestructive: options['allow-destructive'],
        actor: actorFor('command'),
        onProgress: progress => {
          const text = progressText(progress)
          if (text !== undefined) output.note(text)
        },
      }),
    )
    const text =
      result.undone.length === 0
        ? 'There was nothing to take back'
        : `Took ${count(result.undone.length, 'migration')} back`
    output.show(result, text)
    return undefined
  },
})

function parseNumber(text: string | undefined): number {
  if (text !== undefined && /^\d{1,4}$/.test(text)) return Number(text)
  throw new TenantryError('invalid', 'Which migration is to stay?', {
    hint: 'Say its number: --to 2, or --to 0 for none',
  })
}
