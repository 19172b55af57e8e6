import assert from 'node:assert/strict'
import { test } from 'node:test'
import pg from 'pg'
import { TenantryError } from '../../src/core/errors.ts'
import {
  isConnectionError,
  isServerError,
  isStalePreparation,
  isStrayCancel,
  toError,
} from '../../src/data/postgres/errors.ts'

const secret = 'S3CRET'

/** An error as the driver makes it, with a value of somebody's row wherever PostgreSQL could put one. */
function serverError(code: string, message: string, more: Partial<pg.DatabaseError> = {}): pg.DatabaseError {
  const error = new pg.DatabaseError(message, message.length, 'error')
  return Object.assign(error, {
    severity: 'ERROR',
    code,
    detail: `Failing row contains (acme, ${secret}).`,
    hint: `Perhaps you meant ${secret}`,
    where: `SQL statement "select ${secret}"`,
    internalQuery: `select '${secret}'`,
    table: 'papers',
    column: 'title',
    constraint: 'papers_slug_key',
    ...more,
  })
}

const told: [code: string, message: string, becomes: string][] = [
  ['23505', `duplicate key value violates unique constraint "papers_slug_key"`, 'conflict'],
  ['23503', `insert or update on table "papers" violates foreign key constraint "x"`, 'conflict'],
  ['23502', `null value in column "title" violates not-null constraint`, 'invalid'],
  ['23514', `new row for relation "papers" violates check constraint "x"`, 'invalid'],
  ['42501', `new row violates row-level security policy for table "${secret}"`, 'forbidden'],
  ['22P02', `invalid input syntax for type uuid: "${secret}"`, 'invalid'],
  ['22003', `value "${secret}" is out of range for type integer`, 'invalid'],
  ['22007', `invalid input syntax for type date: "${secret}"`, 'invalid'],
  ['22008', `date/time field value out of range: "${secret}"`, 'invalid'],
  ['22021', 'invalid byte sequence for encoding "UTF8": 0x00', 'invalid'],
  ['22023', `time zone "${secret}" not recognized`, 'invalid'],
  ['2201B', `invalid regular expression: ${secret}`, 'invalid'],
  ['21000', 'ON CONFLICT DO UPDATE command cannot affect row a second time', 'invalid'],
  ['42883', 'operator does not exist: integer ~~ text', 'invalid'],
  ['42804', 'argument of IS TRUE must be type boolean, not type text', 'invalid'],
  ['42846', 'cannot cast type boolean to date', 'invalid'],
  ['54001', 'stack depth limit exceeded', 'invalid'],
  ['57014', 'canceling statement due to statement timeout', 'unavailable'],
  ['40001', 'could not serialize access due to concurrent update', 'conflict'],
  ['40P01', 'deadlock detected', 'conflict'],
  ['55P03', 'could not obtain lock on row', 'unavailable'],
  ['25006', 'cannot execute INSERT in a read-only transaction', 'forbidden'],
  ['53300', 'too many connections', 'unavailable'],
  ['57P01', 'terminating connection due to administrator command', 'unavailable'],
  ['08006', 'connection failure', 'unavailable'],
  ['TN406', '3', 'invalid'],
  ['TN409', 'papers', 'conflict'],
  ['TN400', 'A new row has revision 1', 'invalid'],
  ['42P01', `relation "${secret}" does not exist`, 'internal'],
  ['42703', `column "${secret}" does not exist`, 'internal'],
  ['XX000', `cache lookup failed for ${secret}`, 'internal'],
  ['P0001', secret, 'internal'],
  ['ZZZZZ', secret, 'internal'],
]

for (const [code, message, becomes] of told) {
  test(`SQLSTATE ${code} is ${becomes} and tells nothing of a row`, () => {
    // The hint to an operator that does not exist is a text of PostgreSQL's without names, and is told.
    const hint = code === '42883' ? { hint: 'No operator matches the given name and argument types.' } : {}
    const error = toError(serverError(code, message, hint))
    assert.equal(error.code, becomes)
    const shown = JSON.stringify([error.message, error.details, error.hint, error.fields, error.reason])
    assert.doesNotMatch(shown, /S3CRET|acme|tenant_id|SQL statement/)
    assert.ok(error.cause instanceof pg.DatabaseError, 'the log has the whole error')
  })
}

test('the names of key fields are told without tenant, instance and values', () => {
  const detail = `Key (tenant_id, instance_id, slug, "no")=(acme, eu, ${secret}, (x)=(y)) already exists.`
  assert.equal(toError(serverError('23505', 'duplicate', { detail })).details, 'Key (slug, "no") already exists.')
  const gone = `Key (tenant_id, maker_id)=(acme, ${secret}) is not present in table "makers".`
  assert.equal(toError(serverError('23503', 'x', { detail: gone })).details, 'Key (maker_id) is not present.')
  const named = `Key (tenant_id, id)=(acme, ${secret}) is still referenced from table "things".`
  assert.equal(toError(serverError('23503', 'x', { detail: named })).details, 'Key (id) is still referenced.')
  assert.equal(toError(serverError('23505', 'duplicate', { detail: `${secret}` })).details, null)
})

test('an error of the system is never taken for one of the server', () => {
  for (const code of ['EPIPE', 'ECONNRESET', 'EBUSY', 'ENOENT', 'ETIMEDOUT']) {
    const error = Object.assign(new Error(`write ${code} ${secret}`), { code })
    assert.equal(isServerError(error), false, code)
    assert.equal(isConnectionError(error), true, code)
    assert.deepEqual([toError(error).code, toError(error).retryAfter], ['unavailable', 1])
    assert.doesNotMatch(toError(error).message, /S3CRET|EPIPE/)
  }
  assert.equal(isConnectionError(new Error('Connection terminated unexpectedly')), true)
  assert.equal(isConnectionError(serverError('57P02', 'crash shutdown')), true)
  assert.equal(isConnectionError(serverError('23505', 'duplicate')), false)
  assert.equal(isConnectionError(new TenantryError('conflict', 'no')), false)
})

test('what may be sent again is told from what may not', () => {
  assert.equal(isStrayCancel(serverError('57014', 'canceling statement due to user request')), true)
  assert.equal(isStrayCancel(serverError('57014', 'canceling statement due to statement timeout')), false)
  assert.equal(isStalePreparation(serverError('26000', 'prepared statement "s1" does not exist')), true)
  assert.equal(isStalePreparation(serverError('0A000', 'cached plan must not change result type')), true)
  assert.equal(isStalePreparation(serverError('0A000', 'not supported')), false)
})
