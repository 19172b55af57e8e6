import type { SeedReport } from '../../core/seeds.ts'
import { defineCommand } from '../command.ts'
import { indent, table } from '../output.ts'
import { leftOutText } from '../seed-text.ts'
import { withPlatform } from '../with-platform.ts'

export const seed = defineCommand({
  about:
    "Of all modules that run for it, or of one; in one transaction. Rows of the tenant's own stay as they are, and what it has deleted stays deleted.",
  args: { tenant: "The tenant's key" },
  more: { module: 'A module and its major, like invoices@1' },
  options: {
    force: { type: 'flag', about: 'Make seeded rows as their seeds are, and bring back deleted ones' },
    temporary: { type: 'flag', about: 'Add the temporary seeds too' },
    'dry-run': { type: 'flag', about: 'Show what would be done and undo it' },
  },
  examples: ['seed acme', 'seed acme invoices@1 --temporary', 'seed acme --force --dry-run'],
  async run(input) {
    const { force, temporary, 'dry-run': dryRun } = input.options
    const { module } = input.more
    const wish = { force, temporary, dryRun, ...(module !== undefined && { module }) }
    const report = await withPlatform(input, ({ operations }) => operations.seedTenant(input.args.tenant, wish))
    input.output.show(report, reportText(report))
    return undefined
  },
})

function reportText({ tenant, dryRun, seeds, leftOut }: SeedReport): string {
  if (seeds.length === 0) return `${tenant} runs no module that has such seeds.`
  const rows = seeds.map(({ entity, temporary, inserted, updated, restored, unchanged }) => [
    `${entity}${temporary ? ' (temporary)' : ''}`,
    ...[inserted, updated, restored, unchanged].map(String),
  ])
  return [
    `Seeds of ${tenant}:`,
    '',
    indent(table([['ENTITY', 'ADDED', 'UPDATED', 'RESTORED', 'UNCHANGED'], ...rows])),
    ...leftOutText(leftOut),
    ...(dryRun ? ['', 'This was a dry run: nothing was changed.'] : []),
  ].join('\n')
}
