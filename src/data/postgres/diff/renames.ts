import type { Module } from '../../../core/module-set.ts'
import { identifier } from '../sql/writer.ts'
import { placeOf, renamed, sameConstraint, sameIndex, tableSql } from './compare.ts'
import { type PlanStep, step } from './step.ts'
import type { Constraint, Structure, Table } from './structure.ts'

/** Which names were other ones before. */
export interface Renames {
  /** `schema.old` → new name. */
  readonly tables: ReadonlyMap<string, string>
  /** `schema.table.old` → new name, where the table has its new name. */
  readonly columns: ReadonlyMap<string, string>
}

export const noRenames: Renames = { tables: new Map(), columns: new Map() }

/** What the definitions declare with `renamedFrom`. */
export function renamesOf(modules: readonly Module[]): Renames {
  const entities = modules.flatMap(module => module.entities)
  return {
    tables: new Map(
      entities.flatMap(({ module, name, definition }) => {
        const old = definition.options.renamedFrom
        return old === undefined ? [] : [[`${module.schema}.${old}`, name] as const]
      }),
    ),
    columns: new Map(
      entities.flatMap(({ module, name, fields }) =>
        [...fields.values()].flatMap(({ name: field, spec: { renamedFrom: old } }) => {
          if (old === undefined) return []
          const column = `${module.schema}.${name}`
          return [[`${column}.${old}`, field] as const, [`${column}.${old}?`, `${field}?`] as const]
        }),
      ),
    ),
  }
}

/** The same, the other way round. */
export function reversed({ tables, columns }: Renames): Renames {
  const schemaOf = (place: string) => place.slice(0, place.indexOf('.'))
  const back = new Map(
    [...tables].map(([old, name]) => [`${schemaOf(old)}.${name}`, old.slice(schemaOf(old).length + 1)]),
  )
  return {
    tables: back,
    columns: new Map(
      [...columns].map(([place, name]) => {
        const cut = place.lastIndexOf('.')
        const table = place.slice(0, cut)
        const old = back.get(table)
        return [`${old === undefined ? table : `${schemaOf(table)}.${old}`}.${name}`, place.slice(cut + 1)]
      }),
    ),
  }
}

const unknown = 'Code from before does not know the new name'

/** The renames that there is something to do for, and the structure as it is after them. */
export function applyRenames(
  from: Structure,
  to: Structure,
  renames: Renames,
): { steps: PlanStep[]; structure: Structure } {
  const steps: PlanStep[] = []
  let structure = from
  for (const [old, name] of renames.tables) {
    const table = structure.tables.get(old)
    const place = table && placeOf({ ...table, name })
    if (!table || !place || structure.tables.has(place) || !to.tables.has(place) || to.tables.has(old)) continue
    steps.push(
      step(`rename table ${old} to ${name}`, `alter table ${tableSql(table)} rename to ${identifier(name)}`, {
        note: unknown,
      }),
    )
    structure = withTable(structure, table, { ...table, name })
  }
  for (const [place, name] of renames.columns) {
    const cut = place.lastIndexOf('.')
    const [table, old] = [structure.tables.get(place.slice(0, cut)), place.slice(cut + 1)]
    const wanted = table && to.tables.get(placeOf(table))
    if (!table?.columns.has(old) || table.columns.has(name) || !wanted?.columns.has(name) || wanted.columns.has(old))
      continue
    const sql = `alter table ${tableSql(table)} rename column ${identifier(old)} to ${identifier(name)}`
    steps.push(step(`rename column ${place} to ${name}`, sql, { note: unknown }))
    structure = withColumn(structure, table, old, name)
  }
  for (const table of structure.tables.values()) {
    const wanted = to.tables.get(placeOf(table))
    if (!wanted) continue
    const found = withNames(table, wanted)
    steps.push(...found.steps)
    structure = { ...structure, tables: new Map([...structure.tables, [placeOf(table), found.table]]) }
  }
  return { steps, structure }
}

