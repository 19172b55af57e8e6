import { createHash } from 'node:crypto'
import { identifier } from '../sql/writer.ts'
import { type Pair, placeOf, tableSql } from './compare.ts'
import { conversionOf } from './conversion.ts'
import { type PlanStep, step } from './step.ts'
import type { Column, Table } from './structure.ts'

export function columnSql({ name, type, collation, notNull, expression, generated }: Column): string {
  return [
    identifier(name),
    type,
    ...(collation === null ? [] : [`collate ${collation}`]),
    ...(expression === null
      ? []
      : [generated ? `generated always as (${expression}) stored` : `default ${expression}`]),
    ...(notNull ? ['not null'] : []),
  ].join(' ')
}

/** The steps that bring the columns of a table that stays to what they shall be. */
export function columnSteps({ from, to, touched }: Pair): PlanStep[] {
  const table = tableSql(to)
  const place = placeOf(to)
  const kept = [...to.columns.values()].flatMap(column => {
    const before = from.columns.get(column.name)
    return before ? [{ before, column }] : []
  })
  const made = kept.filter(({ before, column }) => touched.has(column.name) && (before.generated || column.generated))
  const added = [...to.columns.values()].filter(({ name }) => !from.columns.has(name))
  const gone = [...from.columns.values()].filter(({ name }) => !to.columns.has(name))
  const inWay = gone.filter(({ name }) => touched.has(name))
  return [
    ...[...made.map(({ before }) => before), ...inWay].map(column => dropStep(to, column, 'expand')),
    ...kept
      .filter(({ before, column }) => !before.generated && !column.generated)
      .flatMap(({ before, column }) => changeSteps(to, before, column)),
    ...[...made.map(({ column }) => column), ...added]
      .toSorted((a, b) => Number(a.generated) - Number(b.generated))
      .flatMap(column => addSteps(to, column)),
    ...gone
      .filter(column => column.notNull && column.expression === null)
      .map(({ name }) =>
        step(`drop not null ${place}.${name}`, `alter table ${table} alter column ${identifier(name)} drop not null`),
      ),
    ...gone
      .filter(column => !inWay.includes(column))
      .toSorted((a, b) => Number(b.generated) - Number(a.generated))
      .map(column => dropStep(to, column, 'contract')),
  ]
}

function dropStep(table: Table, { name, generated }: Column, stage: 'expand' | 'contract'): PlanStep {
  const sql = `alter table ${tableSql(table)} drop column ${identifier(name)}`
  const loss = { risk: 'destructive', note: 'Its values are gone afterwards' } as const
  return step(`drop column ${placeOf(table)}.${name}`, sql, { stage, ...(generated ? {} : loss) })
}

function addSteps(table: Table, column: Column): PlanStep[] {
  const id = `add column ${placeOf(table)}.${column.name}`
  const add = (shown: Column) => `alter table ${tableSql(table)} add column ${columnSql(shown)}`
  if (column.generated || (column.volatile && column.expression !== null)) {
    return [step(id, add(column), { risk: 'slow', note: 'Every row is written anew while nobody can use the table' })]
  }
  if (!column.notNull || fills(column)) return [step(id, add(column))]
  return [step(id, add({ ...column, notNull: false })), ...notNullSteps(table, column)]
}

function changeSteps(table: Table, from: Column, to: Column): PlanStep[] {
  const alter = `alter table ${tableSql(table)} alter column ${identifier(to.name)}`
  const place = `${placeOf(table)}.${to.name}`
  const retyped = from.type !== to.type || from.collation !== to.collation
  const conversion = retyped ? conversionOf(from, to) : undefined
  if (retyped && !conversion) return replaceSteps(table, to, from.type)
  const loosened = from.notNull && !to.notNull
  const reset = conversion && from.expression !== null
  const sets = to.expression !== null && (reset || from.expression !== to.expression)
  return [
    ...(loosened ? [step(`drop not null ${place}`, `${alter} drop not null`)] : []),
    ...(from.expression !== null && (reset || to.expression === null)
      ? [step(`drop default ${place}`, `${alter} drop default`)]
      : []),
    ...(conversion
      ? [
          step(
            `change type ${place} from ${from.type} to ${to.type}`,
            `${alter} type ${typeSql(to)}${conversion.using ? ` using ${conversion.using}` : ''}`,
            {
              risk: conversion.risk,
              ...(conversion.note && { note: conversion.note }),
            },
          ),
        ]
      : []),
    ...(sets ? [step(`set default ${place}`, `${alter} set default ${to.expression}`)] : []),
    ...(!from.notNull && to.notNull ? notNullSteps(table, to) : []),
  ]
}

function replaceSteps(table: Table, column: Column, type: string): PlanStep[] {
  const note = `No ${type} becomes a ${column.type}: its values are gone afterwards`
  return [{ ...dropStep(table, column, 'expand'), risk: 'destructive', note }, ...addSteps(table, column)]
}

function typeSql({ type, collation }: Column): string {
  return collation === null ? type : `${type} collate ${collation}`
}

/** True for a default that gives every row its value; what comes from a context does not. */
function fills({ expression }: Column): boolean {
  return expression !== null && !expression.includes('current_setting(')
}

/**
 * A rule for new rows first; rows that are there are looked at later, under a lock that lets others read and write. Only then
 * PostgreSQL takes its word for it and need not look while nobody may use the table.
 */
function notNullSteps(table: Table, column: Column): PlanStep[] {
  const place = `${placeOf(table)}.${column.name}`
  const alter = `alter table ${tableSql(table)}`
  const name = identifier(column.name)
  const rule = identifier(`not_null_${createHash('sha256').update(place).digest('hex').slice(0, 12)}`)
  const fill = fills(column) && !column.volatile ? column.expression : null
  const validate = { stage: 'validate', risk: 'slow' } as const
  return [
    step(`add rule ${place} is not null`, `${alter} add constraint ${rule} check (${name} is not null) not valid`),
    ...(fill === null
      ? []
      : [
          step(`fill ${place}`, `update ${tableSql(table)} set ${name} = ${fill} where ${name} is null`, {
            ...validate,
            note: 'Rows without a value get the default, and are changed by that',
          }),
        ]),
    step(`validate ${place} is not null`, `${alter} validate constraint ${rule}`, {
      ...validate,
      note:
        fill === null
          ? `Every row needs a value: where some have none, write before this an update of ${placeOf(table)} that gives them one`
          : 'It reads all rows, while others read and write',
    }),
    step(`set not null ${place}`, [`${alter} alter column ${name} set not null`, `${alter} drop constraint ${rule}`], {
      stage: 'validate',
    }),
  ]
}
