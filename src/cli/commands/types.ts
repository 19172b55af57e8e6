import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { TenantryError } from '../../core/errors.ts'
import { type Command, defineCommand, type Input } from '../command.ts'
import { findProductFolder } from '../product-folder.ts'
import { listed } from '../tenant-text.ts'
import { withPlatform } from '../with-platform.ts'

const options = {
  tenant: { type: 'text', value: '<key>', about: 'Only what this tenant sees' },
  modules: { type: 'list', value: '<module>', about: 'Only these, like customers@1, and the public ones they need' },
  out: { type: 'text', value: '<file>', about: 'Where to write them instead of standard output' },
} as const satisfies Command['options']

export const types = defineCommand({
  about:
    'TypeScript for clients: the Database type that @supabase/postgrest-js and supabase-js take, and a type for the rows of each entity. Of all modules of the product, unless --tenant or --modules says otherwise.',
  args: {},
  options,
  examples: ['types --out src/database.ts', 'types --modules customers@1,products@1', 'types --tenant acme'],
  async run(input) {
    const { out } = input.options
    const ids = await chosenModules(input)
    const [{ loadProduct }, { typesOfModules }] = await Promise.all([
      import('../../app/product.ts'),
      import('../../app/types.ts'),
    ])
    const product = await loadProduct(findProductFolder(input.globals.dir))
    const { text, modules } = typesOfModules(product.modules, ids)
    const shown = modules.map(({ id }) => id)
    if (out === undefined) {
      input.output.show({ types: text, modules: shown }, text)
      return undefined
    }
    const file = resolve(out)
    await writeFile(file, `${text}\n`).catch((error: unknown) => {
      throw new TenantryError('invalid', `${file} cannot be written`, {
        details: error instanceof Error ? error.message : null,
      })
    })
    input.output.show({ file, modules: shown }, `Wrote the types of ${listed(shown)} to ${out}`)
    return undefined
  },
})

/** What is subscribed to; nothing stands for all modules. Only a tenant's is known to a database alone. */
async function chosenModules(input: Input<never, typeof options>): Promise<readonly string[]> {
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
