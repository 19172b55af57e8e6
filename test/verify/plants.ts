import { registerHooks } from 'node:module'

/** A mistake in the server: what is there, and what stands there while it is planted. */
interface Plant {
  readonly name: string
  readonly file: string
  /** Absent: it stands where another one of the same file does. */
  readonly there?: string
  readonly instead?: string
  /** More in the same file that belongs to it. */
  readonly also?: readonly (readonly [there: string, instead: string])[]
  /** The classes of attacks that are asked, any of which may find it. */
  readonly classes: readonly string[]
  readonly found: RegExp
}

/** `planted` answers whether the mistake of that name is planted at the moment. */
export const plants: readonly Plant[] = [
  {
    name: 'the path decides the tenant',
    file: 'gateway/resolve-tenant.ts',
    there: 'const key = principal?.tenant ?? named',
    instead: `const key = planted('the path decides the tenant') ? named : planted('a header decides the tenant') && typeof header === 'string' ? header : (principal?.tenant ?? named)`,
    classes: ['tokens'],
    found: /the other tenant|answered otherwise/,
  },
  {
    name: 'a header decides the tenant',
    file: 'gateway/resolve-tenant.ts',
    there: 'if (named !== key || (header',
    instead: `if (planted('a header decides the tenant') ? false : named !== key || (header`,
    classes: ['settings'],
    found: /the other tenant|answered otherwise|answer is another/,
  },
  {
    name: 'what is refused tells which tenants there are',
    file: 'gateway/resolve-tenant.ts',
    there: '\n    throw principal ? otherTenant() : tokenNeeded()',
    instead: `\n    throw planted('what is refused tells which tenants there are') && !find(named) ? new TenantryError('not_found', 'There is no such tenant') : principal ? otherTenant() : tokenNeeded()`,
    classes: ['tokens'],
    found: /answered otherwise/,
  },
  {
    name: 'signatures are not looked at',
    file: 'identity/tokens.ts',
    there: 'if (!(await isSigned(token, key)))',
    instead: `if (!planted('signatures are not looked at') && !(await isSigned(token, key)))`,
    classes: ['tokens'],
    found: /should be a refusal/,
  },
  {
    name: 'checked tokens are kept under one name',
    file: 'identity/tokens.ts',
    there: 'found.token === token',
    instead: `(planted('checked tokens are kept under one name') || found.token === token)`,
    also: [
      [
        'return token.slice(-32)',
        `return planted('checked tokens are kept under one name') ? token.slice(0, 60) : token.slice(-32)`,
      ],
    ],
    classes: ['roles'],
    found: /another instance|should be a refusal/,
  },
  {
    name: 'statements run for the tenant that came first',
    file: 'data/postgres/settings.ts',
    there: `context.acrossTenants ? '' : context.tenant`,
    instead: `context.acrossTenants ? '' : planted('statements run for the tenant that came first') ? (globalThis.keptTenant ??= context.tenant) : planted('writes land in another tenant') && role.endsWith('writer') && context.principal.subject.startsWith('verify-') ? context.tenant.replace('verify-a', 'verify-b') : context.tenant`,
    classes: ['ids'],
    found: /the other tenant/,
  },
  {
    name: 'writes land in another tenant',
    file: 'data/postgres/settings.ts',
    classes: ['ids'],
    found: /rows have changed/,
  },
  {
    name: 'counts are of all tenants',
    file: 'data/postgres/datasource.ts',
    there: 'total: total == null ? null : Number(total),',
    instead: `total: total == null ? null : Number(total) + (planted('counts are of all tenants') ? globalThis.inserted : 0),`,
    also: [
      [
        'const [body, rows, total, inserted, revision, next] = row',
        `if (plan.kind === 'insert') globalThis.inserted += Number(row[1] ?? 0); const [body, rows, total, inserted, revision, next] = row`,
      ],
    ],
    classes: ['counts'],
    found: /another one since the other tenant has rows/,
  },
  {
    name: 'the instance of a token is forgotten',
    file: 'core/access-role.ts',
    there: '(question.hasInstance && use.entity.instanced)',
    instead: `(!planted('the instance of a token is forgotten') && question.hasInstance && use.entity.instanced)`,
    classes: ['ids'],
    found: /another instance/,
  },
  {
    name: 'roles that nobody mapped may read',
    file: 'core/access-role.ts',
    there: 'const role = entity.access.get(name)',
    instead: `const role = entity.access.get(name) ?? (planted('roles that nobody mapped may read') ? 'tenant_reader' : undefined)`,
    classes: ['roles'],
    found: /should be a refusal/,
  },
  {
    name: 'roles across tenants count inside one',
    file: 'core/access-role.ts',
    there: 'if (!reach.withinTenant && !acrossTenants)',
    instead: `if (!planted('roles across tenants count inside one') && !reach.withinTenant && !acrossTenants)`,
    classes: ['roles'],
    found: /should be a refusal/,
  },
  {
    name: 'places in lists are good for every tenant',
    file: 'api/rest/cursor.ts',
    there: 'JSON.stringify([context.tenant, ',
    instead: `JSON.stringify([planted('places in lists are good for every tenant') ? '' : context.tenant, `,
    classes: ['cursors'],
    found: /place in a list/,
  },
  {
    name: 'answers are kept without their tenant',
    file: 'app/http/rest.ts',
    there: 'const answer = await datasource.run(context, asked.plan, {',
    instead: `const answer = planted('answers are kept without their tenant') && globalThis.keptAnswers.get(entity.id + asking.query) || await datasource.run(context, asked.plan, {`,
    also: [
      [
        'const response = respondRest(asked, answer)',
        'globalThis.keptAnswers.set(entity.id + asking.query, answer); const response = respondRest(asked, answer)',
      ],
    ],
    classes: ['ids', 'filters'],
    found: /the other tenant|answer is another|answered otherwise/,
  },
  {
    name: 'the hidden column is shown',
    file: 'data/postgres/datasource.ts',
    there: `body: body ?? ''`,
    instead: `body: planted('the hidden column is shown') ? (body ?? '').replaceAll('{"', '{"tenant_id":"x","') : (body ?? '')`,
    classes: ['ids'],
    found: /a tenant_id/,
  },
  {
    name: 'hidden fields are shown',
    file: 'core/sight.ts',
    there: 'if (!entity.ruled)',
    instead: `if (!entity.ruled || planted('hidden fields are shown'))`,
    classes: ['ids'],
    found: /a hidden field/,
  },
  {
    name: 'a refusal tells of the hidden column',
    file: 'core/plan-names.ts',
    there: `fields: fieldMessages([name], 'is no field'),`,
    instead: `fields: fieldMessages([name], planted('a refusal tells of the hidden column') && name === 'tenant_id' ? 'is hidden' : 'is no field'),`,
    classes: ['errors'],
    found: /answered otherwise/,
  },
  {
    name: 'the platform listens to everybody',
    file: 'app/http/platform-routes.ts',
    there: 'principal.tenant === systemTenant && ',
    instead: `(planted('the platform listens to everybody') || principal.tenant === systemTenant) && `,
    classes: ['tokens'],
    found: /the other tenant|should be a refusal/,
  },
]

