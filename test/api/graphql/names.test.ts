import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type GraphQLSchema, isInputObjectType, isObjectType, validateSchema } from 'graphql'
import { accessClassOf } from '../../../src/api/graphql/access-class.ts'
import { createNames } from '../../../src/api/graphql/names.ts'
import { buildSchema } from '../../../src/api/graphql/schema.ts'
import { entity } from '../../../src/core/entity.ts'
import { type AnyField, array, type EntityDefinition, json, oneOf, reference, text } from '../../../src/core/field.ts'
import { checkModules } from '../../../src/core/module-check.ts'
import { createModuleSet } from '../../../src/core/module-set.ts'

/** Words that meet what is made of other names. */
const words = [
  ...['people', 'person', 'status', 'statuses', 'count', 'get', 'where', 'input', 'query', 'user', 'users', 'by', 's'],
  ...['x_1', 'x__y', 'type', 'insert', 'save', 'update', 'filter', 'patch', 'v2', 'string', 'order_by', 'mutation'],
]
const name = fc.array(fc.constantFrom(...words), { minLength: 1, maxLength: 3 }).map(parts => parts.join('_'))
const field = fc.constantFrom<() => AnyField>(
  ...[
    () => text(),
    () => oneOf('a', 'b'),
    () => oneOf('a-', 'b'),
    () => array(oneOf('x', 'y')),
    () => json().optional(),
  ],
)
const drawnEntity = fc.record({
  name,
  fields: fc.uniqueArray(fc.tuple(name, field), { selector: ([name]) => name, minLength: 1, maxLength: 5 }),
  references: fc.array(fc.tuple(name, fc.nat(), fc.boolean()), { maxLength: 3 }),
})
const drawnModule = fc.uniqueArray(drawnEntity, { selector: ({ name }) => name, minLength: 1, maxLength: 4 })

test('whatever definitions are called, schemas are valid, and no subscription renames anything', () => {
  fc.assert(
    fc.property(fc.tuple(drawnModule, drawnModule, drawnModule), ([one, two, other]) => {
      const known: EntityDefinition[] = []
      const define = (drawn: typeof one, seen: readonly EntityDefinition[]) =>
        drawn.map(({ name, fields, references }) => {
          const targets = references.flatMap(([field, index, plain]) => {
            const target = seen[index % Math.max(1, seen.length)]
            return target ? [[`${field}${plain ? '' : '_id'}`, reference(() => target)] as const] : []
          })
          return entity(
            name,
            Object.fromEntries([...fields.map(([name, make]) => [name, make()] as const), ...targets]),
          )
        })
      const access = { admin: 'tenant_writer' } as const
      const first = define(one, known)
      const definitions = [
        { name: 'alpha', version: '1.0.0', entities: first, access },
        { name: 'alpha', version: '2.0.0', entities: define(two, known), access },
        { name: 'beta', version: '1.0.0', entities: define(other, first), access, dependsOn: ['alpha@1'] },
      ]
      fc.pre(checkModules(definitions).length === 0)
      const modules = createModuleSet(definitions)
      const namesIn = createNames(modules.modules)
      const schemaOf = (subscriptions: readonly string[]) => {
        const exposure = modules.expose(subscriptions)
        const principal = { subject: 'ann', tenant: 'acme', roles: ['admin'], instance: null, anonymous: false }
        const access = accessClassOf({ principal, exposure, acrossTenants: false })
        const { schema } = buildSchema(namesIn(exposure), access, exposure, null)
        assert.deepEqual(validateSchema(schema), [])
        return schema
      }
      const [small, large] = [schemaOf(['alpha@1']), schemaOf(['alpha@1', 'alpha@2', 'beta@1'])]
      for (const name of namesOf(small)) assert.ok(namesOf(large).has(name), name)
    }),
    { numRuns: 20 },
  )
})

function namesOf(schema: GraphQLSchema): ReadonlySet<string> {
  const types = Object.values(schema.getTypeMap()).filter(({ name }) => !name.startsWith('__'))
  return new Set(
    types.flatMap(type => {
      const fields = isObjectType(type) || isInputObjectType(type) ? Object.keys(type.getFields()) : []
      return [type.name, ...fields.map(field => `${type.name}.${field}`)]
    }),
  )
}
