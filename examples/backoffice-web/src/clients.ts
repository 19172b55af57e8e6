import { PostgrestClient } from '@supabase/postgrest-js'
import createClient from 'openapi-fetch'
import { askGraphql } from './ask-graphql.ts'
import type { Database } from './generated/database.ts'
import type { TypedDocumentString } from './generated/graphql.ts'
import type { paths } from './generated/products.ts'

export interface Session {
  /** Of the server, without a slash at its end. */
  readonly url: string
  readonly tenant: string
  readonly token: string
}

export type Clients = ReturnType<typeof openClients>

/** Three clients of one tenant. Their types come from the definitions of its modules; see the scripts of package.json. */
export function openClients({ url, tenant, token }: Session) {
  const headers = { Authorization: `Bearer ${token}` }
  return {
    /** All modules of the tenant. */
    rest: new PostgrestClient<Database>(`${url}/${tenant}/rest/v1`, { headers }),
    /** The module `products` alone, of whose answers only those in JSON are taken. */
    products: createClient<paths, 'application/json'>({ baseUrl: `${url}/${tenant}/products/v1`, headers }),
    /** All modules of the tenant. Throws with the message of the first error. */
    graphql: <Result, Variables>(document: TypedDocumentString<Result, Variables>, variables: Variables) =>
      askGraphql({ url: `${url}/${tenant}/graphql`, headers }, document, variables),
  }
}
