import { mkdir, mkdtemp, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { TenantryError } from '../core/errors.ts'
import type { Entity, Module } from '../core/module-set.ts'
import { seeded } from '../core/seeded.ts'
import { parseTenantKey, type TenantKey } from '../core/tenant.ts'
import type { TenantRows } from '../core/tenant-rows.ts'
import { formatVersion } from '../core/version.ts'
import { EntityWriter } from './entity-writer.ts'
import { type ArchivedEntity, type ArchiveManifest, archiveFormat, entityFile, manifestFile } from './manifest.ts'
import { verifyArchive } from './verify.ts'

export interface ArchiveDeps {
  readonly rows: Pick<TenantRows, 'snapshot'>
  readonly now?: () => Date
}

export interface ExportWish {
  readonly tenant: TenantKey
  /** Whose rows; entities without a tenant are left out. */
  readonly modules: readonly Module[]
  /** Where the archive's own folder is made. */
  readonly folder: string
}

export interface Exported {
  /** The archive's own folder, `<folder>/<tenant>-<UTC time>`. */
  readonly folder: string
  readonly manifest: ArchiveManifest
}

export interface Archive {
  /**
   * Writes all rows of a tenant, from one moment, and which of them were seeded, into a new folder that only we can read. It
   * appears when it is whole and on the disk. Throws `conflict` when it is there already, `unavailable` when it cannot be written.
   */
  exportTenant(wish: ExportWish): Promise<Exported>
  /** Reads an archive again. Throws `conflict`, naming the file, at the first difference from what was written. */
  verifyArchive(folder: string): Promise<ArchiveManifest>
  /** Removes an archive of rows that have stayed where they were. */
  discardArchive(folder: string): Promise<void>
}

export function createArchive({ rows, now = () => new Date() }: ArchiveDeps): Archive {
  return {
    verifyArchive,
    async discardArchive(folder) {
      const partial = await makePartial(dirname(folder), basename(folder))
      try {
        await rename(folder, join(partial, 'discarded'))
      } finally {
        await rm(partial, { recursive: true, force: true })
      }
    },
    async exportTenant({ tenant, modules, folder }) {
      const createdAt = now().toISOString()
      const name = `${parseTenantKey(tenant)}-${createdAt.replaceAll(/[-:.]/g, '')}`
      const target = join(resolve(folder), name)
      const partial = await makePartial(resolve(folder), name).catch(cannotWrite)
      try {
        const entities = modules.flatMap(module => module.entities).filter(({ global }) => !global)
        const archived = await writeRows(rows, tenant, { entities, modules }, partial)
        const manifest = describe(tenant, createdAt, modules, archived)
        await writeManifest(partial, manifest).catch(cannotWrite)
        await publish(partial, target)
        return { folder: target, manifest }
      } catch (error) {
        await rm(partial, { recursive: true, force: true })
        throw error
      }
    },
  }
}

/** A sibling with mode 0700: renaming it is one step, and what a crash leaves is not taken for an archive. */
async function makePartial(folder: string, name: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  return mkdtemp(join(folder, `.${name}.partial-`))
}

async function writeRows(
  rows: ArchiveDeps['rows'],
  tenant: TenantKey,
  { entities, modules }: { readonly entities: readonly Entity[]; readonly modules: readonly Module[] },
  folder: string,
): Promise<ReadonlyMap<Entity, ArchivedEntity>> {
  const writers = new Map<Entity, EntityWriter>()
  const all = [...entities, seeded]
  try {
    for (const entity of all) {
      writers.set(entity, await EntityWriter.create(folder, entityFile(entity.id)).catch(cannotWrite))
    }
    await rows.snapshot(tenant, all, async (entity, row) => {
      if (entity === seeded && !isMarkerOf(modules, row)) return
      const writer = writers.get(entity)
      if (!writer) throw new TenantryError('internal', 'A row came of an entity that was not asked for')
      await writer.add(row).catch(cannotWrite)
    })
    const archived = new Map<Entity, ArchivedEntity>()
    for (const [entity, writer] of writers) archived.set(entity, await writer.finish().catch(cannotWrite))
    return archived
  } finally {
    for (const writer of writers.values()) await writer.abandon()
  }
}

/** Rows may have been seeded in an earlier major of their module, from which an upgrade has carried them over. */
function isMarkerOf(modules: readonly Module[], row: string): boolean {
  const [, name, major] = /^([a-z0-9_]+)@(\d+)\./.exec(String(JSON.parse(row).entity)) ?? []
  return modules.some(module => module.name === name && module.version.major >= Number(major))
}

function describe(
  tenant: TenantKey,
  createdAt: string,
  modules: readonly Module[],
  archived: ReadonlyMap<Entity, ArchivedEntity>,
): ArchiveManifest {
  return {
    format: archiveFormat,
    tenant,
    createdAt,
    modules: Object.fromEntries(modules.map(({ id, version }) => [id, formatVersion(version)])),
    entities: Object.fromEntries([...archived].map(([{ id }, entity]) => [id, entity])),
  }
}

async function writeManifest(folder: string, manifest: ArchiveManifest): Promise<void> {
  const handle = await open(join(folder, manifestFile), 'wx', 0o600)
  try {
    await handle.writeFile(`${JSON.stringify(manifest, undefined, 2)}\n`)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function publish(partial: string, target: string): Promise<void> {
  await syncFolder(partial)
  await rename(partial, target).catch(error => {
    if (!['ENOTEMPTY', 'EEXIST', 'ENOTDIR', 'EPERM'].includes(error.code)) return cannotWrite(error)
    throw new TenantryError('conflict', `There is an archive ${target} already`, { cause: error })
  })
  await syncFolder(join(target, '..'))
}

/** The names in a folder reach the disk with it. Windows has no such call and needs none. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder)
  await handle.sync().finally(() => handle.close())
}

function cannotWrite(cause: unknown): never {
  const hint = 'Is the folder ours to write, and is there room on the disk?'
  throw new TenantryError('unavailable', 'The archive cannot be written', { hint, cause })
}
