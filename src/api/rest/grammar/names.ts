import type { FieldPath, JsonStep } from '../../../core/plan.ts'
import { createCounter, maxColumns, maxNameBytes } from '../limits.ts'
import { Scanner } from './scanner.ts'

export const anyName = 'field name (* or [a..z0..9_$])'
const anyKey = '"-", digit or any non reserved character different from: .,>()'
const greatestIndex = 2_147_483_647

/** Letters, digits, `_`, `$` and spaces inside; `-` unless it begins an arrow; or anything between quotes. */
export function parseName(scanner: Scanner, expecting: string = anyName): string {
  const start = scanner.position
  const name = parseQuoted(scanner) ?? joinDashed(scanner.match(/[\p{L}0-9_ $]+(?:-(?!>)[\p{L}0-9_ $]+)*/uy))
  if (name === undefined || name === '') scanner.fail(expecting, start)
  if (Buffer.byteLength(name) > maxNameBytes) scanner.fail(`a name of ${maxNameBytes} bytes at most`, start)
  return name
}

/** The text between double quotes, where `\` takes the next character as it is; nothing when no quote begins here. */
export function parseQuoted(scanner: Scanner): string | undefined {
  return scanner
    .match(/"[^\\"]*(?:\\.[^\\"]*)*"/sy)
    ?.slice(1, -1)
    .replace(/\\(.)/gs, '$1')
}

export function parsePath(scanner: Scanner, expecting?: string): FieldPath {
  scanner.skipSpace()
  return parsePathOf(parseName(scanner, expecting), scanner)
}

/** The rest of a path whose field was just read. */
export function parsePathOf(field: string, scanner: Scanner): FieldPath {
  const json = parseJsonSteps(scanner)
  scanner.skipSpace()
  return json.length === 0 ? { field } : { field, json }
}

/** `a.b.field->json`: the embeds that lead to a field. */
export function parseTreePath(key: string): { embeds: string[]; path: FieldPath } {
  const scanner = new Scanner(key, 'tree path')
  const embeds: string[] = []
  let field = parseName(scanner)
  while (scanner.take('.')) {
    embeds.push(field)
    field = parseName(scanner)
  }
  const json = parseJsonSteps(scanner)
  scanner.expectEnd('"->>", "->", delimiter (.) or end of input')
  return { embeds, path: json.length === 0 ? { field } : { field, json } }
}

/** `columns` and `on_conflict`: names with commas between them, each once. */
export function parseNames(text: string, parameter: string): string[] {
  const scanner = new Scanner(text, `${parameter} parameter`)
  const count = createCounter(maxColumns, `names in ${parameter}`)
  const names = new Set<string>()
  do {
    scanner.skipSpace()
    count()
    names.add(parseName(scanner))
    scanner.skipSpace()
  } while (scanner.take(','))
  scanner.expectEnd('"," or end of input')
  return [...names]
}

function parseJsonSteps(scanner: Scanner): JsonStep[] {
  const steps: JsonStep[] = []
  for (;;) {
    const arrow = scanner.take('->>') ? '->>' : scanner.take('->') ? '->' : undefined
    if (arrow === undefined) return steps
    steps.push({ arrow, key: parseJsonKey(scanner) })
  }
}

function parseJsonKey(scanner: Scanner): string | number {
  const start = scanner.position
  const index = scanner.match(/-?\d+(?=->|::|[.,)]|$)/y)
  if (index !== undefined) {
    if (Math.abs(Number(index)) > greatestIndex) scanner.fail(`an index of ${greatestIndex} at most`, start)
    return Number(index)
  }
  const quoted = parseQuoted(scanner)
  if (quoted === undefined && scanner.sees('"')) scanner.failAtEnd('"\\" or """')
  const key = quoted ?? joinDashed(scanner.match(/[^(\-:.,>)]+(?:-(?!>)[^(\-:.,>)]+)*/y))
  return key ?? scanner.fail(scanner.sees('-') ? 'digit' : anyKey)
}

/** Spaces around a name and around its dashes do not count. */
function joinDashed(text: string | undefined): string | undefined {
  if (!text?.includes('-')) return text?.trim()
  return text
    .split('-')
    .map(part => part.trim())
    .join('-')
}
