import { TenantryError } from './errors.ts'

/** How far the migrations of the product have come true in a database. */
export type DatabaseStatus = 'pending' | 'in_progress' | 'realized' | 'error'

/** Up to where a database has seen the migrations of a module. */
export interface SeenMigrations {
  readonly number: number
  /** Of the files up to that number, to notice those that were changed. */
  readonly digest: string
}

/** A database of the fleet, as the platform's database remembers it. */
export interface FleetDatabase {
  readonly name: string
  readonly status: DatabaseStatus
  /** By module; empty before the first visit. */
  readonly modules: Readonly<Record<string, SeenMigrations>>
  /** Why the last visit failed. */
  readonly error: string | null
  /** ISO 8601. */
  readonly addedAt: string
  /** ISO 8601. */
  readonly changedAt: string
}

/** Throws `invalid` for what cannot be a database of a fleet. */
export function parseDatabaseName(text: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_-]{0,62}$/.test(text)) return text
  throw new TenantryError('invalid', 'That cannot be the name of a database', {
    hint: 'Up to 63 letters, digits, "_" and "-", as it is called on the server',
  })
}
