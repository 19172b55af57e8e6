import { defineCommand } from '../command.ts'
import { describedOptions, describedSubscriptions, roleOption, writeText } from '../described-modules.ts'
import { findProductFolder } from '../product-folder.ts'

export const openapi = defineCommand({
  about:
    'The OpenAPI 3.1 document that a caller would be given at /{tenant}/openapi.json, or at the address of one module or composed API. It is made from the definitions: no server runs, and only --tenant asks the database.',
  args: {},
  more: { module: 'Only this one, at its own address: customers@1' },
  options: { ...describedOptions, ...roleOption },
  examples: ['openapi --out openapi.json', 'openapi products@1 --role admin', 'openapi --tenant acme'],
  async run(input) {
    const { out, role: roles } = input.options
    const { module } = input.more
    const subscriptions = await describedSubscriptions(input)
    const [{ loadProduct }, { openApiText }] = await Promise.all([
      import('../../app/product.ts'),
      import('../../app/openapi-document.ts'),
    ])
    const product = await loadProduct(findProductFolder(input.globals.dir))
    const text = await openApiText(product, { subscriptions, module, roles })
    if (out === undefined) input.output.show(JSON.parse(text), text)
    else input.output.show({ file: await writeText(out, text) }, `Wrote the OpenAPI document to ${out}`)
    return undefined
  },
})
