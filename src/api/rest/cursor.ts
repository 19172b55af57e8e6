import { TenantryError } from '../../core/errors.ts'
import type { Signer } from '../../core/signer.ts'
import type { TenantContext } from '../../core/tenant-context.ts'
import type { Preferences } from './prefer.ts'
import { canonicalQuery, type Parameter } from './query-string.ts'
import type { Cursor, ParsedRest, RestRequest } from './request.ts'

/** No field can be called so. */
export const afterParameter = '$after'

/** Characters; a URL and the header that holds it must stay short enough for every server between. */
const maxToken = 4_000

/** How a list goes on from page to page; undefined for a list that does not. */
export function cursorOf(
  { entity }: RestRequest,
  after: string | undefined,
  preferences: Preferences,
  parameters: readonly Parameter[],
): Cursor | undefined {
  if (!isKeyset(after, preferences)) return undefined
  const query = canonicalQuery(parameters.filter(({ key }) => key !== afterParameter))
  return {
    token: after,
    query,
    shape: JSON.stringify([entity.id, query, preferences.deleted ?? '', preferences.shared ?? '']),
  }
}

/** The signed token says by itself that the list is paged so. */
export function isKeyset(after: string | undefined, { paging }: Preferences): boolean {
  return after !== undefined || paging === 'keyset'
}

/**
 * The read of the page that the token asks for, and how to link to the next. A token is bound to tenant, instance, entity and
 * query; it holds the values that the last row was ordered by, which its caller has been shown. Throws `invalid` for one that
 * was altered or is for anything else.
 */
export function openCursor(parsed: ParsedRest, cursor: Cursor, context: TenantContext, signer: Signer): ParsedRest {
  if (context.acrossTenants) {
    throw new TenantryError('invalid', 'paging=keyset is not possible across tenants', { hint: 'Ask for one tenant' })
  }
  const owner = JSON.stringify([context.tenant, context.instance, cursor.shape])
  const { plan } = parsed
  const { token } = cursor
  const paged: ParsedRest = {
    ...parsed,
    nextLink: values => linkTo(parsed, cursor, tokenOf(values, owner, signer)),
  }
  if (token === undefined || plan.kind !== 'read') return paged
  const values = token.length > maxToken ? undefined : valuesOf(token, owner, signer)
  if (!values) {
    throw new TenantryError('invalid', `${afterParameter} is no place in this list`, {
      hint: 'Follow the links as they are, with the same filters and order; or begin again without it',
    })
  }
  return { ...paged, plan: { ...plan, keyset: { after: values } } }
}

function valuesOf(token: string, owner: string, signer: Signer): readonly (string | null)[] | undefined {
  const [, encoded = '', signature = ''] = /^([\w-]+)\.([\w-]{43})$/.exec(token) ?? []
  if (!signer.verify(`${owner}\n${encoded}`, signature)) return undefined
  const values: unknown = JSON.parse(Buffer.from(encoded, 'base64url').toString('utf8'))
  return Array.isArray(values) ? values.map(value => (value === null ? null : String(value))) : undefined
}

function linkTo({ locationBase }: ParsedRest, { query }: Cursor, token: string): string {
  if (token.length > maxToken) {
    throw new TenantryError('invalid', 'The values that the list is ordered by are too long to go on after them', {
      hint: 'Order by shorter fields, or page with limit and offset',
    })
  }
  return `<${locationBase}?${query === '' ? '' : `${query}&`}${afterParameter}=${token}>; rel="next"`
}

function tokenOf(values: string, owner: string, signer: Signer): string {
  const encoded = Buffer.from(values, 'utf8').toString('base64url')
  return `${encoded}.${signer.sign(`${owner}\n${encoded}`)}`
}
