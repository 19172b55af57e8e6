import { QueryText } from '../../src/api/rest/query-string.ts'

/** Members that are definitions. */
const shared: ReadonlySet<string> = new Set(['entity', 'action', 'link'])

/** The same without the slots of plans, to be compared with what was parsed as a whole. */
export function withoutSlots(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSlots)
  if (value instanceof QueryText) return value.text
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  const members = Object.entries(value).filter(([name]) => name !== 'slot')
  // Definitions refer to each other, and have none.
  return Object.fromEntries(members.map(([name, member]) => [name, shared.has(name) ? member : withoutSlots(member)]))
}
