import type { FieldNode } from 'graphql'
import { type GraphQLError, getLocation } from 'graphql'
import { TenantryError, toTenantryError } from '../../core/errors.ts'
import { camelName } from './words.ts'

/** A request that is well formed and still not run: its document, or its variables, are refused. */
export class GraphqlRefusal extends Error {
  readonly errors: readonly ErrorEntry[]

  constructor(errors: readonly ErrorEntry[]) {
    super('The document is refused')
    this.name = 'GraphqlRefusal'
    this.errors = errors
  }
}

/** One of `errors` in an answer. */
export interface ErrorEntry {
  readonly message: string
  readonly locations?: readonly { readonly line: number; readonly column: number }[]
  readonly path?: readonly (string | number)[]
  readonly extensions: Readonly<Record<string, unknown>>
}

/** What graphql-js says of a document. */
export function refusedBy(errors: readonly GraphQLError[], reason: string): GraphqlRefusal {
  return new GraphqlRefusal(
    errors.map(({ message, locations }) => ({
      message,
      ...(locations && { locations }),
      extensions: { code: 'invalid', reason },
    })),
  )
}

/** `at`: the root field that failed, where it is one's. What is not ours is told as `internal`, without its text. */
export function entryOf(thrown: unknown, at?: { readonly name: string; readonly node: FieldNode }): ErrorEntry {
  const error = thrown instanceof TenantryError ? thrown : toTenantryError(thrown)
  const { message, code, reason, detailList, hint, fields, retryAfter } = error
  const details = detailList ?? error.details
  const loc = at?.node.loc
  return {
    message,
    ...(loc && { locations: [getLocation(loc.source, loc.start)] }),
    ...(at && { path: [at.name] }),
    extensions: {
      code,
      ...(reason !== undefined && { reason }),
      ...(details !== null && { details }),
      ...(hint !== null && { hint }),
      ...(fields && {
        fields: Object.fromEntries(Object.entries(fields).map(([name, said]) => [camelName(name), said])),
      }),
      ...(retryAfter !== undefined && { retryAfter: Math.ceil(retryAfter) }),
    },
  }
}
