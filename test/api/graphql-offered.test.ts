import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineModule } from '../../src/app/define-module.ts'
import { graphqlSchemaText } from '../../src/app/graphql-schema.ts'
import { entity } from '../../src/core/entity.ts'
import { TenantryError } from '../../src/core/errors.ts'
import { text } from '../../src/core/field.ts'
import { createModuleSet } from '../../src/core/module-set.ts'
import { publishModules } from '../../src/core/published.ts'

const access = { admin: 'tenant_writer', auditor: 'tenant_reader' } as const
const people = entity('people', { name: text() })
const team = defineModule({ name: 'team', version: '1.0.0', entities: [people], access })
const work = defineModule({
  ...{ name: 'work', version: '1.0.0', dependsOn: ['team@1'], access, publishes: ['team.people.read'] },
  entities: [entity('tasks', { title: text() })],
})
const apis = {
  reader: ['team.people.read'],
  editor: ['team.people.read', 'team.people.update', 'work.tasks.insert', 'work.tasks.read', 'work.tasks.update'],
}
const modules = publishModules(createModuleSet([team, work]), apis)
const config = { name: 'Work', products: apis }

const mutationsOf = (wish: { module?: string; subscriptions?: string[]; roles?: string[] }) => {
  const schema = graphqlSchemaText({ modules, config }, { subscriptions: [], roles: ['admin'], ...wish })
  const [, body = ''] = /^type Mutation \{\n([\s\S]*?)^\}/m.exec(schema) ?? []
  return [...body.matchAll(/^ {2}(\w+)\(/gm)].map(([, name]) => name)
}

test('a schema has the mutations of what is offered at its address, and no others', () => {
  const ofPeople = ['insertPeople', 'savePerson', 'updatePeople', 'deletePeople']
  const ofTasks = ['insertTasks', 'saveTask', 'updateTasks', 'deleteTasks']
  assert.deepEqual(mutationsOf({}).toSorted(), [...ofPeople, ...ofTasks].toSorted())
  assert.deepEqual(mutationsOf({ module: 'team@1' }), ofPeople)
  assert.deepEqual(mutationsOf({ module: 'work@1' }), ofTasks)
  assert.deepEqual(mutationsOf({ subscriptions: ['work@1'] }), ofTasks)
  assert.deepEqual(mutationsOf({ module: 'reader' }), [])
  assert.deepEqual(mutationsOf({ module: 'editor' }), ['updatePeople', 'insertTasks', 'saveTask', 'updateTasks'])
  assert.deepEqual(mutationsOf({ module: 'editor', roles: ['auditor'] }), [])
})

test('a schema of what publishes an entity of another module has it', () => {
  const schema = graphqlSchemaText(
    { modules, config },
    { subscriptions: ['work@1'], module: 'work@1', roles: ['auditor'] },
  )
  assert.match(schema, /^type Person \{/m)
  assert.match(schema, /\bgetPersonById\b/)
})

test('who names what is not there is told of all that is, composed APIs too, but of nothing that the tenant does not have', () => {
  const hintFor = (subscriptions: readonly string[]) => {
    try {
      graphqlSchemaText({ modules, config }, { subscriptions, module: 'nothing', roles: [] })
    } catch (error) {
      return error instanceof TenantryError ? error.hint : error
    }
    return undefined
  }
  const composed = Object.keys(apis).map(id => (id.includes('@') ? id : `${id}@1`))
  for (const id of ['team@1', 'work@1', ...composed]) assert.ok(String(hintFor([])).includes(id), String(hintFor([])))
  assert.doesNotMatch(String(hintFor(['team@1'])), /work@1/)
})
