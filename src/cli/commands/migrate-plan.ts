import type { PlannedStep } from '../../app/migrations.ts'
import { defineCommand } from '../command.ts'
import { count, indent } from '../output.ts'
import { withMigrations } from '../with-migrations.ts'

export const migratePlan = defineCommand({
  about:
    'What differs between the definitions and the database, as the steps that would bring it in line, and what each costs: safe, slow (rewrites a table, reads all of it or holds a lock that long) or destructive. Changes nothing.',
  args: {},
  options: {},
  examples: ['migrate plan', 'migrate plan --json'],
  async run(input) {
    const steps = await withMigrations(input, migrations => migrations.plan())
    input.output.show(
      steps.map(({ id, risk, stage, sql, note }) => ({ id, risk, stage, sql, note: note ?? null })),
      planText(steps),
    )
    return undefined
  },
})

function planText(steps: readonly PlannedStep[]): string {
  if (steps.length === 0) return 'The database is what the definitions say'
  const width = Math.max(...steps.map(({ risk }) => risk.length))
  const lines = steps.flatMap(({ id, risk, note }) => [
    `${risk.padEnd(width)}  ${id}`,
    ...(note === undefined ? [] : [`${' '.repeat(width)}  ${note}`]),
  ])
  const kinds = ['safe', 'slow', 'destructive'].flatMap(kind => {
    const number = steps.filter(({ risk }) => risk === kind).length
    return number === 0 ? [] : [`${number} ${kind}`]
  })
  return [
    `${count(steps.length, 'step')}: ${kinds.join(', ')}`,
    '',
    indent(lines.join('\n')),
    '',
    'Write them as files: tenantry migrate generate',
  ].join('\n')
}
