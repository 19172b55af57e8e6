import { formatVersion } from '../../core/version.ts'
import { defineCommand } from '../command.ts'
import { listed, tenantFacts } from '../tenant-text.ts'
import { withPlatform } from '../with-platform.ts'

export const tenantShow = defineCommand({
  args: { key: "The tenant's key" },
  options: {},
  examples: ['tenant show acme', 'tenant show acme --json'],
  async run(input) {
    const { tenant, running, url, issuer } = await withPlatform(
      input,
      async ({ operations, catalog, identity, publicUrl }) => {
        const tenant = operations.showTenant(input.args.key)
        const running = catalog.find(tenant.key)?.exposure.running ?? []
        return { tenant, running, url: `${publicUrl()}/${tenant.key}`, issuer: identity.issuerOf(tenant.key) }
      },
    )
    const versions = running.map(({ name, version }) => ({ name, version: formatVersion(version) }))
    input.output.show(
      { ...tenant, running: versions, url, issuer },
      tenantFacts(tenant, [
        ['runs', listed(versions.map(({ name, version }) => `${name} ${version}`))],
        ['url', url],
        ['issuer', issuer],
      ]),
    )
    return undefined
  },
})
