/** One object of the database: how to make it, and the name under which `inspect` reports it. */
export interface Step {
  /** `table customers_v1.customers`, `column customers_v1.customers.title`, `policy customers_v1.customers.reader`, … */
  readonly id: string
  readonly sql: string
  /** What `readLiveCatalog` must say of it, where that is known without asking a server. */
  readonly definition?: string
  /** Objects that this step makes along with its own. */
  readonly covers?: readonly string[]
}
