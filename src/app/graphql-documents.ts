import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { graphqlLimitsFaults } from '../api/graphql/limits.ts'
import { TenantryError } from '../core/errors.ts'
import type { Config } from './config.ts'
import { liveLimitsFaults } from './live-limits.ts'

/**
 * The documents that a product trusts, by their ids: `sha256:` and the hash of the file's bytes in hexadecimal. Throws `invalid`
 * when there is no such folder.
 */
export async function readDocuments({ dir, config }: { dir: string; config: Config }): Promise<Map<string, string>> {
  const folder = resolve(dir, config.graphql?.documentsFolder ?? 'documents')
  const names = await readdir(folder).catch((cause: unknown) => {
    throw new TenantryError('invalid', `The folder of documents ${folder} cannot be read`, {
      hint: 'Make it, or set graphql.documentsFolder',
      cause,
    })
  })
  const documents = new Map<string, string>()
  for (const name of names.filter(name => name.endsWith('.graphql')).sort()) {
    const text = await readFile(join(folder, name), 'utf8')
    documents.set(`sha256:${createHash('sha256').update(text).digest('hex')}`, text)
  }
  return documents
}

const keys = ['introspection', 'limits', 'documents', 'documentsFolder', 'live']

/** What is wrong with `graphql` in a config. */
export function graphqlFaults(graphql: unknown): string[] {
  if (typeof graphql !== 'object' || graphql === null) return ['"graphql" must be an object']
  const {
    introspection,
    limits = {},
    documents,
    documentsFolder,
    live = {},
  } = graphql as Readonly<Record<string, unknown>>
  const unknown = Object.keys(graphql).filter(key => !keys.includes(key))
  return [
    ...unknown.map(key => `"graphql": ${JSON.stringify(key)} is not an option; there are ${keys.join(', ')}`),
    ...(introspection === undefined || typeof introspection === 'boolean'
      ? []
      : ['"graphql": introspection must be true or false']),
    ...(documents === undefined || ['only', 'also', 'off'].includes(String(documents))
      ? []
      : ['"graphql": documents must be only, also or off']),
    ...(documentsFolder === undefined || typeof documentsFolder === 'string'
      ? []
      : ['"graphql": documentsFolder must be the path of a folder']),
    ...liveLimitsFaults(live).map(fault => `"graphql.live": ${fault}`),
    ...graphqlLimitsFaults(limits).map(fault => `"graphql.limits": ${fault}`),
  ]
}
