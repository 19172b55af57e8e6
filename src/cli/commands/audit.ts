import type { RecordedAct } from '../../core/audit.ts'
import { TenantryError } from '../../core/errors.ts'
import { defineCommand } from '../command.ts'
import { table } from '../output.ts'
import { withPlatform } from '../with-platform.ts'

export const audit = defineCommand({
  about: 'The newest first. "*" in the place of a tenant stands for all of them.',
  args: {},
  options: {
    tenant: { type: 'text', value: 'key', about: 'Acts in this tenant; "*": across all' },
    subject: { type: 'text', value: 'name', about: 'Acts of this subject' },
    verb: { type: 'text', value: 'verb', about: 'read, insert, update, delete, tenant.suspend, …' },
    target: { type: 'text', value: 'name', about: 'Acts on this entity, action or module' },
    request: { type: 'text', value: 'id', about: 'Acts of this request' },
    before: { type: 'text', value: 'number', about: 'Only what is older than the act with this number' },
    limit: { type: 'text', value: 'number', about: 'How many, at most 1000; 50 unless given' },
  },
  examples: ['audit', 'audit --tenant acme --limit 20', 'audit --subject anna@system --json'],
  async run({ options, globals, output }) {
    const { tenant, subject, verb, target, request, before, limit = '50' } = options
    const filter = {
      ...(tenant !== undefined && { tenant }),
      ...(subject !== undefined && { subject }),
      ...(verb !== undefined && { verb }),
      ...(target !== undefined && { target }),
      ...(request !== undefined && { requestId: request }),
      ...(before !== undefined && { before: wholeNumber('--before', before, Number.MAX_SAFE_INTEGER) }),
      limit: wholeNumber('--limit', limit, 1_000),
    }
    const acts = await withPlatform({ globals, output }, platform => platform.audit.acts(filter))
    output.show(acts, acts.length === 0 ? 'No act is recorded that is like this' : actTable(acts))
    return undefined
  },
})

function wholeNumber(name: string, text: string, most: number): number {
  const number = /^\d{1,16}$/.test(text) ? Number(text) : 0
  if (number >= 1 && number <= most) return number
  throw new TenantryError('invalid', `${name} is a whole number from 1 to ${most}`)
}

function actTable(acts: readonly RecordedAct[]): string {
  return table([
    ['NUMBER', 'AT', 'SUBJECT', 'VIA', 'TENANT', 'VERB', 'TARGET', 'ROWS', 'OUTCOME'],
    ...acts.map(({ id, at, subject, via, tenant, verb, target, rows, outcome }) => [
      ...[String(id), at, subject, via, tenant ?? '–', verb, target ?? '–'],
      ...[rows === null ? '–' : String(rows), outcome],
    ]),
  ])
}
