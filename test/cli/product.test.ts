import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, test } from 'node:test'
import { newFolder, productFiles } from './product-files.ts'
import { runWarm as run } from './warm.ts'

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup()
})

function folderWith(files: Readonly<Record<string, string>>): string {
  const { dir, remove } = newFolder(files)
  cleanups.push(remove)
  return dir
}

test('a folder without a config is no product', async () => {
  const dir = folderWith({})
  const { code, stderr } = await run(['tenant', 'list'], { dir })
  assert.equal(code, 2)
  assert.match(stderr, /^error: There is no tenantry\.config\.ts in /)
  assert.match(stderr, /^hint: .*tenantry module new$/m)
})

test('an option that no config has is refused by name', async () => {
  const dir = folderWith({ ...productFiles, 'tenantry.config.ts': "export default { name: 'x', tennants: {} }" })
  const { code, stderr } = await run(['tenant', 'list', '--dir', dir])
  assert.equal(code, 2)
  assert.match(stderr, /"tennants" is not an option/)
})

test('the problems of all modules are told at once, and nothing is started', async () => {
  const dir = folderWith({
    ...productFiles,
    'modules/tasks/1/module.ts': '',
    'modules/empty/v1/nothing.ts': '',
    'modules/broken/v1/module.ts': 'export default 1',
    'modules/notes/v1/module.ts': `import { defineModule, entity, text } from 'tenantry'
export default defineModule({ name: 'notes', version: '2.0.0', entities: [entity('rpc', { Body: text() })] })`,
  })
  for (const command of ['start', 'tenant list']) {
    const { code, stdout, stderr } = await run([...command.split(' '), '--json'], { dir })
    assert.equal(code, 2)
    assert.equal(stdout, '')
    const { error } = JSON.parse(stderr)
    assert.equal(error.code, 'invalid')
    for (const problem of [
      /tasks\/1: a folder of a version is called v and its major/,
      /empty\/v1: there is no module\.ts/,
      /broken\/v1\/module\.ts: its default export is not defineModule/,
      /notes\/v1\/module\.ts: the version is 2\.0\.0, the folder v1/,
      /rpc: the name is a reserved word/,
      /rpc\.Body: the name must match/,
    ]) {
      assert.match(error.details, problem)
    }
  }
})

test('for people the problems are indented, one a line', async () => {
  const dir = folderWith({ ...productFiles, 'modules/a/1/module.ts': '', 'modules/b/2/module.ts': '' })
  const { stderr } = await run(['tenant', 'list'], { dir })
  assert.match(stderr, /^error: The modules have 2 problems\n {2}\S+a\/1: .*\n {2}\S+b\/2: .*\nhint: /)
})

test('a config is found from a folder inside the product', async () => {
  const dir = folderWith({ ...productFiles, 'tenantry.config.ts': 'export default { name: 1 }' })
  const inside = join(dir, 'modules/notes')
  mkdirSync(inside, { recursive: true })
  const { stderr } = await run(['tenant', 'list'], { dir: inside })
  assert.match(stderr, /tenantry\.config\.ts: "name" must be a text/)
})

test('a variable that cannot be meant is refused without its value', async () => {
  const dir = folderWith(productFiles)
  const { code, stderr } = await run(['tenant', 'list'], { dir, env: { DATABASE_URL: 'mysql://me:secret@host/db' } })
  assert.equal(code, 2)
  assert.match(stderr, /DATABASE_URL is not the URL/)
  assert.doesNotMatch(stderr, /secret/)
})

test('a database out of reach is 1, without the password', async () => {
  const dir = folderWith(productFiles)
  const env = { DATABASE_URL: 'postgres://me:secret@127.0.0.1:1/db', TENANTRY_MASTER_KEY: 'x'.repeat(43) }
  const { code, stderr } = await run(['tenant', 'list', '--json'], { dir, env })
  assert.equal(code, 1)
  assert.equal(JSON.parse(stderr).error.code, 'unavailable')
  assert.doesNotMatch(stderr, /secret/)
})
