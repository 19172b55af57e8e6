import type { Removed } from '../app/operations.ts'
import { count, facts, indent, table } from './output.ts'

/** What was archived and removed, under a first line. */
export function removedText(first: string, { archive, rows }: Removed): string {
  const kept = Object.entries(rows).filter(([, number]) => number > 0)
  const sum = kept.reduce((sum, [, number]) => sum + number, 0)
  return [
    first,
    '',
    facts([
      ['archive', archive],
      ['rows', count(sum, 'row')],
    ]),
    ...(kept.length > 0 ? [indent(indent(table(kept.map(([entity, number]) => [entity, String(number)]))))] : []),
  ].join('\n')
}
