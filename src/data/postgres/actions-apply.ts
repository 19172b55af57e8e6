import type pg from 'pg'
import { TenantryError } from '../../core/errors.ts'
import type { Action } from '../../core/module-set.ts'
import { findBodyFaults } from './actions-check.ts'
import { executeSql, functionSql, type SqlAction } from './actions-ddl.ts'
import { isServerError } from './errors.ts'
import { fingerprintOf } from './inspect.ts'
import { type LiveCatalog, readLiveCatalog } from './live-catalog.ts'
import { rolesOf } from './roles.ts'
import { identifier } from './sql/writer.ts'

export interface ActionOptions {
  readonly client: pg.ClientBase
  readonly prefix: string
  readonly actions: readonly SqlAction[]
  /** All schemas of modules, those without actions too. */
  readonly schemas: readonly string[]
  asOwner<T>(work: () => Promise<T>): Promise<T>
}

const scratchPrefix = 'tnaction_'
const scratchOf = ({ module }: Action) => `${scratchPrefix}${module.schema}`

/**
 * The functions of actions as the definitions want them, in PostgreSQL's own words: made beside the live tables, read back and
 * undone. Throws `invalid` with everything that is wrong with their bodies. In a transaction.
 */
export async function readExpectedActions({ client, prefix, actions }: ActionOptions): Promise<LiveCatalog> {
  if (actions.length === 0) return new Map()
  const main = identifier(rolesOf(prefix).main)
  const schemas = [...new Set(actions.map(({ action }) => scratchOf(action)))]
  await client.query('savepoint actions')
  try {
    for (const schema of schemas) await client.query(`create schema ${identifier(schema)} authorization ${main}`)
    await client.query(`set local role ${main}`)
    const problems: string[] = []
    for (const action of actions) {
      const problem = await makeFunction(client, action, scratchOf(action.action), prefix)
      if (problem) problems.push(problem)
    }
    problems.push(...(await findBodyFaults(client, actions, scratchOf)))
    if (problems.length > 0) {
      throw new TenantryError(
        'invalid',
        `The actions have ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}`,
        {
          details: problems.join('\n'),
          hint: 'Mend their SQL, or name in reads and writes what it touches',
        },
      )
    }
    const scratch = await readLiveCatalog(client, schemas)
    return new Map(
      [...scratch]
        .filter(([id]) => isOfFunction(id))
        .map(([id, text]) => [id.replaceAll(scratchPrefix, ''), text.replaceAll(scratchPrefix, '')]),
    )
  } finally {
    await client.query('rollback to savepoint actions')
  }
}

/**
 * Makes the functions that are missing, and makes anew or drops those that the definitions changed. One that is not as it was
 * made is left for the comparison to refuse. Answers the ids of what it did, or with `only: 'tell'` would have to do.
 */
export async function applyActions(
  options: ActionOptions,
  expected: LiveCatalog,
  only?: 'tell',
): Promise<readonly string[]> {
  const { client, prefix, actions, schemas, asOwner } = options
  const { rows: commented } = await client.query<FunctionComment>(commentsSql, [schemas])
  if (expected.size === 0 && commented.every(({ comment }) => comment === null)) return []
  const live = await readLiveCatalog(client, schemas)
  const ours = functionsAsMade(commented, live)
  const outdated = [...ours].filter(([id]) => stateOf(expected, id) !== stateOf(live, id))
  const missing = [...expected.keys()].filter(id => isBody(id) && !live.has(id))
  const changed = [...new Set([...missing, ...outdated.map(([id]) => id)])].map(nameOf)
  if (only === 'tell' || changed.length === 0) return changed
  await asOwner(async () => {
    for (const [, signature] of outdated) await client.query(`drop function ${signature}`)
    const wanted = new Set([...missing, ...outdated.map(([id]) => id)].map(bareName))
    for (const action of actions) {
      const { module, name } = action.action
      if (!wanted.has(`${module.schema}.${name}`)) continue
      const problem = await makeFunction(client, action, module.schema, prefix)
      if (problem) throw new TenantryError('conflict', 'The function of an action cannot be made', { details: problem })
    }
    await noteAsMade(client, schemas, new Set([...expected.keys()].filter(id => changed.includes(nameOf(id)))))
  })
  return changed
}

/** Answers what is wrong with it instead of throwing, so that all problems are told at once. */
async function makeFunction(
  client: pg.ClientBase,
  action: SqlAction,
  schema: string,
  prefix: string,
): Promise<string | undefined> {
  const { module, id } = action.action
  await client.query('savepoint function')
  try {
    await client.query(`set local search_path to ${identifier(module.schema)}, pg_temp`)
    // Prepared, since then the server takes one command only: a body cannot end the function and go on behind it.
    const command = { text: functionSql(action, schema), queryMode: 'extended' }
    await client.query(command)
    for (const sql of executeSql(action, schema, prefix)) await client.query(sql)
    await client.query(`set local search_path to ''`)
    await client.query('release savepoint function')
    return undefined
  } catch (error) {
    if (!isServerError(error) || !/^(0A|22|2F|42)/.test(error.code)) throw error
    await client.query('rollback to savepoint function')
    return `${id}: ${error.message} (${error.code})`
  }
}

/** A function's comment tells how it looked when it was made; ids of those that still do, with the signature to drop them by. */
function functionsAsMade(rows: readonly FunctionComment[], live: LiveCatalog): ReadonlyMap<string, string> {
  return new Map(
    rows.filter(({ id, comment }) => comment === commentOf(live, id)).map(({ id, signature }) => [id, signature]),
  )
}

async function noteAsMade(client: pg.ClientBase, schemas: readonly string[], ids: ReadonlySet<string>): Promise<void> {
  const live = await readLiveCatalog(client, schemas)
  const { rows } = await client.query<FunctionComment>(commentsSql, [schemas])
  for (const { id, signature } of rows)
    if (ids.has(id)) await client.query(`comment on function ${signature} is '${commentOf(live, id)}'`)
}

interface FunctionComment {
  readonly id: string
  readonly signature: string
  readonly comment: string | null
}

const commentsSql = `
select 'function body ' || n.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' as id,
  p.oid::regprocedure::text as signature, obj_description(p.oid, 'pg_proc') as comment
from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = any ($1::text[])`

/** Letters, digits, `-` and `_` only. */
function commentOf(live: LiveCatalog, id: string): string {
  return `tenantry action ${fingerprintOf([['made', stateOf(live, id)]])}`
}

/** Everything about a function but who may run it. */
function stateOf(catalog: LiveCatalog, id: string): string {
  return [id, id.replace('function body ', 'function ')].map(part => catalog.get(part) ?? '').join('\n')
}

function isBody(id: string): boolean {
  return id.startsWith('function body ')
}

function isOfFunction(id: string): boolean {
  return /^(function|execute grant) /.test(id)
}

/** `function body shop_v1.f(a uuid)` → `function shop_v1.f(a uuid)` */
function nameOf(id: string): string {
  return id.replace('function body ', 'function ')
}

/** … → `shop_v1.f` */
function bareName(id: string): string {
  return id.replace('function body ', '').replace(/\(.*$/s, '')
}
