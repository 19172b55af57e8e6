import type { EntityDefinition } from './entity.ts'
import type { AnyField } from './field.ts'
import type { ModuleDefinition } from './module.ts'
import type { RowStep, UpgradeDefinition } from './upgrade-definition.ts'

/** What is wrong with a module's upgrade step. `older`: the module that it names, if there is one. */
export function checkUpgrade(
  definition: ModuleDefinition,
  older: ModuleDefinition | undefined,
  say: (where: string, message: string) => void,
): void {
  const { upgrade, version } = definition
  if (!upgrade) return
  const major = Number(version.split('.', 1)[0])
  if (!Number.isInteger(upgrade.from) || upgrade.from < 1 || upgrade.from >= major) {
    say('', `upgrade: it takes over from an older major, and ${JSON.stringify(upgrade.from)} is none`)
    return
  }
  if (!older) {
    say('', `upgrade: the product has no ${definition.name}@${upgrade.from}`)
    return
  }
  const { up = [], down = [], dropped = [] } = upgrade
  checkSteps('up', up, older, definition, say)
  checkSteps('down', down, definition, older, say)
  for (const entity of dropped) {
    if (!older.entities.includes(entity))
      say(entity.name, `upgrade: dropped names entities of ${definition.name}@${upgrade.from}`)
    else if (up.some(step => step.from === entity)) say(entity.name, 'upgrade: it is dropped and taken over')
  }
  for (const entity of older.entities) {
    if (dropped.includes(entity) || entity.options.view) continue
    const target = targetOf(entity, definition, upgrade)
    if (target) checkPair(entity, target, upgrade, say)
    else say(entity.name, `upgrade: nothing takes over its rows; add a step, or name it as dropped`)
  }
}

function targetOf(entity: EntityDefinition, definition: ModuleDefinition, { up = [] }: UpgradeDefinition) {
  return up.find(step => step.from === entity)?.to ?? definition.entities.find(({ name }) => name === entity.name)
}

function checkSteps(
  way: 'up' | 'down',
  steps: readonly RowStep[],
  from: ModuleDefinition,
  to: ModuleDefinition,
  say: (where: string, message: string) => void,
): void {
  const where = `upgrade.${way}`
  for (const [index, step] of steps.entries()) {
    if (typeof step.map !== 'function') say(step.to.name, `${where}: a step is made by upgradeRows(from, to, map)`)
    if (!from.entities.includes(step.from)) say(step.from.name, `${where}: it is no entity of ${idOf(from)}`)
    if (!to.entities.includes(step.to)) say(step.to.name, `${where}: it is no entity of ${idOf(to)}`)
    if (steps.slice(0, index).some(other => other.from === step.from || other.to === step.to))
      say(step.from.name, `${where}: each entity becomes one other, and only one`)
  }
}

function checkPair(
  from: EntityDefinition,
  to: EntityDefinition,
  { up = [], down = [] }: UpgradeDefinition,
  say: (where: string, message: string) => void,
): void {
  const tell = (message: string) => say(to.name, `upgrade: ${message}`)
  if (scopeOf(from) !== scopeOf(to)) tell('it has another scope than the entity that it takes over')
  if ((from.options.instanced ?? false) !== (to.options.instanced ?? false))
    tell('either both entities have instances, or none')
  if (from.options.softDelete && !to.options.softDelete)
    tell('rows that are deleted softly would come back: it needs softDelete, too')
  if ((from.options.key ?? ['id']).join() !== (to.options.key ?? ['id']).join())
    tell('rows keep their keys, so both entities need the same key')
  const forth = up.find(step => step.to === to)
  const back = down.find(step => step.to === from)
  if (forth && forth.from === from && !back) tell(`the way back is missing: down needs a step to ${from.name}`)
  if (!forth) for (const fault of faults(from, to)) tell(`${fault}; add a step to up`)
  if (!back && !forth) for (const fault of faults(to, from)) tell(`on the way back ${fault}; add a step to down`)
  if (back && !forth) tell(`down has a step to ${from.name}, and up has none`)
}

function scopeOf({ options }: EntityDefinition): string {
  return options.scope ?? 'tenant'
}

/** Why rows cannot be copied as they are. */
function faults(from: EntityDefinition, to: EntityDefinition): string[] {
  return Object.entries(to.fields).flatMap(([name, { spec }]) => {
    if (spec.type === 'searchText') return []
    const source = from.fields[name]
    if (!source) return spec.optional || spec.default !== undefined ? [] : [`"${name}" has no value`]
    if (!sameType(source, to.fields[name])) return [`"${name}" is of another type`]
    return source.spec.optional && !spec.optional ? [`"${name}" may be null`] : []
  })
}

/** What a reference names may be of another major, where its rows have the same keys. */
function sameType(one: AnyField, other: AnyField | undefined): boolean {
  return (
    other !== undefined &&
    one.spec.type === other.spec.type &&
    one.spec.array === other.spec.array &&
    one.spec.of === other.spec.of
  )
}

const idOf = ({ name, version }: ModuleDefinition) => `${name}@${version.split('.', 1)[0]}`
