import { setImmediate as nextTurn } from 'node:timers/promises'
import type pg from 'pg'
import { TenantryError } from '../../core/errors.ts'
import { decodeFields, payloadText } from '../../core/exact-json.ts'
import type { Entity } from '../../core/module-set.ts'
import { checkPayload } from '../../core/query-values.ts'
import type { AnyRow, RowStep } from '../../core/upgrade-definition.ts'
import { isCopyable, mappedSql, readSql } from './sql/upgrade.ts'

const batch = 1_000
/** Rows that are mapped before anybody else has a turn: about a millisecond's worth. */
const share = 50

export interface MappedStep {
  readonly from: Entity
  readonly to: Entity
  readonly map: RowStep['map']
}

/**
 * Rows that were just written have no statistics yet, and a planner that takes thousands for one would compare each with each.
 * Those of a tenant and its prints are met in one go instead.
 */
export async function atOnce<T>(client: pg.ClientBase, work: () => Promise<T>): Promise<T> {
  await client.query(`select set_config('enable_nestloop', 'off', true)`)
  const result = await work()
  await client.query(`select set_config('enable_nestloop', 'on', true)`)
  return result
}

/** Hands every row (or every changed one) to the step and writes what it answers. Answers how many there were. */
export async function carryMapped(client: pg.ClientBase, step: MappedStep, changed: boolean): Promise<number> {
  const { from, to } = step
  const write = mappedSql(from, to, changed)
  let count = 0
  const declare = () =>
    client.query(`declare carried no scroll cursor for ${readSql(from, changed)}`, changed ? [from.id] : [])
  await (changed ? atOnce(client, declare) : declare())
  for (;;) {
    const { rows } = await client.query<{ row: string }>(`fetch ${batch} from carried`)
    const texts: string[] = []
    for (const { row } of rows) {
      texts.push(payloadText(mapRow(step, JSON.parse(row))))
      // The node that does this answers requests meanwhile.
      if (texts.length % share === 0) await nextTurn()
    }
    if (texts.length > 0) await client.query(write, [`[${texts.join(',')}]`])
    count += rows.length
    if (rows.length < batch) break
  }
  await client.query('close carried')
  return count
}

/** As `mappedSql` takes it: the key, the values that are given, the names of those that stay as they are. */
function mapRow({ from, to, map }: MappedStep, row: Record<string, unknown>) {
  const names = [...(from.instanced ? ['instance_id'] : []), ...from.key]
  const key = Object.fromEntries(names.map(name => [name, row[name]]))
  decodeFields(from, [row])
  const result = answerOf(from, to, map, row)
  const given: Record<string, unknown> = {}
  const copied: string[] = []
  for (const [name, value] of Object.entries(result)) {
    const field = to.fields.get(name)
    if (!field || field.platform || field.spec.type === 'searchText' || value === undefined) continue
    if (Object.is(value, row[name]) && isCopyable(field, from)) copied.push(name)
    else given[name] = value
  }
  return { k: key, g: given, c: copied }
}

function answerOf(from: Entity, to: Entity, map: RowStep['map'], row: AnyRow): AnyRow {
  const fail = (message: string, cause?: unknown) =>
    new TenantryError('conflict', `The step from ${from.id} to ${to.id} failed: ${message}`, {
      details: `At the row ${JSON.stringify(Object.fromEntries(from.key.map(name => [name, String(row[name])])))}`,
      hint: 'Nothing was changed: mend the step and try again',
      cause,
    })
  let result: AnyRow
  try {
    result = map(row)
    checkPayload(to, result)
  } catch (error) {
    throw fail(error instanceof Error ? error.message : 'it threw', error)
  }
  const unknown = Object.keys(result).filter(
    name => result[name] !== undefined && !to.fields.has(name) && !from.fields.has(name),
  )
  if (unknown.length > 0)
    throw fail(`it answered ${unknown.map(name => JSON.stringify(name)).join(', ')}, which ${to.name} has not`)
  return result
}
