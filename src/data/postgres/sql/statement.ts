import type { CheckedPlan } from '../../../core/checked-plan.ts'
import { once } from '../../../core/once.ts'
import { callSql } from './call.ts'
import { isLookup, lookupSql } from './lookup.ts'
import type { Narrowing } from './narrowing.ts'
import { Reader } from './read.ts'
import { writeSql } from './write.ts'
import { Binder, type Statement } from './writer.ts'

/**
 * A checked plan as one statement that answers one row: text, number of rows, total, number of inserted rows. Pure; the text depends only on
 * the plan's shape, so equal shapes share one prepared statement.
 */
export function statementOf(plan: CheckedPlan, narrowing: Narrowing = null): Statement {
  const binder = new Binder()
  const text = textOf(plan, binder, narrowing)
  const { values, types, slots, assumptions, takesRows } = binder
  const lookup = isLookup(plan) ? once(() => lookupSql(types, inner => textOf(plan, inner, narrowing))) : undefined
  return { text, values, slots, assumptions, takesRows, lookup }
}

function textOf(plan: CheckedPlan, binder: Binder, narrowing: Narrowing): string {
  if (plan.kind === 'call') return callSql(plan, binder, narrowing)
  const reader = new Reader(binder, plan.output, narrowing)
  return plan.kind === 'read' ? reader.statement(plan) : writeSql(plan, binder, reader)
}
