/** What callers of a generated API can do with the rows of an entity. To insert or change in one go takes both. */
export const operations = ['read', 'insert', 'update', 'delete'] as const

export type Operation = (typeof operations)[number]
export type Operations = ReadonlySet<Operation>

export const allOperations: Operations = new Set(operations)
export const onlyRead: Operations = new Set(['read'])

/** Those that are in both. */
export function commonOperations(some: Operations, others: Operations): Operations {
  return new Set([...some].filter(operation => others.has(operation)))
}
