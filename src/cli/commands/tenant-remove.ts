import { join } from 'node:path'
import type { Tenant } from '../../core/catalog.ts'
import { TenantryError } from '../../core/errors.ts'
import { systemTenant } from '../../core/tenant.ts'
import { defineCommand, type Input } from '../command.ts'
import { removedText } from '../removed-text.ts'
import { withPlatform } from '../with-platform.ts'

export const tenantRemove = defineCommand({
  about:
    'All its rows go into an archive, which is verified, before anything is removed. May be repeated after a failure.',
  args: { key: "The tenant's key" },
  options: {},
  examples: ['tenant remove acme', 'tenant remove acme --yes'],
  async run(input) {
    const { key } = input.args
    const removed = await withPlatform(input, async ({ operations, environment }) => {
      const tenant = operations.showTenant(key)
      // The system tenant is refused without asking.
      if (!input.globals.yes && key !== systemTenant) await confirm(tenant, join(environment.folder, 'archives'), input)
      return operations.removeTenant(key)
    })
    input.output.show(removed, removedText(`Removed the tenant ${removed.tenant}`, removed))
    return undefined
  },
})

/** Asks for the key to be typed. Throws `forbidden` when it is not, and where nobody can be asked. */
async function confirm(
  { key, name }: Tenant,
  archives: string,
  { globals, output }: Pick<Input, 'globals' | 'output'>,
) {
  if (globals.json || !process.stdin.isTTY || !process.stderr.isTTY) {
    throw new TenantryError('forbidden', `Removing the tenant ${key} needs to be confirmed`, {
      reason: 'not_confirmed',
      hint: 'Without a terminal to ask on, say --yes',
    })
  }
  output.note(
    [
      `This removes the tenant ${key} (${name}) for good:`,
      '  1. its requests are refused from now on,',
      `  2. all its rows are written to an archive in ${archives}, which is verified,`,
      `  3. its rows, keys and tokens are removed; no other tenant can ever be called ${key}.`,
      '',
    ].join('\n'),
  )
  const { isCancel, text } = await import('@clack/prompts')
  const typed = await text({
    message: `Type ${key} to go on`,
    output: process.stderr,
    validate: typed =>
      typed?.trim() === key ? undefined : `That is not ${key}. Ctrl-C ends this; nothing was removed`,
  })
  if (isCancel(typed)) throw new TenantryError('forbidden', 'Nothing was removed', { reason: 'aborted' })
}
