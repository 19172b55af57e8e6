import type { LeftOut } from '../core/seeds.ts'
import { indent, table } from './output.ts'

const reasons: Readonly<Record<LeftOut['reason'], string>> = {
  own: 'the tenant has a row of its own with this key',
  taken: 'another row of the tenant has what must be unique',
  deleted: 'the tenant has deleted it (--force brings it back)',
}

/** Seeds that were not added; nothing where there are none. */
export function leftOutText(leftOut: readonly LeftOut[]): string[] {
  if (leftOut.length === 0) return []
  const rows = leftOut.map(({ entity, key, reason }) => [entity, key, reasons[reason]])
  return ['', 'Left out:', '', indent(table(rows))]
}
