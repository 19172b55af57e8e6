import type { CheckedRead } from '../../../core/checked-plan.ts'
import type { Narrowing } from './narrowing.ts'
import { Reader } from './read.ts'
import { csvHeader, type Rows } from './rows.ts'
import { Binder, type Statement } from './writer.ts'

/** A read whose rows come one by one. Their texts between these make the same answer as the one statement would. */
export interface RowStream {
  /** Number of rows, and of all that match where it was asked for. */
  readonly count: Statement
  readonly rows: Statement
  readonly first: string
  readonly between: string
  readonly last: string
}

export function rowStreamOf(plan: CheckedRead, narrowing: Narrowing): RowStream {
  const counting = new Binder()
  const reading = new Binder()
  const count = new Reader(counting, plan.output, narrowing).numbers(plan)
  const { sql, rows } = new Reader(reading, plan.output, narrowing).lines(plan)
  return {
    count: { text: count, values: counting.values },
    rows: { text: sql, values: reading.values },
    ...frameOf(plan, rows),
  }
}

function frameOf(
  { format, single, stripNulls }: CheckedRead,
  rows: Rows,
): Pick<RowStream, 'first' | 'between' | 'last'> {
  if (format === 'csv') return { first: `${csvHeader(rows)}\n`, between: '\n', last: '' }
  if (single) return { first: '', between: '', last: '' }
  // As PostgreSQL's json_agg writes them, and its json_strip_nulls.
  const isRow = rows.names.every(({ ours }) => ours)
  return { first: '[', between: stripNulls ? ',' : isRow ? ', \n ' : ', ', last: ']' }
}
