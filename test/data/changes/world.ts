import assert from 'node:assert/strict'
import type { Change } from '../../../src/core/changes.ts'
import { entity } from '../../../src/core/entity.ts'
import { bigint, date, integer, reference, text } from '../../../src/core/field.ts'
import type { ModuleDefinition } from '../../../src/core/module.ts'

export const parents = entity('parents', { name: text() }, { changes: true })
export const items = entity(
  'items',
  {
    title: text(),
    n: integer().default(0),
    parent_id: reference(() => parents, { onDelete: 'cascade' }).optional(),
    friend_id: reference(() => parents, { onDelete: 'setNull' }).optional(),
  },
  { changes: true, softDelete: true, revision: true },
)
export const prices = entity(
  'prices',
  { number: bigint(), day: date(), label: text().optional() },
  { key: ['number', 'day'], changes: true },
)
export const desks = entity('desks', { name: text() }, { changes: true, instanced: true })
export const quiet = entity('quiet', { title: text() })
/** Auditors may not read it. */
export const secrets = entity('secrets', { title: text() }, { changes: true, access: { auditor: 'none' } })

export const module: ModuleDefinition = {
  name: 'feed',
  version: '1.0.0',
  entities: [parents, items, prices, desks, quiet, secrets],
  access: { admin: 'tenant_writer', auditor: 'tenant_reader', local: 'tenant_instance_reader' },
}
export const other: ModuleDefinition = { name: 'other', version: '1.0.0', entities: [] }

/** The next `count` changes; fails when they do not come. */
export async function take<C extends Change>(changes: AsyncIterable<C>, count: number, most = 10_000): Promise<C[]> {
  const iterator = changes[Symbol.asyncIterator]()
  const taken: C[] = []
  for (; taken.length < count; ) {
    const next = await soon(iterator.next(), most, `${taken.length} of ${count} changes came`)
    if (next.done) break
    taken.push(next.value)
  }
  await iterator.return?.()
  return taken
}

export async function soon<T>(work: Promise<T>, most: number, message: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new assert.AssertionError({ message })), most)
  })
  return Promise.race([work, late]).finally(() => clearTimeout(timer))
}

export const id = (number: number) => `0190a0a0-0000-7000-8000-${String(number).padStart(12, '0')}`
