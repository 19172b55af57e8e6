import type { DeseedReport } from '../../core/seeds.ts'
import { defineCommand } from '../command.ts'
import { indent, table } from '../output.ts'
import { withPlatform } from '../with-platform.ts'

export const deseed = defineCommand({
  about: "All or none of them: where rows of the tenant's own name one, none is removed. Main seeds stay.",
  args: { tenant: "The tenant's key" },
  more: { module: 'A module and its major, like invoices@1' },
  options: { 'dry-run': { type: 'flag', about: 'Show what would be removed and undo it' } },
  examples: ['deseed acme', 'deseed acme invoices@1 --dry-run'],
  async run(input) {
    const dryRun = input.options['dry-run']
    const { module } = input.more
    const wish = { dryRun, ...(module !== undefined && { module }) }
    const report = await withPlatform(input, ({ operations }) => operations.deseedTenant(input.args.tenant, wish))
    input.output.show(report, reportText(report))
    return undefined
  },
})

function reportText({ tenant, dryRun, removed }: DeseedReport): string {
  const rows = Object.entries(removed).map(([entity, count]) => [entity, String(count)])
  if (rows.length === 0) return `${tenant} has no temporary seeds.`
  return [
    `Temporary seeds of ${tenant}:`,
    '',
    indent(table([['ENTITY', 'REMOVED'], ...rows])),
    ...(dryRun ? ['', 'This was a dry run: nothing was changed.'] : []),
  ].join('\n')
}
