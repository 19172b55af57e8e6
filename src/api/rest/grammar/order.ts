import type { Order } from '../../../core/plan.ts'
import { createCounter, maxOrders } from '../limits.ts'
import { parseName, parsePath, parsePathOf } from './names.ts'
import { Scanner } from './scanner.ts'

const directions = ['asc', 'desc'] as const

/** `order=field.desc.nullslast,data->>key,rel(field).asc` */
export function parseOrder(text: string): Order[] {
  const scanner = new Scanner(text, 'order')
  const count = createCounter(maxOrders, 'terms in order')
  const terms: Order[] = []
  do {
    count()
    scanner.skipSpace()
    terms.push(parseTerm(scanner))
    scanner.skipSpace()
  } while (scanner.take(','))
  scanner.expectEnd('"," or end of input')
  return terms
}

function parseTerm(scanner: Scanner): Order {
  const { embed, path } = parseTarget(scanner)
  const direction = parseDirection(scanner)
  const nulls = parseNulls(scanner)
  scanner.skipSpace()
  if (!scanner.atEnd && !scanner.sees(',')) {
    scanner.fail(nulls ? '"," or end of input' : 'delimiter (.), "," or end of input')
  }
  return {
    path,
    ...(embed !== undefined && { embed }),
    direction: direction ?? 'asc',
    ...(nulls !== undefined && { nulls }),
  }
}

function parseTarget(scanner: Scanner): Pick<Order, 'embed' | 'path'> {
  const name = parseName(scanner)
  if (!scanner.take('(')) return { path: parsePathOf(name, scanner) }
  const path = parsePath(scanner)
  scanner.expect(')')
  return { embed: name, path }
}

function parseDirection(scanner: Scanner): Order['direction'] | undefined {
  if (!scanner.sees('.')) return undefined
  const direction = directions.find(name => scanner.take(`.${name}`))
  if (direction === undefined && !scanner.sees('.nullsfirst') && !scanner.sees('.nullslast')) {
    scanner.fail('"asc", "desc", "nullsfirst" or "nullslast"', scanner.position + 1)
  }
  return direction
}

function parseNulls(scanner: Scanner): Order['nulls'] {
  if (!scanner.sees('.')) return undefined
  if (scanner.take('.nullsfirst')) return 'first'
  if (scanner.take('.nullslast')) return 'last'
  return scanner.fail('"nullsfirst" or "nullslast"', scanner.position + 1)
}
