import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { TenantryError } from '../core/errors.ts'
import { traitName } from '../core/features.ts'
import { limitsFaults } from '../core/limits.ts'
import type { ModuleDefinition } from '../core/module.ts'
import { createModuleSet, type ModuleSet, quote } from '../core/module-set.ts'
import { exposeAlone, publishModules } from '../core/published.ts'
import { parseMajorFolder } from '../core/version.ts'
import type { Config } from './config.ts'
import { graphqlFaults } from './graphql-documents.ts'

/** A product as its folder describes it. */
export interface Product {
  readonly dir: string
  readonly config: Config
  readonly modules: ModuleSet
  /** The only module or composed API that this process serves: `customers@1`. Absent: all of them. */
  readonly alone?: string
}

const configNames = ['tenantry.config.ts', 'tenantry.config.js', 'tenantry.config.mjs']

/**
 * Reads the config of a folder and every `modules/{name}/v{major}/module.ts`. Throws `invalid` with all problems at once:
 * misnamed folders, files that are no modules, and whatever is wrong with the definitions.
 */
export async function loadProduct(dir: string): Promise<Product> {
  const root = resolve(dir)
  const file = configNames.map(name => join(root, name)).find(existsSync)
  if (!file) {
    throw new TenantryError('invalid', `There is no ${configNames[0]} in ${root}`, {
      hint: 'Give the folder of a product with --dir, or make one with: tenantry module new',
    })
  }
  const loaded = await importDefault(file).catch((error: unknown) => {
    throw new TenantryError('invalid', `${file} cannot be loaded`, {
      details: error instanceof Error ? error.message : null,
      hint: 'Mend it and start again',
    })
  })
  const config = checkConfig(loaded, file)
  const folder = resolve(root, config.modules ?? 'modules')
  const problems: string[] = []
  const definitions: ModuleDefinition[] = []
  for (const place of await findModules(folder, problems)) {
    const definition = await loadModule(place, root, problems)
    if (definition) definitions.push(definition)
  }
  if (definitions.length === 0 && problems.length === 0) {
    throw new TenantryError('invalid', `There are no modules in ${folder}`, {
      hint: 'Make one with: tenantry module new',
    })
  }
  try {
    const modules = publishModules(createModuleSet(definitions), config.products)
    checkPorts(config, modules, problems)
    if (problems.length === 0) return { dir: root, config, modules }
  } catch (error) {
    if (!(error instanceof TenantryError)) throw error
    problems.push(...(error.details ?? error.message).split('\n'))
  }
  throw new TenantryError(
    'invalid',
    `The modules have ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}`,
    {
      details: problems.join('\n'),
      hint: 'Mend them all and start again',
    },
  )
}

/** The product as a process knows it that serves one module, or composed API, alone. Throws `not_found`, saying what there is. */
export function aloneIn(product: Product, id: string): Product {
  const known = servedIn(product.config, product.modules)
  const wanted = id.includes('@') ? id : known.findLast(each => each.split('@', 1)[0] === id)
  if (wanted !== undefined && known.includes(wanted))
    return { ...product, modules: exposeAlone(product.modules, wanted), alone: wanted }
  throw new TenantryError('not_found', `There is no module ${quote(id)}`, { hint: `There are ${known.join(', ')}` })
}

/** What has an address of its own, the majors of each in their order. */
export function servedIn({ products = {} }: Config, { modules }: ModuleSet): string[] {
  const major = (id: string) => Number(id.split('@')[1])
  const composed = Object.keys(products).map(id => (id.includes('@') ? id : `${id}@1`))
  return [...modules.map(({ id }) => id), ...composed].toSorted((a, b) => major(a) - major(b))
}

function checkPorts({ ports = {}, ...config }: Config, modules: ModuleSet, problems: string[]): void {
  const known = servedIn(config, modules)
  const taken = new Map<number, string>()
  for (const [id, port] of Object.entries(ports)) {
    const other = taken.get(port)
    taken.set(port, id)
    if (!known.includes(id)) problems.push(`ports: there is no ${quote(id)}; there are ${known.join(', ')}`)
    if (!Number.isInteger(port) || port < 1 || port > 65_535)
      problems.push(`ports: ${id} needs a number from 1 to 65535`)
    else if (other !== undefined) problems.push(`ports: ${other} and ${id} cannot both have ${port}`)
  }
}

interface ModulePlace {
  readonly name: string
  readonly major: number
  readonly file: string
}

async function findModules(folder: string, problems: string[]): Promise<ModulePlace[]> {
  const places: ModulePlace[] = []
  for (const name of await foldersOf(folder)) {
    for (const version of await foldersOf(join(folder, name))) {
      const major = parseMajorFolder(version)
      const where = join(folder, name, version)
      if (major === undefined) {
        problems.push(`${where}: a folder of a version is called v and its major, like v1`)
        continue
      }
      const file = ['module.ts', 'module.js', 'module.mjs'].map(file => join(where, file)).find(existsSync)
      if (file) places.push({ name, major, file })
      else problems.push(`${where}: there is no module.ts`)
    }
  }
  return places
}

