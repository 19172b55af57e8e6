import { existsSync, readdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { TenantryError } from '../core/errors.ts'

const configName = /^tenantry\.config\.(ts|js|mjs)$/

/** The folder that was given; else the nearest one, from here upwards, with a config; else the current one. */
export function findProductFolder(given: string | undefined): string {
  if (given !== undefined) return checkFolder(resolve(given))
  for (let folder = process.cwd(); ; folder = dirname(folder)) {
    if (hasConfig(folder)) return folder
    if (folder === dirname(folder)) return process.cwd()
  }
}

export function hasConfig(folder: string): boolean {
  try {
    return readdirSync(folder).some(name => configName.test(name))
  } catch {
    return false // A folder above that may not be read.
  }
}

function checkFolder(folder: string): string {
  if (existsSync(folder)) return folder
  throw new TenantryError('invalid', `There is no folder ${folder}`, {
    hint: 'Give the folder of a product with --dir',
  })
}

/** The folder that holds the modules of a product, as its config says. */
export async function readModulesFolder(dir: string): Promise<string> {
  const file = readdirSync(dir).find(name => configName.test(name)) ?? ''
  const { default: config } = await import(pathToFileURL(join(dir, file)).href).catch((error: unknown) => {
    const details = error instanceof Error ? error.message : null
    throw new TenantryError('invalid', `${join(dir, file)} cannot be loaded`, { details })
  })
  return resolve(dir, typeof config?.modules === 'string' ? config.modules : 'modules')
}