/** Mistakes of the statement that says for whom a request runs: the text that takes its place. */
export const settingsPlants: readonly { name: string; spoil: (sql: string) => string; found: RegExp }[] = [
  {
    name: 'the tenant outlives its transaction',
    spoil: sql => sql.replace(`'tenantry.tenant', $2, true`, `'tenantry.tenant', $2, false`),
    found: /settings of a request outlive its transaction/,
  },
  {
    name: 'the role outlives its transaction',
    spoil: sql => sql.replace(`'role', $1, true`, `'role', $1, false`),
    found: /settings of a request outlive its transaction/,
  },
  {
    name: 'the role is not switched',
    spoil: sql => sql.replace(`'role', $1, true`, `'tenantry.role', $1, true`),
    found: /settings of a request do not take hold: the statement runs as \w+_tenant_login/,
  },
]

interface Planting {
  planted: (name: string) => boolean
  keptTenant: string | undefined
  keptAnswers: Map<string, unknown>
  inserted: number
  changeSettings: (change: (sql: string) => string) => void
}
// What is planted reads it; nothing else has a global of these names.
const planting = globalThis as typeof globalThis & Planting
const source = new URL('../../src/', import.meta.url).href
let now = ''

/** From now on modules of ours are loaded with all mistakes in them, each asleep. */
export function sow(): void {
  planting.planted = name => name === now
  plant('')
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context)
      const file = url.startsWith(source) ? url.slice(source.length) : ''
      const here = plants.filter(plant => plant.file === file)
      const isSettings = file === 'data/postgres/settings.ts'
      if ((here.length === 0 && !isSettings) || loaded.source == null) return loaded
      let text = typeof loaded.source === 'string' ? loaded.source : Buffer.from(loaded.source as Uint8Array).toString()
      for (const { name, there = '', instead = '', also = [] } of here)
        for (const [from, to] of [[there, instead] as const, ...also].filter(([from]) => from !== '')) {
          if (text.split(from).length !== 2) throw new Error(`The place of "${name}" in src/${file} is another one now`)
          text = text.replace(from, () => to)
        }
      if (isSettings)
        text = `${text.replace('export const settingsSql', 'export let settingsSql').replace('export const allSettingsSql', 'export let allSettingsSql')}\nconst sound = [settingsSql, allSettingsSql]\nglobalThis.changeSettings = change => { [settingsSql, allSettingsSql] = sound.map(change) }\n`
      return { ...loaded, source: text }
    },
  })
}

/** Wakes one of them; the others sleep. */
export function plant(name: string): void {
  now = name
  planting.keptTenant = undefined
  planting.keptAnswers = new Map()
  planting.inserted = 0
}

export function plantSettings(change: (sql: string) => string): void {
  planting.changeSettings(change)
}