async function foldersOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  return entries
    .filter(entry => entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== 'node_modules')
    .map(({ name }) => name)
    .sort()
}

async function loadModule(
  { name, major, file }: ModulePlace,
  root: string,
  problems: string[],
): Promise<ModuleDefinition | undefined> {
  const where = relative(root, file)
  const loaded = await importDefault(file).catch((error: unknown) => {
    problems.push(`${where}: ${error instanceof Error ? error.message : 'it cannot be loaded'}`)
    return undefined
  })
  if (loaded === undefined) return undefined
  if (!isModule(loaded)) {
    problems.push(`${where}: its default export is not defineModule({ name, version, entities, … })`)
    return undefined
  }
  if (loaded.name !== name) problems.push(`${where}: the module is called ${loaded.name}, its folder ${name}`)
  if (loaded.version.split('.', 1)[0] !== String(major))
    problems.push(`${where}: the version is ${loaded.version}, the folder ${dirname(where).split(/[\\/]/).at(-1)}`)
  return loaded
}

async function importDefault(file: string): Promise<unknown> {
  const loaded: { default?: unknown } = await import(pathToFileURL(file).href)
  return loaded.default ?? null
}

function isModule(value: unknown): value is ModuleDefinition {
  if (typeof value !== 'object' || value === null) return false
  const { name, version, entities, actions, routes, seeds, dependsOn, publishes } = value as Partial<
    Record<keyof ModuleDefinition, unknown>
  >
  const isList = (part: unknown) => part === undefined || Array.isArray(part)
  return (
    typeof name === 'string' &&
    typeof version === 'string' &&
    Array.isArray(entities) &&
    entities.every(isEntity) &&
    (routes === undefined || typeof routes === 'function') &&
    isList(seeds) &&
    (actions === undefined || (Array.isArray(actions) && actions.every(isAction))) &&
    isList(dependsOn) &&
    isList(publishes)
  )
}

function isEntity(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { name, fields, options } = value as Record<string, unknown>
  return (
    typeof name === 'string' &&
    typeof fields === 'object' &&
    fields !== null &&
    typeof options === 'object' &&
    options !== null
  )
}

function isAction(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { name, input, reads, writes } = value as Record<string, unknown>
  const isObject = typeof input === 'object' && input !== null
  return typeof name === 'string' && isObject && Array.isArray(reads) && Array.isArray(writes)
}

const configKeys = new Set<keyof Config>([
  'name',
  'modules',
  'tenantDomain',
  'allowRollback',
  'limits',
  'graphql',
  'idempotencyHours',
  'authorizer',
  'instancer',
  'changesHours',
  'editions',
  'products',
  'ports',
  'development',
])

function checkConfig(value: unknown, file: string): Config {
  const wrong = (message: string) => new TenantryError('invalid', `${file}: ${message}`, { hint: 'See defineConfig' })
  if (typeof value !== 'object' || value === null) throw wrong('its default export is not defineConfig({ name, … })')
  for (const key of Object.keys(value)) {
    if (!(configKeys as ReadonlySet<string>).has(key))
      throw wrong(`"${key}" is not an option; there are ${[...configKeys].join(', ')}`)
  }
  const config = value as Config
  if (typeof config.name !== 'string' || config.name === '') throw wrong('"name" must be a text')
  if (config.modules !== undefined && typeof config.modules !== 'string')
    throw wrong('"modules" must be the path of a folder')
  if (config.tenantDomain !== undefined && !/^[a-z0-9.-]+$/.test(config.tenantDomain))
    throw wrong('"tenantDomain" must be a host name')
  for (const name of ['authorizer', 'instancer'] as const) {
    if (config[name] !== undefined && typeof config[name] !== 'function') throw wrong(`"${name}" must be a function`)
  }
  for (const [edition, flags] of Object.entries(config.editions ?? {})) {
    if (!traitName.test(edition)) throw wrong(`"editions": ${JSON.stringify(edition)} must match ${traitName.source}`)
    if (!Array.isArray(flags) || !flags.every(flag => typeof flag === 'string' && traitName.test(flag)))
      throw wrong(`"editions": the flags of ${edition} must be texts that match ${traitName.source}`)
  }
  for (const [api, names] of Object.entries(config.products ?? {})) {
    if (!Array.isArray(names) || !names.every(name => typeof name === 'string'))
      throw wrong(`"products": ${JSON.stringify(api)} must be a list of names, like "customers.customers.read"`)
  }
  if (typeof (config.ports ?? {}) !== 'object') throw wrong('"ports" must be numbers by module')
  const [fault] = [...limitsFaults(config.limits ?? {}), ...graphqlFaults(config.graphql ?? {})]
  if (fault !== undefined) throw wrong(fault)
  for (const name of ['idempotencyHours', 'changesHours'] as const) {
    const hours: unknown = config[name] ?? 24
    if (typeof hours !== 'number' || !(hours > 0 && hours <= 8_760))
      throw wrong(`"${name}" must be a number above 0, and a year at most`)
  }
  return config
}
