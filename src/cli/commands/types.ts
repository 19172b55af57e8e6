import { defineCommand } from '../command.ts'
import { describedOptions, describedSubscriptions, writeText } from '../described-modules.ts'
import { findProductFolder } from '../product-folder.ts'
import { listed } from '../tenant-text.ts'

export const types = defineCommand({
  about:
    'TypeScript for clients: the Database type that @supabase/postgrest-js and supabase-js take, and a type for the rows of each entity. Of all modules of the product, unless --tenant or --modules says otherwise.',
  args: {},
  options: describedOptions,
  examples: ['types --out src/database.ts', 'types --modules customers@1,products@1', 'types --tenant acme'],
  async run(input) {
    const { out } = input.options
    const ids = await describedSubscriptions(input)
    const [{ loadProduct }, { typesOfModules }] = await Promise.all([
      import('../../app/product.ts'),
      import('../../app/types.ts'),
    ])
    const product = await loadProduct(findProductFolder(input.globals.dir))
    const { text, modules } = typesOfModules(product, ids)
    const shown = modules.map(({ id }) => id)
    if (out === undefined) input.output.show({ types: text, modules: shown }, text)
    else {
      const file = await writeText(out, text)
      input.output.show({ file, modules: shown }, `Wrote the types of ${listed(shown)} to ${out}`)
    }
    return undefined
  },
})
