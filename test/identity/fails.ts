import assert from 'node:assert/strict'
import { type ErrorCode, TenantryError } from '../../src/core/errors.ts'

/** For `assert.rejects` and `assert.throws`: one of our errors with this code and message. */
export function fails(code: ErrorCode, message: RegExp = /./) {
  return (error: unknown): true => {
    assert.ok(error instanceof TenantryError, String(error))
    assert.equal(error.code, code, error.message)
    assert.match(`${error.message} ${error.hint}`, message)
    return true
  }
}
