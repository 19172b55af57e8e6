import { TenantryError } from '../../core/errors.ts'
import { createCounter, maxCells, maxColumns } from './limits.ts'

export interface Csv {
  readonly names: readonly string[]
  /** What a line lacks at its end is no member of its row. */
  readonly rows: readonly Readonly<Record<string, string | null>>[]
}

/**
 * CSV (RFC 4180) with a line of names. Empty lines do not count; `NULL` is null, also between quotes, as in PostgREST.
 * Throws `PGRST102` for an open quote and for a line with more values than names.
 */
export function parseCsv(text: string): Csv {
  const [names, ...lines] = readLines(text.replace(/^\uFEFF/, ''))
  if (!names) throw notEnough()
  if (new Set(names).size < names.length) throw invalidCsv('a name stands twice in the first line')
  const rows = lines.map((values, index) => {
    if (values.length > names.length) throw invalidCsv(`row ${index + 1} has more values than the first line has names`)
    return Object.fromEntries(values.map((value, column) => [names[column], value === 'NULL' ? null : value]))
  })
  return { names, rows }
}

const quoted = /"([^"]*(?:""[^"]*)*)"/y
const bare = /[^,\r\n"]*/y
const lineEnd = /\r\n|\n|\r|$/y

function readLines(text: string): string[][] {
  const lines: string[][] = []
  // Each value will stand beside its name, so that many empty ones would become a large text.
  const countCell = createCounter(maxCells, 'values in its CSV')
  for (let at = 0; at < text.length; ) {
    const count = createCounter(maxColumns, 'values in a line')
    const line: string[] = []
    for (;;) {
      count()
      countCell()
      const pattern = text[at] === '"' ? quoted : bare
      pattern.lastIndex = at
      const found = pattern.exec(text)
      if (!found) throw notEnough()
      line.push(pattern === quoted ? (found[1] ?? '').replaceAll('""', '"') : found[0])
      at = pattern.lastIndex
      if (text[at] !== ',') break
      at += 1
    }
    lineEnd.lastIndex = at
    if (!lineEnd.test(text)) throw invalidCsv(`a quote stands inside a value in line ${lines.length + 1}`)
    at = lineEnd.lastIndex
    if (line.length > 1 || line[0] !== '') lines.push(line)
  }
  return lines
}

/** PostgREST's words. */
function notEnough(): TenantryError {
  return new TenantryError('invalid', 'parse error (not enough input) at ""', { reason: 'PGRST102' })
}

function invalidCsv(what: string): TenantryError {
  return new TenantryError('invalid', `parse error (${what})`, { reason: 'PGRST102' })
}
