import { schemaTextOf } from '../api/graphql/schema-text.ts'
import { type ApiWish, chooseApi } from './api-wish.ts'
import type { Product } from './product.ts'

/** The GraphQL schema of an API from the definitions alone, for any tenant of the product. */
export function graphqlSchemaText({ modules, config }: Pick<Product, 'modules' | 'config'>, wish: ApiWish): string {
  const { exposure, module, roles } = chooseApi({ modules, config }, wish)
  const principal = { tenant: '', subject: '', roles, instance: null, anonymous: false }
  return schemaTextOf(modules.modules, { exposure, principal, acrossTenants: false }, module)
}
