import { defineCommand } from '../command.ts'
import { tenantFacts } from '../tenant-text.ts'
import { withPlatform } from '../with-platform.ts'

export const tenantAdd = defineCommand({
  about:
    'It has its keys, its modules and their first rows when the command is done. One that was interrupted is finished.',
  args: { key: 'Its name in URLs, for ever: 2 to 32 of a-z, 0-9 and "-"' },
  options: {
    name: { type: 'text', value: '<text>', about: 'Its name for people' },
    subscribe: { type: 'list', value: '<module>', about: 'A module to run, like customers@1; repeat it or use commas' },
  },
  examples: [
    'tenant add acme --name "Acme Corporation"',
    'tenant add acme --subscribe customers@1 --subscribe invoices@1',
    'tenant add acme --subscribe customers@1,invoices@1',
  ],
  async run(input) {
    const { args, options, output } = input
    const { key } = args
    const { name, subscribe } = options
    const wish = { key, subscribe, ...(name === undefined ? {} : { name }) }
    const tenant = await withPlatform(input, platform => platform.operations.addTenant(wish))
    output.show(tenant, `Added the tenant ${key}\n\n${tenantFacts(tenant)}`)
    return undefined
  },
})
