import { createHash } from 'node:crypto'
import type pg from 'pg'
import type { Step } from './ddl.ts'
import { readStructure } from './diff/read-structure.ts'
import type { Structure } from './diff/structure.ts'
import { type LiveCatalog, readLiveCatalog } from './live-catalog.ts'
import { rolesOf } from './roles.ts'
import { identifier } from './sql/writer.ts'

/** How a live database differs from the definitions. Nothing in all three: it may be served. */
export interface Differences {
  /** Ids of objects that are not there. */
  readonly missing: readonly string[]
  readonly different: readonly { readonly id: string; readonly expected: string; readonly found: string }[]
  /** Objects that nobody defined and by which rows could be reached or writes could fail. */
  readonly unexpected: readonly string[]
}

/** Unlike any name that an author would choose, and short: a schema's name has 63 bytes. */
const scratchPrefix = 'tnscratch_'

/** The last of this process. Who looks at a database again, with the same definitions, need not make all of it again. */
let known: { readonly key: string; readonly expected: LiveCatalog } | undefined

/**
 * What the definitions should look like in this server's own words: they are made in scratch schemas, read back and rolled
 * back. Comparing PostgreSQL's text with PostgreSQL's text holds on every version. `client` is the bootstrap login, in a
 * transaction.
 */
export async function readExpectedCatalog(
  client: pg.ClientBase,
  prefix: string,
  schemas: readonly string[],
  steps: readonly Step[],
): Promise<LiveCatalog> {
  const { rows } = await client.query<{ place: string }>(placeSql)
  const key = fingerprintOf([[`${rows[0]?.place} ${prefix}`, JSON.stringify([schemas, steps])]])
  if (known?.key === key) return known.expected
  const expected = await withScratch(client, { prefix, schemas, steps }, async () => {
    const scratch = await readLiveCatalog(
      client,
      schemas.map(schema => scratchPrefix + schema),
    )
    return new Map([...scratch].map(([id, definition]) => [fromScratch(id), fromScratch(definition)]))
  })
  known = { key, expected }
  return expected
}

/** Which database of which run of which server this is, and what it has beside the definitions that their words depend on. */
const placeSql = `
select concat_ws(' ', oid, datname, pg_postmaster_start_time(), version(),
    (select string_agg(concat_ws(' ', extname, extversion, extnamespace), ',' order by extname) from pg_extension),
    (select string_agg(concat_ws(' ', defaclrole, defaclnamespace, defaclobjtype, defaclacl), ',' order by oid) from pg_default_acl)
  ) as place
from pg_database where datname = current_database()`

/** The same in parts from which SQL can be made. */
export function readExpectedStructure(
  client: pg.ClientBase,
  prefix: string,
  schemas: readonly string[],
  steps: readonly Step[],
): Promise<Structure> {
  return withScratch(client, { prefix, schemas, steps }, () =>
    readStructure(client, { schemas, prefix, scratch: scratchPrefix }),
  )
}

interface Scratch {
  readonly prefix: string
  readonly schemas: readonly string[]
  readonly steps: readonly Step[]
}

/** Makes the steps in scratch schemas, reads there and takes them back. */
async function withScratch<T>(
  client: pg.ClientBase,
  { prefix, schemas, steps }: Scratch,
  read: () => Promise<T>,
): Promise<T> {
  const main = identifier(rolesOf(prefix).main)
  const names = new RegExp(`(schema )?"(${schemas.join('|')})"(?=(\\.)?)`, 'g')
  const toScratch = (sql: string) =>
    sql.replace(names, (all, keyword: string | undefined, schema: string, dot: string | undefined) =>
      keyword || dot ? `${keyword ?? ''}"${scratchPrefix}${schema}"` : all,
    )
  const covered = new Set(steps.flatMap(({ covers }) => covers ?? []))
  await client.query('savepoint scratch')
  try {
    for (const schema of schemas)
      await client.query(`create schema ${identifier(scratchPrefix + schema)} authorization ${main}`)
    await client.query(`set local role ${main}`)
    const made = steps.filter(({ id }) => !covered.has(id) && !/^(schema|extension) [^ ]+$/.test(id))
    // Hundreds of commands in one message.
    await client.query(made.map(({ sql }) => toScratch(sql)).join(';\n'))
    return await read()
  } finally {
    await client.query('rollback to savepoint scratch')
  }
}

function fromScratch(text: string): string {
  return text.replaceAll(scratchPrefix, '')
}

/** Compares what is there with what should be there. Pure. */
export function compareCatalogs(expected: LiveCatalog, live: LiveCatalog): Differences {
  const missing = [...expected.keys()].filter(id => !live.has(id))
  const different = [...expected].flatMap(([id, definition]) => {
    const found = live.get(id)
    return found === undefined || found === definition ? [] : [{ id, expected: definition, found }]
  })
  const unexpected = [...live]
    .filter(([id, definition]) => !expected.has(id) && isDangerous(id, definition))
    .map(([id]) => id)
  return { missing, different, unexpected }
}

/** A column or index that is left over from an older definition does no harm, unless new rows would have to fill it. */
function isDangerous(id: string, definition: string): boolean {
  if (id.startsWith('column grant ')) return true
  if (id.startsWith('column ')) return definition.includes(' not null') && !definition.includes(' default ')
  if (id.startsWith('index ')) return definition.includes('CREATE UNIQUE')
  if (id.startsWith('row security ')) return false
  return true
}

/** One short text for a whole catalog: equal texts, equal catalogs. */
export function fingerprintOf(entries: Iterable<readonly [string, string]>): string {
  const hash = createHash('sha256')
  for (const [id, definition] of [...entries].sort(([a], [b]) => (a < b ? -1 : 1)))
    hash.update(`${id}\n${definition}\n\n`)
  return hash.digest('base64url')
}
