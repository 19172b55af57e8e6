import type { RowScope, Verb } from '../../../core/access-role.ts'
import type { Entity } from '../../../core/module-set.ts'
import { currentSubject } from '../own-rows.ts'
import { identifier } from './writer.ts'

/** Which rows of entities with own rows a statement reaches; policies see to it, and the statement says it for the planner. */
export type Narrowing = readonly RowScope[] | null

/** The condition that a row is one's own; none where all rows are reached. */
export function narrowingConditions(narrowing: Narrowing, { id }: Entity, verb: Verb, alias: string): string[] {
  const scope = narrowing?.find(({ entity, verb: other }) => entity === id && other === verb)
  if (!scope?.fields || scope.fields.length === 0) return []
  const own = scope.fields.map(field => `${alias}.${identifier(field)} = (select ${currentSubject})`)
  return [own.length === 1 ? own.join('') : `(${own.join(' or ')})`]
}
