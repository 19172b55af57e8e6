/** Whether two JSON texts mean the same: members in any order, white space anywhere, every digit of a number as it is. */
export function sameJson(one: string, other: string): boolean {
  const [first, second] = [canonical(one), canonical(other)]
  return first !== undefined && first === second
}

/** Whether two lists of JSON, or tables of CSV, have the same rows, in whichever order. */
export function sameRows(one: string, other: string): boolean {
  const [first, second] = [one, other].map(text => {
    const rows: unknown = JSON.parse(canonical(text) ?? 'null')
    if (Array.isArray(rows)) return JSON.stringify(rows.map(row => JSON.stringify(row)).sort())
    return rows === null ? text.split('\n').sort().join('\n') : undefined
  })
  return first !== undefined && first === second
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
