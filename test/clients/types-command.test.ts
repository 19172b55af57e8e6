import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openCommands } from '../cli/commands.ts'
import { productFiles } from '../cli/product-files.ts'

const { dir, tenantry: run, close } = await openCommands(productFiles)
after(close)

const tenantry = (...args: string[]) => run(args)
const tablesOf = (types: string) => [...types.matchAll(/^export type (\w+)Row\b/gm)].map(([, name]) => name)

test('the types of all modules are on standard output, and nothing else', async () => {
  const { code, stdout, stderr } = await tenantry('types')
  assert.deepEqual([code, stderr], [0, ''])
  assert.deepEqual(tablesOf(stdout), ['Notes', 'People', 'Tasks'])
  assert.match(stdout, /^\/\/ Made by "tenantry types" from notes 1\.0\.0, people 1\.2\.0, tasks 1\.0\.0\.$/m)
})

test('only some modules bring along what is public of those that they need', async () => {
  assert.deepEqual(tablesOf((await tenantry('types', '--modules', 'tasks@1')).stdout), ['People', 'Tasks'])
  assert.deepEqual(tablesOf((await tenantry('types', '--modules', 'notes@1,people@1')).stdout), ['Notes', 'People'])
})

test('the types of a tenant are those of the modules that it sees', async () => {
  await tenantry('tenant', 'add', 'acme', '--subscribe', 'tasks@1')
  await tenantry('tenant', 'add', 'globex')
  const { modules, types } = JSON.parse((await tenantry('types', '--tenant', 'acme', '--json')).stdout)
  assert.deepEqual(modules, ['people@1', 'tasks@1'])
  assert.deepEqual(tablesOf(types), ['People', 'Tasks'])
  const without = await tenantry('types', '--tenant', 'globex')
  assert.deepEqual([without.code, without.stdout], [4, ''])
  assert.match(without.stderr, /tenantry subscribe globex/)
})

test('they are written to a file', async () => {
  const { code, stdout } = await tenantry('types', '--out', 'database.ts')
  assert.deepEqual([code, stdout], [0, 'Wrote the types of notes@1, people@1, tasks@1 to database.ts\n'])
  assert.equal(readFileSync(join(dir, 'database.ts'), 'utf8'), (await tenantry('types')).stdout)
  assert.equal((await tenantry('types', '--out', 'nowhere/database.ts')).code, 2)
})

test('the OpenAPI document and the GraphQL schema are written too, of what a service role may do', async () => {
  const { code, stdout } = await tenantry('openapi', 'tasks@1', '--role', 'auditor', '--out', 'openapi.json')
  assert.deepEqual([code, stdout], [0, 'Wrote the OpenAPI document to openapi.json\n'])
  const { paths } = JSON.parse(readFileSync(join(dir, 'openapi.json'), 'utf8'))
  assert.deepEqual(
    Object.entries(paths).map(([path, item]) => [path, Object.keys(item as object)]),
    [['/tasks', ['get']]],
  )
  const schema = await tenantry('graphql-schema', '--modules', 'tasks@1')
  assert.deepEqual([schema.code, schema.stderr], [0, ''])
  assert.match(schema.stdout, /^type Mutation \{[\s\S]*\binsertTasks\b/m)
  assert.doesNotMatch(schema.stdout, /\bnotes\b/i)
})

const refusals: readonly (readonly [line: string, exit: number])[] = [
  ['types --modules nothing@1', 3],
  ['types --tenant nobody', 3],
  ['types --tenant acme --modules tasks@1', 2],
  ['openapi notes@2', 3],
  ['graphql-schema notes@1 --modules tasks@1', 3],
  ['openapi --role nobody', 2],
]
for (const [line, exit] of refusals) {
  test(`"${line}" is refused with ${exit}`, async () => {
    const { code, stdout } = await tenantry(...line.split(' '))
    assert.deepEqual([code, stdout], [exit, ''])
  })
}
