import type { Platform } from '../app/platform.ts'
import { systemTenant } from '../core/tenant.ts'
import { formatVersion } from '../core/version.ts'
import { facts } from './output.ts'

/** What is running, for people and as JSON. */
export interface Ready {
  readonly product: string
  readonly url: string
  readonly publicUrl: string
  readonly milliseconds: number
  readonly database: string
  readonly modules: readonly { readonly name: string; readonly version: string }[]
  readonly tenants: { readonly count: number; readonly first: readonly string[] }
  readonly requests: readonly { readonly title: string; readonly curl: string }[]
}

const shownTenants = 5

export function describeTenants({ catalog }: Platform): Ready['tenants'] {
  const keys = catalog.list().flatMap(({ key }) => (key === systemTenant ? [] : [key]))
  return { count: keys.length, first: keys.slice(0, shownTenants) }
}

export function describeModules({ product }: Platform): Ready['modules'] {
  const { modules, alone } = product
  const shown = modules.modules.filter(({ id }) => (alone ?? id) === id)
  if (alone !== undefined && shown.length === 0) return [{ name: alone, version: 'composed' }]
  return shown.map(({ name, version }) => ({ name, version: formatVersion(version) }))
}

/** Where the rows are; never a user or a password. */
export function describeDatabase({ embedded, environment }: Platform): string {
  if (embedded) return `embedded PostgreSQL in ${embedded.folder}`
  const { host = '', pathname = '' } = URL.parse(environment.databaseUrl ?? '') ?? {}
  return `DATABASE_URL: ${decodeURIComponent(pathname.slice(1))} on ${host || 'a local socket'}`
}

export function readyText(ready: Ready, production: boolean): string {
  const { product, url, publicUrl, milliseconds, database, modules, tenants, requests } = ready
  const some = [...tenants.first, ...(tenants.count > tenants.first.length ? ['…'] : [])].join(', ')
  const token = 'Make a token: tenantry token <tenant> --role <role>'
  return [
    `${product} is ready after ${(milliseconds / 1000).toFixed(1)} s`,
    '',
    facts([
      ['database', database],
      ['modules', modules.map(({ name, version }) => `${name} ${version}`).join(', ')],
      ['tenants', tenants.count === 0 ? 'none yet: tenantry tenant add <key>' : `${tenants.count}: ${some}`],
      ...(production || !tenants.first[0] ? [] : [['docs', `${url}/${tenants.first[0]}/docs`] as const]),
      ...(production ? [['mode', 'production'] as const] : []),
      ...(publicUrl === url ? [] : [['clients use', publicUrl] as const]),
    ]),
    '',
    url,
    ...requests.flatMap(({ title, curl }) => ['', title, curl]),
    ...(requests.length === 0 ? ['', token] : []),
  ].join('\n')
}
