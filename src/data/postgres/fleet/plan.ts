import { createHash } from 'node:crypto'
import type { FleetDatabase } from '../../../core/fleet.ts'
import { type Migration, orderMigrations } from '../../../core/migration.ts'
import { parseScript, type Script } from '../migrate/parse.ts'
import { heldBack } from '../migrate/up.ts'

/** The files of a product, as many databases are compared with them. */
export interface FleetFiles {
  readonly ordered: readonly Migration[]
  readonly scripts: ReadonlyMap<Migration, Script>
  /** Of the files of a module up to a number; undefined for a module that the product has not. */
  digestAt(module: string, number: number): string | undefined
}

/** Equal for equal migrations, in their order. */
export function digestOf(migrations: readonly { readonly name: string; readonly checksum: string }[]): string {
  const hash = createHash('sha256')
  for (const { name, checksum } of migrations) hash.update(`${name}\n${checksum}\n`)
  return hash.digest('base64url')
}

export function fleetFiles(migrations: readonly Migration[], modules: readonly string[], prefix: string): FleetFiles {
  const ordered = orderMigrations(migrations, modules)
  const digests = new Map<string, string>()
  return {
    ordered,
    scripts: new Map(ordered.map(migration => [migration, parseScript(migration, prefix)])),
    digestAt(module, number) {
      const place = `${module}/${number}`
      const known = digests.get(place)
      if (known !== undefined || !modules.includes(module)) return known
      const digest = digestOf(ordered.filter(file => file.module === module && file.number <= number))
      digests.set(place, digest)
      return digest
    },
  }
}

/**
 * Whether a database must be visited: it was never, a visit was cut off or failed, a file that it has seen is another one
 * now, or there is something that may be run. Pure.
 */
export function needsVisit(
  { status, modules }: FleetDatabase,
  { ordered, scripts, digestAt }: FleetFiles,
  allowDestructive: boolean,
): boolean {
  if (status === 'in_progress' || status === 'error') return true
  const seen = Object.entries(modules)
  if (seen.length === 0) return true
  if (seen.some(([module, { number, digest }]) => (digestAt(module, number) ?? digest) !== digest)) return true
  const pending = ordered.filter(({ module, number }) => number > (modules[module]?.number ?? 0))
  return pending.length > (allowDestructive ? 0 : heldBack(pending, scripts).length)
}
