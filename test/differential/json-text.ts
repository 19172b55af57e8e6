/** Whether two JSON texts mean the same: members in any order, white space anywhere, every digit of a number as it is. */
export function sameJson(one: string, other: string): boolean {
  const [first, second] = [canonical(one), canonical(other)]
  return first !== undefined && first === second
}

/** Whether two lists of JSON have the same items, in whichever order. */
export function sameRows(one: string, other: string): boolean {
  const [first, second] = [one, other].map(text => {
    const rows: unknown = JSON.parse(canonical(text) ?? 'null')
    return Array.isArray(rows) ? JSON.stringify(rows.map(row => JSON.stringify(row)).sort()) : undefined
  })
  return first !== undefined && first === second
}

/**
 * Whether two answers, of JSON or CSV, have the same rows, where only the lists at these paths have an order: `''` is the whole
 * answer, `a.b` what `b` embeds in `a`.
 */
export function sameUnordered(one: string, other: string, ordered: ReadonlySet<string>): boolean {
  const [first, second] = [one, other].map(text => {
    const value: unknown = JSON.parse(canonical(text) ?? 'null')
    if (value !== null) return JSON.stringify(sorted(value, ordered, ''))
    return ordered.has('') ? text : text.split('\n').sort().join('\n')
  })
  return first === second
}

function sorted(value: unknown, ordered: ReadonlySet<string>, path: string): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (!Array.isArray(value)) {
    const inner = (name: string) => (path === '' ? name : `${path}.${name}`)
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => [name, sorted(member, ordered, inner(name))]),
    )
  }
  const items = value.map(item => sorted(item, ordered, path))
  const isList = items.every(item => typeof item === 'object' && item !== null && !Array.isArray(item))
  return isList && !ordered.has(path) ? items.map(item => JSON.stringify(item)).sort() : items
}

/** Whether some object of a JSON text has two members of one name. */
export function repeatsNames(text: string): boolean {
  const countTokens = (json: string) => (json.match(/"(?:[^"\\]|\\.)*"|[\w.+-]+|[{}[\]]/g) ?? []).length
  try {
    return countTokens(JSON.stringify(JSON.parse(text))) < countTokens(text)
  } catch {
    return false
  }
}

function canonical(text: string): string | undefined {
  try {
    // Digits that JavaScript would drop are kept as text; a text of the data never begins with this character.
    const exact = text.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, token =>
      token.startsWith('"') ? token : `"\u{f8ff}${token}"`,
    )
    return JSON.stringify(JSON.parse(exact, sortMembers))
  } catch {
    return undefined
  }
}

function sortMembers(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
}
