import { identifier } from '../sql/writer.ts'
import { type Pair, placeOf, rule, sameConstraint, sameIndex, tableSql } from './compare.ts'
import { type PlanStep, step } from './step.ts'
import type { Constraint, Index, Structure, Table } from './structure.ts'

const isForeign = ({ kind }: Constraint) => kind === 'foreign'

/** Names of constraints, `schema.table.name`, that are to be made anew: they or what they stand on changes. */
type Changed = (table: Table, constraint: Constraint) => boolean

function changedIn(pairs: readonly Pair[], to: Structure): Changed {
  const byPlace = new Map(pairs.map(pair => [placeOf(pair.to), pair]))
  const isTouched = (place: string | null, columns: readonly string[]) =>
    place !== null && columns.some(column => byPlace.get(place)?.touched.has(column))
  const keyChanges = (place: string | null) => {
    const pair = place === null ? undefined : byPlace.get(place)
    const [before, after] = [pair?.from, pair?.to].map(table =>
      [...(table?.constraints.values() ?? [])].find(({ kind }) => kind === 'primary'),
    )
    return pair !== undefined && !(before && after && sameConstraint(before, after))
  }
  return (table, constraint) => {
    const wanted = to.tables.get(placeOf(table))?.constraints.get(constraint.name)
    if (!wanted || !sameConstraint(constraint, wanted)) return true
    if (constraint.kind === 'primary') return false
    const own = isTouched(placeOf(table), constraint.columns)
    return (
      own ||
      (isForeign(constraint) &&
        (isTouched(constraint.target, constraint.targetColumns) || keyChanges(constraint.target)))
    )
  }
}

const scope = new Set(['tenant_id', 'instance_id'])

/** What holds for values that only the code from before writes, and goes with their columns later. */
function stayingConstraints({ from, to: table, touched }: Pair, to: Structure): Constraint[] {
  const goesLater = (name: string) =>
    !table.columns.has(name) && !touched.has(name) && from.columns.get(name)?.expression === null
  return [...from.constraints.values()].filter(({ kind, columns, target }) => {
    const own = columns.filter(name => !scope.has(name))
    if (own.length === 0 || !own.every(goesLater)) return false
    return kind === 'check' || (kind === 'foreign' && target !== null && to.tables.has(target))
  })
}

/** What is dropped before tables and columns change. */
export function dropConstraintSteps(pairs: readonly Pair[], to: Structure): PlanStep[] {
  const isChanged = changedIn(pairs, to)
  const all = pairs.flatMap(({ from }) =>
    [...from.constraints.values()].map(constraint => ({ table: from, constraint })),
  )
  const staying = new Set(pairs.flatMap(pair => stayingConstraints(pair, to)))
  const dropped = all.filter(({ table, constraint }) => isChanged(table, constraint) && !staying.has(constraint))
  const ordered = [
    ...dropped.filter(({ constraint }) => isForeign(constraint)),
    ...dropped.filter(({ constraint }) => !isForeign(constraint)),
  ]
  return ordered.map(({ table, constraint: { name, target } }) => {
    const crosses = target !== null && !target.startsWith(`${table.schema}.`)
    const isInWay = crosses && (to.tables.get(placeOf(table))?.constraints.has(name) || !to.tables.has(target))
    const sql = `alter table ${tableSql(table)} drop constraint ${identifier(name)}`
    return step(`drop constraint ${placeOf(table)}.${name}`, sql, { stage: isInWay ? 'release' : 'expand' })
  })
}

