import { formatVersion } from '../../core/version.ts'
import type { Platform } from '../platform.ts'

/** The page at `/`: what runs, where, and what to paste next. In production it names no tenants. */
export function startPage({ product, catalog, environment, publicUrl }: Platform): string {
  const url = publicUrl()
  const tenants = environment.production ? [] : catalog.list().filter(({ key }) => key !== 'system')
  const modules = product.modules.modules.filter(({ id }) => (product.alone ?? id) === id)
  const first = tenants.find(({ key }) => catalog.find(key)?.exposure.entities.size)
  const entry = first && catalog.find(first.key)
  const module = entry && [...entry.exposure.exposed].at(-1)
  const entity = module?.entities[0]
  const example =
    first && module && entity
      ? { tenant: first.key, path: `/${first.key}/${module.name}/v${module.version.major}/${entity.name}` }
      : undefined
  return page(
    product.config.name,
    `
<h1>${escapeHtml(product.config.name)}</h1>
<p>is running on <a href="https://www.postgresql.org/">PostgreSQL</a> with ${product.alone ?? `${modules.length} module${modules.length === 1 ? '' : 's'}`}.</p>
<h2>Modules</h2>
<table><tr><th>Module</th><th>Version</th><th>Entities</th></tr>${modules
      .map(
        ({ id, version, entities }) =>
          `<tr><td>${escapeHtml(id)}</td><td>${formatVersion(version)}</td><td>${entities.map(({ name }) => escapeHtml(name)).join(', ')}</td></tr>`,
      )
      .join('')}</table>
${
  tenants.length === 0
    ? ''
    : `<h2>Tenants</h2>
<table><tr><th>Key</th><th>Name</th><th>State</th>${product.alone === undefined ? '<th>Subscribes to</th>' : ''}</tr>${tenants
        .slice(0, 20)
        .map(
          ({ key, name, state, subscriptions }) =>
            `<tr><td>${escapeHtml(key)}</td><td>${escapeHtml(name)}</td><td>${state}</td>${product.alone === undefined ? `<td>${subscriptions.map(escapeHtml).join(', ')}</td>` : ''}</tr>`,
        )
        .join('')}</table>${tenants.length > 20 ? `<p>and ${tenants.length - 20} more.</p>` : ''}`
}
${
  example
    ? `<h2>To paste</h2>
<pre>TOKEN=$(npx tenantry token ${escapeHtml(example.tenant)} --role admin --dir ${escapeHtml(relativeDir(product.dir))})
curl -s -H "Authorization: Bearer $TOKEN" '${escapeHtml(url + example.path)}?limit=5'
curl -s -H "Authorization: Bearer $TOKEN" '${escapeHtml(`${url}/${example.tenant}`)}/openapi.json'
npx tenantry --help</pre>`
    : ''
}
<h2>Links</h2>
<ul>${first ? `<li><a href="/${escapeHtml(first.key)}/docs">/${escapeHtml(first.key)}/docs</a></li>` : ''}<li><a href="/-/health">/-/health</a></li><li><a href="/-/metrics">/-/metrics</a></li>${example ? `<li><a href="/${escapeHtml(example.tenant)}/auth/jwks">/${escapeHtml(example.tenant)}/auth/jwks</a></li>` : ''}</ul>`,
  )
}

function relativeDir(dir: string): string {
  const here = process.cwd()
  return dir === here ? '.' : dir.startsWith(`${here}/`) ? dir.slice(here.length + 1) : dir
}

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escapeHtml(title)}</title><style>
html{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a2e;background:#fff}
h1{margin-bottom:0}h2{margin-top:2rem;font-size:1.1rem}table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .8rem .3rem 0;border-bottom:1px solid #ddd;vertical-align:top}
td{overflow-wrap:break-word}pre{background:#f4f4f8;padding:1rem;border-radius:.4rem;font-size:.875rem;white-space:pre-wrap;overflow-wrap:anywhere}a{color:#3b3bb3}
@media (prefers-color-scheme:dark){body{color:#e6e6f0;background:#16161f}th,td{border-color:#333}pre{background:#22222e}a{color:#a0a0ff}}
</style></head><body>${body}</body></html>`
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}
