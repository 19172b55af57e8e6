import { literal } from '../sql/writer.ts'
import { grantSteps, revokeSteps } from './access.ts'
import { placeOf, sameParts, tableSql } from './compare.ts'
import { type PlanStep, step } from './step.ts'
import type { Structure, View } from './structure.ts'

/** Views are dropped before what they read changes and made anew behind it; they hold nothing. `changed`: tables that they cannot outlive. */
export function viewSteps(
  from: Structure,
  to: Structure,
  changed: ReadonlySet<string>,
): { dropped: PlanStep[]; added: PlanStep[] } {
  const gone = new Set(changed)
  for (const [place, view] of from.views) {
    const wanted = to.views.get(place)
    if (!wanted || !sameParts(wordsOf(view), wordsOf(wanted))) gone.add(place)
  }
  // What reads a view that goes, goes before it.
  const order: View[] = inOrder(from).filter(view => {
    if (view.reads.some(place => gone.has(place))) gone.add(placeOf(view))
    return gone.has(placeOf(view))
  })
  return {
    dropped: order.toReversed().map(view => {
      const crosses = view.reads.some(place => !place.startsWith(`${view.schema}.`))
      return step(`drop view ${placeOf(view)}`, `drop view ${tableSql(view)}`, {
        stage: crosses ? 'release' : 'expand',
      })
    }),
    added: inOrder(to)
      .filter(view => gone.has(placeOf(view)) || !from.views.has(placeOf(view)))
      .flatMap(view => [step(`add view ${placeOf(view)}`, viewSql(view)), ...grantSteps(undefined, view)])
      .concat(
        inOrder(to).flatMap(view => {
          const before = from.views.get(placeOf(view))
          return before && !gone.has(placeOf(view)) ? [...revokeSteps(before, view), ...grantSteps(before, view)] : []
        }),
      ),
  }
}

function wordsOf({ definition, options, columns }: View) {
  return { definition, options, columns }
}

function viewSql(view: View): string[] {
  const options = view.options === '' ? '' : ` with (${view.options})`
  return [
    `create view ${tableSql(view)}${options} as ${view.definition.trim().replace(/;$/, '')}`,
    ...(view.comment === null ? [] : [`comment on view ${tableSql(view)} is ${literal(view.comment)}`]),
  ]
}

/** Each view behind those that it reads. */
function inOrder({ views }: Structure): View[] {
  const done = new Set<View>()
  const visit = (view: View): void => {
    if (done.has(view)) return
    for (const place of view.reads) {
      const other = views.get(place)
      if (other) visit(other)
    }
    done.add(view)
  }
  for (const view of views.values()) visit(view)
  return [...done]
}
