import { TenantryError } from '../../../core/errors.ts'
import {
  describeMigration,
  type Migration,
  type MigrationHeader,
  parseMigrationHeader,
} from '../../../core/migration.ts'
import { prefixMark } from '../diff/structure.ts'
import { type Command, splitCommands } from './commands.ts'

/** A file, ready to be run in one installation. */
export interface Script extends MigrationHeader {
  readonly commands: readonly Command[]
  /** Code from before would look for what is gone or called otherwise: it is destructive, or it renames. */
  readonly breaks: boolean
}

/** Words that a migration's transaction is begun, ended or divided with, or that change who the rest of it runs as. */
const refused: readonly (readonly string[])[] = [
  ...[['begin'], ['start', 'transaction'], ['commit'], ['end'], ['rollback'], ['abort'], ['savepoint'], ['release']],
  ...[
    ['prepare', 'transaction'],
    ['set', 'role'],
    ['set', 'session'],
    ['reset', 'role'],
    ['reset', 'session'],
    ['reset', 'all'],
  ],
  ['discard'],
]

/**
 * Reads a file, or with `undo` what takes it back. Throws `invalid`, naming the file, for one that is empty, ends the
 * transaction that it runs in or has several commands where it says that it needs none.
 */
export function parseScript(migration: Migration, prefix: string, undo = false): Script {
  const name = `${describeMigration(migration)}${undo ? ' (undo)' : ''}`
  const text = undo ? migration.undo : migration.text
  if (text === null) {
    throw new TenantryError('conflict', `${name} cannot be taken back: it has no undo file`, {
      hint: `Write ${migration.name}.undo.sql beside it`,
    })
  }
  const header = parseMigrationHeader(text, name)
  const commands = splitCommands(text, name)
  if (commands.length === 0)
    throw new TenantryError('invalid', `${name} holds no command`, {
      hint: 'Delete the file, or write what it shall do',
    })
  for (const command of commands) {
    const word = refused.find(words => words.every((word, index) => command.words[index] === word))
    if (!word) continue
    throw new TenantryError('invalid', `${name}, line ${command.line}: "${word.join(' ')}" is not for migrations`, {
      hint: 'Each runs in one transaction of the owner of all objects, which Tenantry begins and ends',
    })
  }
  if (header.noTransaction && commands.length > 1) {
    throw new TenantryError('invalid', `${name} runs outside a transaction and has ${commands.length} commands`, {
      hint: 'Make one migration of each, so that a failure leaves nothing half done',
    })
  }
  const destructive = header.destructive || commands.some(isDestructive)
  return {
    ...header,
    destructive,
    breaks: destructive || commands.some(renames),
    commands: commands.map(command => ({ ...command, sql: forInstallation(command.sql, prefix) })),
  }
}

/** What may be dropped from a table without any value being lost; the word `column` may be left out. */
const harmless = new Set(['constraint', 'default', 'not', 'expression', 'identity'])

/** Also where nobody has said so at the head of the file. */
function isDestructive({ words }: Command): boolean {
  const [verb = '', what = ''] = words
  if (verb === 'truncate' || verb === 'delete') return true
  if (verb === 'with' || verb === 'merge') return words.includes('delete')
  if (verb === 'drop')
    return ['table', 'schema', 'owned', 'database', 'materialized'].includes(what) || words.includes('cascade')
  if (verb !== 'alter') return false
  const drops = words.flatMap((word, index) => (word === 'drop' ? [words[index + 1] ?? ''] : []))
  return what === 'type' ? drops.length > 0 : what === 'table' && drops.some(next => !harmless.has(next))
}

/** A constraint's new name is nobody's concern; quoted names are no words. */
function renames({ words: [verb = '', what = '', ...words] }: Command): boolean {
  if (verb !== 'alter' || !['table', 'view', 'schema'].includes(what)) return false
  const at = words.indexOf('rename')
  return at >= 0 ? words[at + 1] !== 'constraint' : words.some((word, i) => word === 'set' && words[i + 1] === 'schema')
}

const inFile = '\u0024{prefix}'
const dollar = '\u0024{\u0024}'

/** SQL of a plan as it stands in a file, which knows no installation. */
export function forFile(sql: string): string {
  return sql.replaceAll(/\$\{(?=prefix\}|\$\})/g, `${dollar}{`).replaceAll(prefixMark, inFile)
}

function forInstallation(sql: string, prefix: string): string {
  return sql.replaceAll(/\$\{(prefix|\$)\}/g, (_, name) => (name === 'prefix' ? prefix : '$'))
}
