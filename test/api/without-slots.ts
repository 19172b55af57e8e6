type Plain = Readonly<Record<string, unknown>>

/** What a plan says, without the numbers of the values that others of its shape have in other places. */
export function withoutSlots({ slot: _, ...plan }: Plain): Record<string, unknown> {
  return Object.fromEntries(Object.entries(plan).map(([key, member]) => [key, inside(member)]))
}

function inside(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inside)
  return isPlain(value) ? withoutSlots(value) : value
}

function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null
}
