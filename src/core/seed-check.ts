import type { FieldType } from './field.ts'
import type { Seed } from './module.ts'

/** Values of these are the same when their texts are. */
const told: ReadonlySet<FieldType> = new Set<FieldType>([
  ...(['text', 'integer', 'bigint', 'boolean', 'date', 'uuid', 'oneOf', 'reference'] as const),
])

/** What is wrong with how the rows of a seed are told apart. */
export function seedFaults({ entity: { fields, options }, rows, by }: Seed): string[] {
  const key: readonly string[] = by ?? options.key ?? ['id']
  const sets = [
    options.key ?? ['id'],
    ...(options.unique ?? []),
    ...Object.entries(fields).flatMap(([name, { spec }]) => (spec.unique ? [[name]] : [])),
  ]
  const isKey = sets.some(set => set.length === key.length && set.every(name => key.includes(name)))
  const vague = key.filter(name => {
    const spec = fields[name]?.spec
    return spec !== undefined && (spec.array || !told.has(spec.type))
  })
  return [
    ...(options.scope === 'global' ? ['an entity without a tenant has no rows of tenants to begin with'] : []),
    ...(Array.isArray(rows) ? [] : ['rows must be a list']),
    ...(isKey ? [] : [`by: ${key.join(', ')} is neither the key nor a unique set of the entity`]),
    ...vague.map(name => `by: values of "${name}" cannot tell rows apart; use texts, whole numbers, days, UUIDs`),
  ]
}
