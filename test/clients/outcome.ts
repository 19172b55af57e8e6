import assert from 'node:assert/strict'

interface Failure {
  readonly code: string
  readonly message: string
  readonly details: string
  readonly hint: string
}

interface Outcome<T> {
  readonly data: T
  readonly error: Failure | null
  readonly status: number
}

/** What a client of Supabase got; fails with the error that it got instead. */
export async function dataOf<T>(asked: PromiseLike<Outcome<T>>): Promise<NonNullable<T>> {
  const { data, error, status } = await asked
  assert.equal(error, null, `${status} ${JSON.stringify(error)}`)
  if (data === null || data === undefined) throw new assert.AssertionError({ message: `${status} without data` })
  return data
}

/** Status and code of the error that it got. */
export async function errorOf(asked: PromiseLike<Outcome<unknown>>): Promise<Failure & { readonly status: number }> {
  const { data, error, status } = await asked
  assert.ok(error, `${status} with data: ${JSON.stringify(data)}`)
  assert.equal(data, null)
  const { code, message, details, hint } = error
  return { status, code, message, details, hint }
}
