import { actorFor } from '../../app/actor-of-process.ts'
import type { MigratedUp } from '../../app/migrations.ts'
import { defineCommand } from '../command.ts'
import { count, indent } from '../output.ts'
import { progressText, withMigrations } from '../with-migrations.ts'

export const migrateUp = defineCommand({
  about:
    'Each in one transaction, in order; safe to start twice and to interrupt. What loses something is left for a run with --allow-destructive, which archives the rows of each tenant first.',
  args: {},
  options: {
    'allow-destructive': { type: 'flag', about: 'Also those that lose something' },
    baseline: {
      type: 'flag',
      about: 'In production too, what is there already counts as made (as it does in development)',
    },
  },
  examples: ['migrate up', 'migrate up --allow-destructive'],
  async run(input) {
    const { options, output } = input
    const result = await withMigrations(input, migrations =>
      migrations.up({
        allowDestructive: options['allow-destructive'],
        baseline: options.baseline,
        actor: actorFor('command'),
        onProgress: progress => {
          const text = progressText(progress)
          if (text !== undefined) output.note(text)
        },
      }),
    )
    output.show(result, upText(result))
    return undefined
  },
})

function upText({ applied, held, archives, remaining }: MigratedUp): string {
  const parts = [
    ...(archives.length > 0
      ? [`Archived before: ${count(archives.length, 'tenant')}\n${indent(archives.join('\n'))}`]
      : []),
    applied.length > 0
      ? `Ran ${count(applied.length, 'migration')}`
      : 'The database has seen all migrations that may be run',
    ...(held.length > 0
      ? [`Left, since they lose something or come behind such (--allow-destructive):\n${indent(held.join('\n'))}`]
      : []),
    ...(remaining === null
      ? []
      : [`What the definitions say and no migration does (tenantry migrate generate):\n${indent(remaining)}`]),
  ]
  return parts.join('\n')
}
