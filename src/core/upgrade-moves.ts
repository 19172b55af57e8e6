import type { EntityDefinition } from './entity.ts'
import type { ModuleDefinition } from './module.ts'
import type { RowStep } from './upgrade-definition.ts'

/** The rows of one entity on their way to another, and back. */
export interface MoveOf<Entity> {
  readonly from: Entity
  readonly to: Entity
  /** Null: as they are. */
  readonly up: RowStep['map'] | null
  readonly down: RowStep['map'] | null
}

interface Side<Entity> {
  readonly entities: readonly Entity[]
  readonly definition: ModuleDefinition
}

interface Named {
  readonly name: string
  readonly global: boolean
  readonly definition: EntityDefinition
}

/** The pairs of entities of two majors: those that a step names, and those that are called the same. Pure. */
export function movesOf<Entity extends Named>(
  to: Side<Entity>,
  from: Side<Entity>,
  entityOf: (definition: EntityDefinition) => Entity | undefined,
): MoveOf<Entity>[] {
  const { up = [], down = [], dropped = [] } = to.definition.upgrade ?? {}
  return to.entities.flatMap(entity => {
    const step = up.find(step => step.to === entity.definition)
    const back = down.find(step => step.from === entity.definition)
    const source = step
      ? entityOf(step.from)
      : from.entities.find(({ name, definition }) => name === entity.name && !dropped.includes(definition))
    // Views are global, too: they have no rows to move.
    if (!source || source.global || entity.global) return []
    return [{ from: source, to: entity, up: step?.map ?? null, down: back?.map ?? null }]
  })
}
