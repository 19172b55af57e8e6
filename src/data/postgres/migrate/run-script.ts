import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { TenantryError } from '../../../core/errors.ts'
import { isServerError } from '../errors.ts'
import type { Command } from '../migrate/commands.ts'
import { rolesOf } from '../roles.ts'
import { identifier } from '../sql/writer.ts'
import type { Script } from './parse.ts'

export interface RunOptions {
  readonly client: pg.ClientBase
  readonly prefix: string
  /** For messages: `customers@1 0001_add_phone`. */
  readonly name: string
  readonly schema: string
  /** Milliseconds for which a command waits for a lock. */
  readonly lockTimeout: number
  /** How long to wait before each further try, in milliseconds. */
  readonly delays: readonly number[]
  /** True: what is there already counts as made by the command that would make it. */
  readonly takesWhatIsThere: boolean
  /** Told when it must be tried again. */
  readonly onRetry: (code: string) => void
  /** In the same transaction, behind the commands; alone where there is none. Told how many found what they make already there. */
  readonly note: (there: number) => Promise<void>
}

/** What makes a thing that is there already: table, column, schema, function, and everything else that has a name. */
const alreadyThere = new Set(['42P07', '42701', '42P06', '42723', '42710'])
/** A lock was not to be had in time, or the wish met another one's. */
const worthTrying = new Set(['55P03', '40P01', '40001'])

/**
 * Runs a file as the owner of all objects, all of it or nothing, and tries again while others hold the locks that it needs.
 * Throws `conflict` with the line that failed, `unavailable` when the locks were never to be had.
 */
export async function runScript(script: Script, options: RunOptions): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await (script.noTransaction ? runAlone(script, options) : runTogether(script, options))
    } catch (error) {
      const delay = options.delays[attempt]
      if (!isServerError(error) || !worthTrying.has(error.code)) throw error
      if (delay === undefined) {
        throw new TenantryError('unavailable', `${options.name}: others hold the locks that it needs (${error.code})`, {
          hint: 'Nothing of it was kept. Start it again when fewer long transactions run',
          cause: error,
        })
      }
      options.onRetry(error.code)
      await sleep(delay * (0.5 + Math.random()))
    }
  }
}

async function runTogether(script: Script, options: RunOptions): Promise<void> {
  const { client, prefix, lockTimeout, note } = options
  let dropped = false
  for (;;) {
    await client.query('begin')
    try {
      await client.query(
        `select set_config('lock_timeout', $1, true), set_config('statement_timeout', '0', true), set_config('search_path', '', true),
        set_config('TimeZone', 'UTC', true), set_config('tenantry.subject', 'tenantry', true)`,
        [String(lockTimeout)],
      )
      await client.query(`set local role ${identifier(rolesOf(prefix).main)}`)
      if (dropped) await dropActions(options)
      const { rows } = await client.query<{ id: string }>('select pg_current_xact_id()::text as id')
      let there = 0
      for (const command of script.commands) there += await runCommand(command, options)
      await refuseOpenTables(options)
      const after = await client.query<{ id: string }>('select pg_current_xact_id()::text as id')
      if (rows[0]?.id !== after.rows[0]?.id)
        throw new TenantryError('conflict', `${options.name} has ended its transaction itself`)
      await client.query(`set local role ${identifier(rolesOf(prefix).main)}`)
      await note(there)
      await client.query('commit')
      return
    } catch (error) {
      await client.query('rollback').catch(() => {})
      // Functions of actions hold on to what they read. They are made anew at the end of the run.
      if (dropped || !(error instanceof TenantryError && error.reason === inTheWay)) throw error
      dropped = true
    }
  }
}

const inTheWay = '2BP01'

