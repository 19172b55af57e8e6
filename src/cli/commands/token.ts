import type { Platform } from '../../app/platform.ts'
import { TenantryError } from '../../core/errors.ts'
import { quote } from '../../core/module-set.ts'
import { systemTenant, type TenantKey } from '../../core/tenant.ts'
import { defineCommand } from '../command.ts'
import { withPlatform } from '../with-platform.ts'

const defaultLife = '1d'

export const token = defineCommand({
  about: 'Only the token is on standard output.',
  args: { tenant: 'The tenant that issues it; "system" for the platform\'s own people' },
  options: {
    role: { type: 'list', value: '<role>', about: 'A service role, like admin; repeat it or use commas' },
    subject: { type: 'text', value: '<text>', about: 'Who it stands for; default: <first role>@<tenant>' },
    instance: { type: 'text', value: '<text>', about: 'The instance inside the tenant' },
    expires: { type: 'text', value: '<time>', about: `How long it is good: 3600, 30m, 1h, 7d; default ${defaultLife}` },
  },
  examples: [
    'token acme --role admin',
    'token acme --role admin,auditor --subject ada@acme.example --expires 30m',
    'token system --role service_admin',
  ],
  async run(input) {
    const { args, options, output } = input
    const { tenant } = args
    const { role: roles, subject, instance, expires = defaultLife } = options
    const expiresIn = parseDuration(expires)
    const made = await withPlatform(input, platform => {
      for (const remark of remarksOn(tenant, roles, platform)) output.note(`note: ${remark}`)
      return platform.operations.issueToken({
        tenant,
        roles,
        expiresIn,
        ...(subject === undefined ? {} : { subject }),
        ...(instance === undefined ? {} : { instance }),
      })
    })
    output.show({ token: made, tenant, roles, expiresIn }, made)
    return undefined
  },
})

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }

/** `3600`, `30m`, `1h`, `7d` in seconds. */
function parseDuration(text: string): number {
  const [, number, unit = 's'] = /^(\d{1,9})([smhd])?$/.exec(text) ?? []
  if (number !== undefined) return Number(number) * (unitSeconds[unit] ?? 1)
  throw new TenantryError('invalid', `${quote(text)} is not a time`, {
    hint: 'Use seconds or a number with a unit: 3600, 30m, 1h, 7d',
  })
}

/** What the platform's own routes ask for. */
const platformRoles = ['service_admin', 'service_auditor']

/** A token that can do less than was probably meant. */
function remarksOn(tenant: TenantKey, roles: readonly string[], { product }: Platform): string[] {
  const entities = product.modules.modules.flatMap(({ entities }) => entities)
  const known = new Set(entities.flatMap(({ access }) => [...access.keys()]))
  if (tenant === systemTenant) for (const role of platformRoles) known.add(role)
  const names = known.size === 0 ? 'the modules know none' : `the modules know ${[...known].sort().join(', ')}`
  if (roles.length === 0) return [`the token has no role and can read nothing; ${names}`]
  return roles.filter(role => !known.has(role)).map(role => `no module knows the role ${quote(role)}; ${names}`)
}
