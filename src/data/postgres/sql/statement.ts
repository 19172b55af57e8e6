import type { CheckedPlan } from '../../../core/checked-plan.ts'
import { callSql } from './call.ts'
import { Reader } from './read.ts'
import { writeSql } from './write.ts'
import { Binder, type Statement } from './writer.ts'

/**
 * A checked plan as one statement that answers one row: text, number of rows, total, number of inserted rows. Pure; the text depends only on
 * the plan's shape, so equal shapes share one prepared statement.
 */
export function statementOf(plan: CheckedPlan): Statement {
  const binder = new Binder()
  return { text: textOf(plan, binder), values: binder.values }
}

function textOf(plan: CheckedPlan, binder: Binder): string {
  if (plan.kind === 'call') return callSql(plan, binder)
  return plan.kind === 'read' ? new Reader(binder, plan.output).statement(plan) : writeSql(plan, binder)
}