function withTable(structure: Structure, old: Table, table: Table): Structure {
  const [before, after] = [placeOf(old), placeOf(table)]
  return mapped(structure, other => {
    const own = other === old
    const change = (text: string) => renamed(text, before, after)
    const target = (place: string | null) => (place === before ? after : place)
    return {
      ...(own ? table : other),
      constraints: each(other.constraints, item => ({
        ...item,
        definition: change(item.definition),
        target: target(item.target),
      })),
      indexes: each(other.indexes, item => ({ ...item, definition: change(item.definition) })),
      triggers: each(other.triggers, item => ({ ...item, definition: change(item.definition) })),
    }
  })
}

function withColumn(structure: Structure, table: Table, old: string, name: string): Structure {
  const place = placeOf(table)
  const change = (text: string) => renamed(text, old, name)
  const swap = (columns: readonly string[]) => columns.map(column => (column === old ? name : column))
  return mapped(structure, other => {
    const own = other === table
    const constraints = each(other.constraints, item => ({
      ...item,
      columns: own ? swap(item.columns) : item.columns,
      definition: own ? change(item.definition) : item.definition,
      targetColumns: item.target === place ? swap(item.targetColumns) : item.targetColumns,
    }))
    if (!own) return { ...other, constraints }
    const columns = [...other.columns.values()].map(column => ({
      ...column,
      name: column.name === old ? name : column.name,
      expression: column.generated && column.expression !== null ? change(column.expression) : column.expression,
    }))
    const grants = [...other.grants.values()].map(grant => ({
      ...grant,
      column: grant.column === old ? name : grant.column,
    }))
    return {
      ...other,
      constraints,
      columns: new Map(columns.map(column => [column.name, column])),
      indexes: each(other.indexes, item => ({
        ...item,
        columns: swap(item.columns),
        definition: change(item.definition),
      })),
      grants: new Map(
        grants.map(grant => [grant.column === null ? grant.role : `${grant.role} ${grant.column}`, grant]),
      ),
    }
  })
}

/** Constraints and indexes that are the same under another name get their new one. */
function withNames(table: Table, wanted: Table): { steps: PlanStep[]; table: Table } {
  const steps: PlanStep[] = []
  const rename = <T extends { readonly name: string }>(
    parts: ReadonlyMap<string, T>,
    others: ReadonlyMap<string, T>,
    same: (a: T, b: T) => boolean,
    sqlOf: (old: string, name: string) => string,
  ): Map<string, T> => {
    const free = [...others.values()].filter(({ name }) => !parts.has(name))
    return new Map(
      [...parts.values()].map(part => {
        const found = others.has(part.name) ? undefined : free.find(other => same(part, other))
        if (!found) return [part.name, part]
        free.splice(free.indexOf(found), 1)
        steps.push(step(`rename ${placeOf(table)}.${part.name} to ${found.name}`, sqlOf(part.name, found.name)))
        return [found.name, { ...part, name: found.name }]
      }),
    )
  }
  const constraints = rename<Constraint>(
    table.constraints,
    wanted.constraints,
    sameConstraint,
    (old, name) => `alter table ${tableSql(table)} rename constraint ${identifier(old)} to ${identifier(name)}`,
  )
  const indexes = rename(
    table.indexes,
    wanted.indexes,
    sameIndex,
    (old, name) => `alter index ${tableSql({ schema: table.schema, name: old })} rename to ${identifier(name)}`,
  )
  return { steps, table: { ...table, constraints, indexes } }
}

function mapped(structure: Structure, change: (table: Table) => Table): Structure {
  const tables = [...structure.tables.values()].map(change)
  return { ...structure, tables: new Map(tables.map(table => [placeOf(table), table])) }
}

function each<T>(parts: ReadonlyMap<string, T>, change: (part: T) => T): Map<string, T> {
  return new Map([...parts].map(([name, part]) => [name, change(part)]))
}
