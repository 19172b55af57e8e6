import { TenantryError } from '../core/errors.ts'
import { parseTenantKey, type TenantKey } from '../core/tenant.ts'

export const manifestFile = 'manifest.json'
export const archiveFormat = 1

/** What an archive holds: the first file to read of one. */
export interface ArchiveManifest {
  readonly format: typeof archiveFormat
  readonly tenant: TenantKey
  /** ISO 8601, UTC. */
  readonly createdAt: string
  /** The full version of each module: `{ "customers@1": "1.4.0" }`. */
  readonly modules: Readonly<Record<string, string>>
  /**
   * By the id of the entity, `customers@1.customers`; those without rows included. `tenantry@1.seeded` says which of the rows were
   * seeded, so that a tenant that is brought back does not get its seeds a second time.
   */
  readonly entities: Readonly<Record<string, ArchivedEntity>>
}

export interface ArchivedEntity {
  /** A name in the archive's own folder. One JSON object on each line. */
  readonly file: string
  readonly rows: number
  readonly bytes: number
  /** Of the whole file, in hexadecimal. */
  readonly sha256: string
}

/** The file of an entity. Ids are made of `a-z`, `0-9`, `_`, `.` and `@`; anything else must not become a path. */
export function entityFile(id: string): string {
  if (/^[a-z][a-z0-9_]*@\d+\.[a-z][a-z0-9_]*$/.test(id)) return `${id}.ndjson`
  throw new TenantryError('invalid', 'That is not the id of an entity')
}

/** The text of a manifest as what it means. Throws `conflict` when it is not one of a format that we can read. */
export function parseManifest(text: string): ArchiveManifest {
  try {
    const { format, tenant, createdAt, modules, entities } = asRecord(JSON.parse(text))
    if (format !== archiveFormat || typeof createdAt !== 'string') throw new TypeError('format')
    return {
      format,
      tenant: parseTenantKey(String(tenant)),
      createdAt,
      modules: mapRecord(modules, version => String(version)),
      entities: mapRecord(entities, parseEntity),
    }
  } catch (cause) {
    throw new TenantryError('conflict', `${manifestFile} is not the manifest of an archive`, { cause })
  }
}

function parseEntity(value: unknown, id: string): ArchivedEntity {
  const { file, rows, bytes, sha256 } = asRecord(value)
  if (file !== entityFile(id) || typeof sha256 !== 'string') throw new TypeError(id)
  if (typeof rows !== 'number' || typeof bytes !== 'number') throw new TypeError(id)
  return { file, rows, bytes, sha256 }
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>
  throw new TypeError('not an object')
}

function mapRecord<T>(value: unknown, parse: (value: unknown, name: string) => T): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(asRecord(value)).map(([name, inner]) => [name, parse(inner, name)]))
}
