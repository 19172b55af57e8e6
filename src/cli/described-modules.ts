import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { TenantryError } from '../core/errors.ts'
import type { Command, Input } from './command.ts'
import { withPlatform } from './with-platform.ts'

/** Options of commands that write what clients are made from. */
export const describedOptions = {
  tenant: { type: 'text', value: '<key>', about: 'Only what this tenant sees' },
  modules: { type: 'list', value: '<module>', about: 'Only these, like customers@1, and the public ones they need' },
  out: { type: 'text', value: '<file>', about: 'Where to write instead of standard output' },
} as const satisfies Command['options']

/** Beside them, of those that write what a caller may do. */
export const roleOption = {
  role: { type: 'list', value: '<role>', about: 'Only what these service roles may; otherwise what any of them may' },
} as const satisfies Command['options']

type DescribedInput = Pick<Input<string, typeof describedOptions>, 'globals' | 'output'> & {
  readonly options: Pick<Input<string, typeof describedOptions>['options'], 'tenant' | 'modules'>
}

/** What is subscribed to; nothing stands for all modules. Only a tenant's is known to a database alone. */
export async function describedSubscriptions(input: DescribedInput): Promise<readonly string[]> {
  const { tenant, modules } = input.options
  if (tenant === undefined) return modules
  if (modules.length > 0) {
    throw new TenantryError('invalid', 'Both --tenant and --modules were given', { hint: 'Give one of them' })
  }
  const { subscriptions } = await withPlatform(input, async ({ operations }) => operations.showTenant(tenant))
  if (subscriptions.length > 0) return subscriptions
  throw new TenantryError('conflict', `The tenant ${tenant} subscribes to no module`, {
    hint: `Say: tenantry subscribe ${tenant} <module>`,
  })
}

/** Writes a text with a line's end; answers the file's whole path. Throws `invalid`. */
export async function writeText(out: string, text: string): Promise<string> {
  const file = resolve(out)
  await writeFile(file, `${text}\n`).catch((error: unknown) => {
    throw new TenantryError('invalid', `${file} cannot be written`, {
      details: error instanceof Error ? error.message : null,
    })
  })
  return file
}
