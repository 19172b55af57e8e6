import type { Entity, EntityField } from '../../../core/module-set.ts'
import { ownerDefault } from '../own-rows.ts'
import { elementType } from './types.ts'
import { literal } from './writer.ts'

/** The value of a new row that does not name the field, as SQL; undefined where that is null. */
export function defaultSql(entity: Entity, field: EntityField): string | undefined {
  const { name, spec, platform, owner } = field
  if (platform && name === 'id') return 'tenantry.uuid_v7()'
  // The trigger fills these in from the context; the default lets a payload leave them out.
  if (platform && (name === 'created_by' || name === 'updated_by')) return `''`
  if (owner) return ownerDefault(entity, field)
  if (spec.default === undefined) return undefined
  if (spec.default === 'now' && spec.type === 'timestamp') return 'now()'
  if (spec.default === 'now' && spec.type === 'date') return 'current_date'
  const type = elementType(entity, field)
  if (spec.array && Array.isArray(spec.default)) {
    return `array[${spec.default.map(value => literal(spec.type === 'json' ? JSON.stringify(value) : String(value))).join(', ')}]::${type}[]`
  }
  if (spec.type === 'json') return `${literal(JSON.stringify(spec.default))}::jsonb`
  if (typeof spec.default === 'number' || typeof spec.default === 'boolean') return String(spec.default)
  return `${literal(String(spec.default))}::${type}`
}
