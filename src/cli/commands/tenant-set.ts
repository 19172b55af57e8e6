import { TenantryError } from '../../core/errors.ts'
import { defineCommand } from '../command.ts'
import { tenantFacts } from '../tenant-text.ts'
import { withPlatform } from '../with-platform.ts'

export const tenantSet = defineCommand({
  about: 'What is not named stays as it is. Flags come beside those that its edition turns on.',
  args: { key: "The tenant's key" },
  options: {
    name: { type: 'text', value: '<text>', about: 'Its name for people' },
    edition: { type: 'text', value: '<edition>', about: 'One of those in the config' },
    'no-edition': { type: 'flag', about: 'It has none any more' },
    cohort: { type: 'text', value: '<cohort>', about: 'Tenants that are upgraded together' },
    'no-cohort': { type: 'flag', about: 'It is in none any more' },
    flag: { type: 'list', value: '<flag>', about: 'A flag to turn on; repeat it or use commas' },
    'no-flag': { type: 'list', value: '<flag>', about: 'A flag to turn off' },
  },
  examples: ['tenant set acme --edition pro --cohort canary', 'tenant set acme --flag reports --no-flag beta'],
  async run(input) {
    const { args, options, output } = input
    const { name, edition, cohort, flag, 'no-flag': off } = options
    const both = flag.find(name => off.includes(name))
    if ((edition !== undefined && options['no-edition']) || (cohort !== undefined && options['no-cohort']) || both) {
      throw new TenantryError('invalid', 'The same is to be set and not to be set')
    }
    const patch = {
      ...(name !== undefined && { name }),
      ...(edition !== undefined && { edition }),
      ...(options['no-edition'] && { edition: null }),
      ...(cohort !== undefined && { cohort }),
      ...(options['no-cohort'] && { cohort: null }),
      flags: Object.fromEntries([
        ...flag.map(name => [name, true] as const),
        ...off.map(name => [name, false] as const),
      ]),
    }
    const tenant = await withPlatform(input, ({ operations }) => operations.setTenant(args.key, patch))
    output.show(tenant, tenantFacts(tenant))
    return undefined
  },
})