/** Answers 1 for a command that found what it makes already there, 0 for others. */
async function runCommand(command: Command, options: RunOptions): Promise<0 | 1> {
  const { client, name, takesWhatIsThere } = options
  if (takesWhatIsThere) await client.query('savepoint command')
  try {
    await client.query(command.sql)
    if (takesWhatIsThere) await client.query('release savepoint command')
    return 0
  } catch (error) {
    if (!isServerError(error) || worthTrying.has(error.code)) throw error
    if (takesWhatIsThere && alreadyThere.has(error.code)) {
      await client.query('rollback to savepoint command')
      return 1
    }
    throw commandError(name, command, error)
  }
}

function commandError(name: string, { line }: Command, error: { code: string; message: string }): TenantryError {
  // Those of class 22 quote the value that does not fit.
  const told = error.code.startsWith('22') ? 'a value in a row does not fit' : error.message
  const hint = alreadyThere.has(error.code)
    ? 'If a start with --apply has made it: tenantry migrate up --baseline counts what is there already as made'
    : error.code === '25001'
      ? 'Put "-- tenantry: no transaction" at the head of a file that has only this command'
      : /^(22|23)/.test(error.code)
        ? 'The rows that are there do not allow it: write before it, in the same file, what makes them fit'
        : 'Nothing of it was kept. Mend the file and start it again'
  const isBlocked = error.code === inTheWay || (error.code === '0A000' && error.message.includes('used by a'))
  return new TenantryError('conflict', `${name}, line ${line}: ${told} (${error.code})`, {
    reason: isBlocked ? inTheWay : error.code,
    hint,
    cause: error,
  })
}

/** Only functions that were made for actions, which a run makes anew from their definitions. */
async function dropActions({ client, schema }: RunOptions): Promise<void> {
  const { rows } = await client.query<{ signature: string }>(
    `select distinct p.oid::regprocedure::text as signature from pg_proc p
     join pg_depend d on d.classid = 'pg_proc'::regclass and d.objid = p.oid
     left join pg_class c on d.refclassid = 'pg_class'::regclass and c.oid = d.refobjid
     left join pg_type t on d.refclassid = 'pg_type'::regclass and t.oid = d.refobjid
     join pg_namespace n on n.oid = coalesce(c.relnamespace, t.typnamespace)
     where n.nspname = $1 and obj_description(p.oid, 'pg_proc') like 'tenantry action %'`,
    [schema],
  )
  for (const { signature } of rows) await client.query(`drop function ${signature}`)
}

/** THREATS A4: no table of tenants is left open, not even between two migrations. */
async function refuseOpenTables({ client, name, schema }: RunOptions): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = $1 and c.relkind in ('r', 'p') and not (c.relrowsecurity and c.relforcerowsecurity) order by 1`,
    [schema],
  )
  if (rows.length === 0) return
  throw new TenantryError('conflict', `${name} leaves tables without forced row security`, {
    details: rows.map(row => `${schema}.${row.name}`).join('\n'),
    hint: 'Every table: alter table … enable row level security, force row level security',
  })
}

/** What PostgreSQL runs only outside a transaction can be repeated: what a failure has left is dropped before. */
async function runAlone({ commands: [command] }: Script, options: RunOptions): Promise<void> {
  const { client, prefix, schema, note, name } = options
  if (!command) return
  await client.query(
    `select set_config('lock_timeout', '0', false), set_config('statement_timeout', '0', false), set_config('search_path', '', false)`,
  )
  await client.query(`set role ${identifier(rolesOf(prefix).main)}`)
  try {
    await dropInvalidIndexes(client, schema, command)
    await client.query(command.sql).catch(async error => {
      if (!isServerError(error) || worthTrying.has(error.code)) throw error
      await dropInvalidIndexes(client, schema, command)
      throw commandError(name, command, error)
    })
    await note(0)
  } finally {
    await client.query('reset role').catch(() => {})
  }
}

async function dropInvalidIndexes(client: pg.ClientBase, schema: string, { sql }: Command): Promise<void> {
  const { rows } = await client.query<{ name: string }>(
    `select c.relname as name from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = $1 and not i.indisvalid`,
    [schema],
  )
  for (const { name } of rows)
    if (sql.includes(name)) await client.query(`drop index concurrently ${identifier(schema)}.${identifier(name)}`)
}
