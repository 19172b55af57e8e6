import { entity } from './entity.ts'
import { boolean, text, timestamp } from './field.ts'
import { createModuleSet, type Entity } from './module-set.ts'

const definition = entity(
  'seeded',
  {
    entity: text(),
    seed_key: text(),
    row_key: text(),
    row_created_at: timestamp(),
    temporary: boolean(),
  },
  { key: ['entity', 'seed_key'], internal: true },
)

const platform = createModuleSet([{ name: 'platform', version: '1.0.0', entities: [definition] }])
const found = platform.entityOf(definition)

/**
 * Which rows of a tenant were seeded, beside the tables that they are in: `entity` by its id, the row's `seed_key` and its
 * primary key as JSON arrays of texts, and when it was made, since a user may make another row with the same key.
 */
export const seeded: Entity = {
  ...found,
  // No module of an author has this name.
  id: 'tenantry@1.seeded',
  module: { ...found.module, schema: 'tenantry' },
}
