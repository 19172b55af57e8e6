import { TenantryError } from '../../core/errors.ts'
import { defineCommand } from '../command.ts'
import { removedText } from '../removed-text.ts'
import { withPlatform } from '../with-platform.ts'

export const purge = defineCommand({
  about: 'Its rows go into an archive, which is verified, before they are removed. Unsubscribing alone keeps them.',
  args: { tenant: "The tenant's key", module: 'A module that it runs no more, like invoices@1' },
  options: {},
  examples: ['purge acme invoices@1 --yes'],
  async run(input) {
    const { tenant, module } = input.args
    if (!input.globals.yes) {
      throw new TenantryError('forbidden', `Removing the rows of ${module} needs to be confirmed`, {
        reason: 'not_confirmed',
        hint: 'Say --yes',
      })
    }
    const removed = await withPlatform(input, ({ operations }) => operations.purgeModule(tenant, module))
    input.output.show(removed, removedText(`Removed the rows of ${module} of ${tenant}`, removed))
    return undefined
  },
})