/** Constraints of tables that stay; foreign keys of all tables. */
export function addConstraintSteps(pairs: readonly Pair[], added: readonly Table[], to: Structure): PlanStep[] {
  const isChanged = changedIn(pairs, to)
  const missing = pairs.flatMap(({ from, to: table }) =>
    [...table.constraints.values()]
      .filter(constraint => {
        const before = from.constraints.get(constraint.name)
        return !before || isChanged(from, before)
      })
      .map(constraint => ({ table, constraint })),
  )
  const first = (kind: Constraint['kind']) => missing.filter(({ constraint }) => constraint.kind === kind)
  const foreign = added.flatMap(table =>
    [...table.constraints.values()].filter(isForeign).map(constraint => ({ table, constraint })),
  )
  return [
    ...['primary', 'unique', 'exclude'].flatMap(kind =>
      missing
        .filter(({ constraint }) => constraint.kind === kind)
        .map(({ table, constraint }) =>
          step(addId(table, constraint), addSql(table, constraint, constraint.definition), {
            risk: 'slow',
            note: 'Its index is built while nobody can use the table',
          }),
        ),
    ),
    ...[...first('check'), ...first('foreign')].flatMap(({ table, constraint }) => laterSteps(table, constraint)),
    ...foreign.map(({ table, constraint }) =>
      step(addId(table, constraint), addSql(table, constraint, rule(constraint.definition))),
    ),
    ...pairs.flatMap(pair => validateSteps(pair, isChanged)),
  ]
}

const addId = (table: Table, { name }: Constraint) => `add constraint ${placeOf(table)}.${name}`
const addSql = (table: Table, { name }: Constraint, definition: string) =>
  `alter table ${tableSql(table)} add constraint ${identifier(name)} ${definition}`

/** New rows must keep to it at once; those that are there are looked at later, while others read and write. */
function laterSteps(table: Table, constraint: Constraint): PlanStep[] {
  const { definition } = constraint
  const added = step(addId(table, constraint), addSql(table, constraint, `${rule(definition)} NOT VALID`))
  return definition === rule(definition) ? [added, validateStep(table, constraint)] : [added]
}

function validateSteps({ from, to }: Pair, isChanged: Changed): PlanStep[] {
  return [...to.constraints.values()].flatMap(constraint => {
    const before = from.constraints.get(constraint.name)
    const isLate = before && !isChanged(from, before) && before.definition !== rule(before.definition)
    return isLate && constraint.definition === rule(constraint.definition) ? [validateStep(to, constraint)] : []
  })
}

function validateStep(table: Table, { name }: Constraint): PlanStep {
  return step(
    `validate constraint ${placeOf(table)}.${name}`,
    `alter table ${tableSql(table)} validate constraint ${identifier(name)}`,
    {
      stage: 'validate',
      risk: 'slow',
      note: 'It reads all rows, while others read and write',
    },
  )
}

const indexSql = (table: Table, { name }: Index) => tableSql({ schema: table.schema, name })
const indexId = (table: Table, { name }: Index) => `${table.schema}.${name}`

/** An index stays for the code from before, unless it refuses what the new code may write or stands in the way. */
export function dropIndexSteps({ from, to, touched }: Pair): PlanStep[] {
  return [...from.indexes.values()].flatMap(index => {
    const wanted = to.indexes.get(index.name)
    const isTouched = index.columns.some(column => touched.has(column))
    if (wanted && sameIndex(index, wanted) && !isTouched) return []
    const stage = wanted || index.unique || isTouched ? 'expand' : 'contract'
    return [step(`drop index ${indexId(from, index)}`, `drop index ${indexSql(from, index)}`, { stage })]
  })
}

export function addIndexSteps({ from, to, touched }: Pair, concurrently: boolean): PlanStep[] {
  return [...to.indexes.values()].flatMap(index => {
    const before = from.indexes.get(index.name)
    if (before && sameIndex(before, index) && !index.columns.some(column => touched.has(column))) return []
    const id = `add index ${indexId(to, index)}`
    // Nobody may write a double while a unique index is exchanged for another.
    if (!concurrently || (before && index.unique)) {
      return [step(id, index.definition, { risk: 'slow', note: 'It is built while nobody can write' })]
    }
    const sql = index.definition.replace(/ INDEX /, ' INDEX CONCURRENTLY IF NOT EXISTS ')
    return [step(id, sql, { stage: 'index', risk: 'slow', note: 'It is built while others read and write' })]
  })
}
