import { TenantryError } from './errors.ts'
import type { ModuleId } from './module.ts'
import { quote } from './module-set.ts'

/** A migration as its author committed it. */
export interface Migration {
  readonly module: ModuleId
  /** Counts from 1 inside its module. */
  readonly number: number
  /** The file's name without its end, `0001_add_phone`. */
  readonly name: string
  /** Its SQL, with line feeds only. */
  readonly text: string
  /** What takes it back; null where there is no such file. */
  readonly undo: string | null
  /** Equal for equal texts, whatever ends their lines. */
  readonly checksum: string
}

/** What the comments at the head of a file say of it. */
export interface MigrationHeader {
  /** Its one command is run outside a transaction. */
  readonly noTransaction: boolean
  readonly destructive: boolean
  /** What must have been done before: module and number. */
  readonly after: readonly { readonly module: string; readonly number: number }[]
}

const fileName = /^(\d{4})_[a-z0-9][a-z0-9_]{0,79}$/

/** The number in `0001_add_phone`; undefined for what is no such name. */
export function migrationNumber(name: string): number | undefined {
  const number = Number(fileName.exec(name)?.[1] ?? 0)
  return number === 0 ? undefined : number
}

/** `customers@1 0001_add_phone` */
export function describeMigration({ module, name }: Pick<Migration, 'module' | 'name'>): string {
  return `${module} ${name}`
}

const directive = /^--\s*tenantry:\s*(.*)$/
const place = /^([a-z][a-z0-9_]*@\d{1,6})\/(\d{1,4})$/

/** Reads the comments before the first command. Throws `invalid` for a direction that is none. */
export function parseMigrationHeader(text: string, name: string): MigrationHeader {
  let header: MigrationHeader = { noTransaction: false, destructive: false, after: [] }
  for (const line of text.split('\n').map(line => line.trim())) {
    if (line !== '' && !line.startsWith('--')) break
    const said = directive.exec(line)?.[1]?.trim()
    if (said === undefined) continue
    if (said === 'no transaction') header = { ...header, noTransaction: true }
    else if (said === 'destructive') header = { ...header, destructive: true }
    else if (said.startsWith('after ')) header = { ...header, after: [...header.after, ...parseAfter(said, name)] }
    else throw headerError(name, said)
  }
  return header
}

function parseAfter(said: string, name: string): MigrationHeader['after'] {
  return said
    .slice('after '.length)
    .split(',')
    .map(part => {
      const [, module, number] = place.exec(part.trim()) ?? []
      if (module === undefined) throw headerError(name, said)
      return { module, number: Number(number) }
    })
}

function headerError(name: string, said: string): TenantryError {
  return new TenantryError('invalid', `${name}: "-- tenantry: ${quote(said).slice(1, -1)}" is no direction`, {
    hint: 'There are: no transaction; destructive; after customers@1/2, shared@1/1',
  })
}

/**
 * All migrations in an order in which they can be run: those of a module by number, and each after those that its head names.
 * `modules` breaks ties. Throws `invalid` for numbers that are given twice and for a circle.
 */
export function orderMigrations(migrations: readonly Migration[], modules: readonly string[]): Migration[] {
  const queues = modules.map(module => {
    const own = migrations.filter(migration => migration.module === module).sort((a, b) => a.number - b.number)
    for (const [index, migration] of own.entries()) {
      const next = own[index + 1]
      if (next?.number === migration.number) throw twice(migration, next)
    }
    return own
  })
  const waits = (migration: Migration) => {
    const { after } = parseMigrationHeader(migration.text, describeMigration(migration))
    return queues.some(
      ([head]) => head && after.some(({ module, number }) => head.module === module && head.number <= number),
    )
  }
  const ordered: Migration[] = []
  while (queues.some(queue => queue.length > 0)) {
    const ready = queues.find(([head]) => head && !waits(head))
    const next = ready?.shift()
    if (!next) throw circle(queues.flatMap(([head]) => head ?? []))
    ordered.push(next)
  }
  return ordered
}

function twice(one: Migration, other: Migration): TenantryError {
  return new TenantryError('invalid', `Two migrations of ${one.module} have the number ${one.number}`, {
    details: `${one.name}\n${other.name}`,
    hint: 'Give the one that no database has seen the next number',
  })
}

function circle(waiting: readonly Migration[]): TenantryError {
  return new TenantryError('invalid', 'Migrations wait for each other in a circle', {
    details: waiting.map(describeMigration).join('\n'),
    hint: 'Mend what stands behind "-- tenantry: after" in their heads',
  })
}
