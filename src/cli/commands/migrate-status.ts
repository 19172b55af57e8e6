import type { MigrationsStatus } from '../../app/migrations.ts'
import { defineCommand } from '../command.ts'
import { table } from '../output.ts'
import { withMigrations } from '../with-migrations.ts'

export const migrateStatus = defineCommand({
  about:
    'Also the nodes that serve, and with which definitions. Ends with 4 when files are changed or missing that the database has seen.',
  args: {},
  options: {},
  examples: ['migrate status', 'migrate status --json'],
  async run(input) {
    const status = await withMigrations(input, migrations => migrations.status())
    input.output.show(status, `${migrationsText(status)}\n\n${nodesText(status)}`)
    return status.migrations.some(({ state }) => state === 'changed' || state === 'missing') ? 4 : undefined
  },
})

function migrationsText({ migrations }: MigrationsStatus): string {
  if (migrations.length === 0) return 'There are no migrations'
  const rows = migrations.map(({ module, name, state, at, milliseconds }) => [
    ...[module, name, state, at ?? ''],
    milliseconds === null ? '' : `${milliseconds} ms`,
  ])
  return table([['MODULE', 'MIGRATION', 'STATE', 'AT', 'TOOK'], ...rows])
}

function nodesText({ nodes }: MigrationsStatus): string {
  if (nodes.length === 0) return 'No node serves'
  const rows = nodes.map(({ host, pid, startedAt, secondsSilent, modules }) => {
    const others = modules.filter(({ current }) => !current).map(({ module, version }) => `${module} ${version}`)
    const definitions = others.length === 0 ? 'those that are here' : `others: ${others.join(', ')}`
    return [host, String(pid), startedAt, `${secondsSilent} s ago`, definitions]
  })
  return table([['NODE', 'PID', 'STARTED', 'SEEN', 'DEFINITIONS'], ...rows])
}
