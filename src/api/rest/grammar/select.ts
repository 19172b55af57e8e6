import {
  type Aggregate,
  aggregateFunctions,
  type Embed,
  type FieldPath,
  type FieldSelection,
  type Selection,
} from '../../../core/plan.ts'
import { checkDepth, createCounter, maxSelections } from '../limits.ts'
import { anyName, parseName, parsePathOf } from './names.ts'
import { Scanner } from './scanner.ts'

/** `select=id,alias:field->>key::text,field.sum(),count(),rel!hint!inner(…),...rel(…)`. Empty means `*`. */
export function parseSelect(text: string, maxDepth: number): Selection[] {
  const scanner = new Scanner(text, 'select parameter')
  const selections = parseForest(scanner, {
    depth: 0,
    maxDepth,
    count: createCounter(maxSelections, 'fields and embeds in select'),
  })
  scanner.expectEnd('"," or end of input')
  return selections.length === 0 ? [{ kind: 'all' }] : selections
}

interface Aliased {
  readonly alias?: string
}

interface Level {
  readonly depth: number
  readonly maxDepth: number
  readonly count: () => void
}

function parseForest(scanner: Scanner, level: Level): Selection[] {
  const selections: Selection[] = []
  scanner.skipSpace()
  if (scanner.atEnd || scanner.sees(')')) return selections
  do {
    scanner.skipSpace()
    level.count()
    selections.push(parseSelection(scanner, level))
    scanner.skipSpace()
  } while (scanner.take(','))
  return selections
}

function parseSelection(scanner: Scanner, level: Level): Selection {
  if (scanner.take('...')) return parseEmbed(scanner, level, { relation: parseName(scanner), spread: true })
  if (scanner.take('*')) {
    expectSelectionEnd(scanner, '")", "," or end of input')
    return { kind: 'all' }
  }
  const first = parseName(scanner, `"...", ${anyName}, "*" or "count()"`)
  const aliased = scanner.sees(':') && !scanner.sees('::') && scanner.take(':')
  const name = aliased ? parseName(scanner) : first
  const alias = aliased ? { alias: first } : {}
  if (name === 'count' && scanner.take('()')) {
    const cast = parseCast(scanner)
    expectSelectionEnd(scanner, '"::", ")", "," or end of input')
    return { kind: 'count', ...alias, ...(cast !== undefined && { cast }) }
  }
  return scanner.sees('(') || scanner.sees('!')
    ? parseEmbed(scanner, level, { relation: name, spread: false, ...alias })
    : parseField(scanner, name, alias)
}

function parseField(scanner: Scanner, name: string, alias: Aliased): FieldSelection {
  const path = parsePathOf(name, scanner)
  const cast = parseCast(scanner)
  const aggregate = parseAggregate(scanner)
  expectSelectionEnd(
    scanner,
    aggregate
      ? '"::", ")", "," or end of input'
      : 'letter, digit, "-", "->>", "->", "::", ".", ")", "," or end of input',
  )
  return {
    kind: 'field',
    path,
    ...(!aggregate && jsonAlias(path)),
    ...alias,
    ...(cast !== undefined && { cast }),
    ...(aggregate && { aggregate }),
  }
}

/** `.sum()`, and the type of the sum behind it. */
function parseAggregate(scanner: Scanner): Aggregate | undefined {
  if (!scanner.take('.')) return undefined
  const name = aggregateFunctions.find(name => scanner.take(name))
  if (!name) return scanner.fail('"sum", "avg", "count", "max" or "min"')
  scanner.expect('()')
  const cast = parseCast(scanner)
  return { function: name, ...(cast !== undefined && { cast }) }
}

function parseCast(scanner: Scanner): string | undefined {
  if (!scanner.take('::')) return undefined
  const type = scanner.match(/[\p{L}0-9_ $]+/uy)?.trim()
  return type || scanner.fail('letter or digit')
}

/** A place inside JSON shows under its last key: `data->a->0` as `a`, `data->0` as `data`. */
function jsonAlias({ field, json }: FieldPath): Aliased {
  if (json === undefined) return {}
  const key = json.findLast(step => typeof step.key === 'string')?.key
  return { alias: String(key ?? field) }
}

function parseEmbed(scanner: Scanner, level: Level, head: Pick<Embed, 'relation' | 'spread'> & Aliased): Embed {
  let hint: string | undefined
  let join: Embed['join'] | undefined
  for (let count = 0; count < 2 && scanner.take('!'); count += 1) {
    const quoted = scanner.sees('"')
    const name = parseName(scanner)
    if (!quoted && (name === 'left' || name === 'inner')) join ??= name
    else hint ??= name
  }
  const depth = level.depth + 1
  checkDepth(depth, level.maxDepth, 'Embeds')
  scanner.expect('(')
  const select = parseForest(scanner, { ...level, depth })
  scanner.expect(')', '")" or ","')
  return { kind: 'embed', ...head, ...(hint !== undefined && { hint }), join: join ?? 'left', query: { select } }
}

function expectSelectionEnd(scanner: Scanner, expecting: string): void {
  scanner.skipSpace()
  if (!scanner.atEnd && !scanner.sees(',') && !scanner.sees(')')) scanner.fail(expecting)
}
