import assert from 'node:assert/strict'
import { type ErrorCode, TenantryError } from '../../../src/core/errors.ts'

/** The error with which something is refused. */
export async function refused(work: Promise<unknown>, code: ErrorCode): Promise<TenantryError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof TenantryError, `a refusal was expected: ${String(error)}`)
  assert.equal(error.code, code, `${error.message} ${error.details}`)
  return error
}
