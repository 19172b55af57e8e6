import { actorFor } from '../../app/actor-of-process.ts'
import type { FleetUp, FleetVisit } from '../../app/fleet.ts'
import type { MigratedUp, MigrationProgress } from '../../app/migrations.ts'
import { TenantryError } from '../../core/errors.ts'
import { defineCommand } from '../command.ts'
import { count, indent } from '../output.ts'
import { progressText, withFleet, withMigrations } from '../with-migrations.ts'

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
    'ignore-nodes': {
      type: 'flag',
      about: 'Also while nodes serve with code that needs what goes: their requests may fail',
    },
    fleet: { type: 'flag', about: 'In this database first, then in all of the fleet that have something pending' },
    parallel: {
      type: 'text',
      value: '<number>',
      about: 'With --fleet: how many databases at once, 1 to 64; default 4',
    },
    retry: { type: 'flag', about: 'With --fleet: only where it failed the last time' },
  },
  examples: ['migrate up', 'migrate up --allow-destructive', 'migrate up --fleet --parallel 8'],
  async run(input) {
    const { options, output } = input
    const parallel = parseParallel(options.parallel)
    if (!options.fleet && (options.retry || options.parallel !== undefined))
      throw new TenantryError('invalid', '--parallel and --retry are of a fleet', { hint: 'Say --fleet, too' })
    const wish = {
      allowDestructive: options['allow-destructive'],
      baseline: options.baseline,
      ignoreNodes: options['ignore-nodes'],
      actor: actorFor('command'),
    }
    if (options.fleet) {
      const onVisited = (visit: FleetVisit & { number: number; of: number }) => output.note(visitText(visit))
      const ran = await withFleet(input, fleet =>
        fleet.up({ ...wish, parallel, retry: options.retry, onProgress: () => {}, onVisited }),
      )
      output.show(ran, fleetText(ran))
      return ran.visited.some(({ status }) => status === 'error') ? 4 : undefined
    }
    const onProgress = (progress: MigrationProgress) => {
      const text = progressText(progress)
      if (text !== undefined) output.note(text)
    }
    const result = await withMigrations(input, migrations => migrations.up({ ...wish, onProgress }))
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

function parseParallel(text = '4'): number {
  const number = /^\d{1,2}$/.test(text) ? Number(text) : 0
  if (number >= 1 && number <= 64) return number
  throw new TenantryError('invalid', 'How many databases at once?', { hint: '--parallel takes a number from 1 to 64' })
}

function visitText({ name, status, number, of, applied, held, error }: FleetVisit & { number: number; of: number }) {
  const told =
    status === 'error'
      ? `failed: ${error?.message}`
      : `ran ${count(applied.length, 'migration')}${held.length > 0 ? `, left ${held.length}` : ''}`
  return `${number}/${of} ${name} ${told}`
}

function fleetText({ platform, visited, left: unrun, unvisited }: FleetUp): string {
  const failed = visited.flatMap(({ name, error }) => (error ? [`${name}: ${error.message}`] : []))
  const left = [...visited.flatMap(({ name, held }) => (held.length > 0 ? [name] : [])), ...unrun]
  return [
    ...(platform ? [upText(platform)] : []),
    `${count(visited.length, 'database')} visited, ${unvisited} with nothing to run`,
    ...(left.length > 0
      ? [`What loses something was left in ${count(left.length, 'database')} (--allow-destructive)`]
      : []),
    ...(failed.length > 0 ? [`Failed (once mended: migrate up --fleet --retry):\n${indent(failed.join('\n'))}`] : []),
  ].join('\n')
}
