import { TenantryError } from '../../../core/errors.ts'
import { createCounter, maxValues } from '../limits.ts'
import { parseQuoted } from './names.ts'
import { Scanner } from './scanner.ts'

/** The values of a PostgreSQL array literal of one dimension: `{a,"b c"}`. */
export function parseArrayLiteral(text: string): string[] {
  const scanner = new Scanner(text.trim(), 'array literal')
  const count = createCounter(maxValues, 'values in a list')
  const values: string[] = []
  if (!scanner.take('{')) throw malformed()
  skipSpace(scanner)
  if (!scanner.sees('}')) {
    do {
      count()
      skipSpace(scanner)
      values.push(parseElement(scanner))
      skipSpace(scanner)
    } while (scanner.take(','))
  }
  if (!scanner.take('}') || !scanner.atEnd) throw malformed()
  return values
}

function parseElement(scanner: Scanner): string {
  const quoted = parseQuoted(scanner)
  if (quoted !== undefined) return quoted
  const bare = scanner.match(/[^\\",{}]*(?:\\.[^\\",{}]*)*/sy)?.trim()
  if (!bare) throw malformed()
  if (bare.toUpperCase() === 'NULL') {
    throw new TenantryError('invalid', 'A list to compare with cannot hold NULL', {
      reason: '22004',
      hint: 'Test for null with is.null, or quote the text: "NULL"',
    })
  }
  return bare.replace(/\\(.)/gs, '$1')
}

function skipSpace(scanner: Scanner): void {
  scanner.match(/\s*/y)
}

function malformed(): TenantryError {
  return new TenantryError('invalid', 'malformed array literal', {
    reason: '22P02',
    details: 'A list after (any) or (all) is written in braces, without nesting',
    hint: 'Write it as {a,b,"c d"}',
  })
}
