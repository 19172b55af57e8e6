import { defineCommand } from '../command.ts'
import { describedOptions, describedSubscriptions, roleOption, writeText } from '../described-modules.ts'
import { findProductFolder } from '../product-folder.ts'

export const graphqlSchema = defineCommand({
  about:
    "The GraphQL schema, in GraphQL's own language, that a caller would find at /{tenant}/graphql, or at the address of one module or composed API. It is made from the definitions: no server runs, and only --tenant asks the database.",
  args: {},
  more: { module: 'Only this one, at its own address: customers@1' },
  options: { ...describedOptions, ...roleOption },
  examples: [
    'graphql-schema --out schema.graphql',
    'graphql-schema customers@1 --role admin',
    'graphql-schema --tenant acme',
  ],
  async run(input) {
    const { out, role: roles } = input.options
    const { module } = input.more
    const subscriptions = await describedSubscriptions(input)
    const [{ loadProduct }, { graphqlSchemaText }] = await Promise.all([
      import('../../app/product.ts'),
      import('../../app/graphql-schema.ts'),
    ])
    const product = await loadProduct(findProductFolder(input.globals.dir))
    const text = graphqlSchemaText(product, { subscriptions, module, roles })
    if (out === undefined) input.output.show({ schema: text }, text)
    else input.output.show({ file: await writeText(out, text) }, `Wrote the GraphQL schema to ${out}`)
    return undefined
  },
})
