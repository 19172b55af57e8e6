import { randomBytes } from 'node:crypto'
import type { Platform } from '../app/platform.ts'
import { systemTenant } from '../core/tenant.ts'
import { curlOf, firstRequests, firstRole } from './first-requests.ts'
import { describeDatabase, describeModules, describeTenants, type Ready } from './ready-text.ts'

const tokenLife = 86_400

/** `url`: where this process listens. `milliseconds`: how long it took to get there. */
export async function describeReady(platform: Platform, url: string, milliseconds: number): Promise<Ready> {
  const { product, environment, publicUrl } = platform
  return {
    product: product.config.name,
    url,
    // Where all of it is says nothing of where this part is.
    publicUrl: product.alone === undefined ? publicUrl() : url,
    milliseconds: Math.round(milliseconds),
    database: describeDatabase(platform),
    modules: describeModules(platform),
    tenants: describeTenants(platform),
    requests: environment.production ? [] : await describeRequests(platform, url),
  }
}

/** Lines to paste, for the config's own tenants or else the first ones. */
async function describeRequests({ product, catalog, operations }: Platform, url: string): Promise<Ready['requests']> {
  const wanted = Object.keys(product.config.development?.tenants ?? {})
  const others = catalog.list().flatMap(({ key }) => (key === systemTenant ? [] : [key]))
  const entries = [...new Set([...wanted, ...others])].flatMap(key => catalog.find(key) ?? [])
  const [first, second] = entries.filter(({ tenant }) => tenant.state === 'active')
  if (!first) return []
  const requests = firstRequests(first.tenant, second?.tenant, first.exposure, randomBytes(2).toString('hex'))
  if (requests.length === 0) return []
  const token = await operations.issueToken({ tenant: first.tenant.key, roles: [firstRole], expiresIn: tokenLife })
  return requests.map(request => ({ title: request.title, curl: curlOf(request, url, token) }))
}
