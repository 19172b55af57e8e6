import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, test } from 'node:test'
import { loadProduct } from '../../src/app/product.ts'
import { newFolder, writeFiles } from './product-files.ts'
import { launch } from './run.ts'
import { runWarm as run } from './warm.ts'

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup()
})

function emptyFolder(): string {
  const { dir, remove } = newFolder()
  cleanups.push(remove)
  return dir
}

test('an empty folder becomes a product that starts and serves', { timeout: 60_000 }, async () => {
  const dir = emptyFolder()
  const { code, stdout } = await run(['module', 'new', 'orders'], { dir })
  assert.equal(code, 0)
  assert.match(stdout, /Start it: tenantry start\n$/)
  assert.match(readFileSync(join(dir, '.gitignore'), 'utf8'), /^\.tenantry\/$/m)

  const server = launch(['start', '--port', '0', '--json'], { dir })
  const { url, tenants, modules } = JSON.parse(await server.saying('\n'))
  assert.deepEqual([tenants.first, modules], [['acme', 'globex'], [{ name: 'orders', version: '1.0.0' }]])
  const token = (await run(['token', 'acme', '--role', 'admin'], { dir })).stdout.trim()
  const answer = await fetch(`${url}/acme/orders/v1/orders`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json', Prefer: 'return=representation' },
    body: '{"title":"Anvil"}',
  })
  assert.equal(answer.status, 201)
  assert.equal(((await answer.json()) as { status: string }[])[0]?.status, 'open')
  server.child.kill('SIGTERM')
  assert.equal((await server.ended).code, 0)
})

test('more modules and majors are added beside it, where the config has its modules', async () => {
  const dir = emptyFolder()
  const config = "export default { name: 'x', modules: 'src/parts' }"
  writeFiles(dir, { 'tenantry.config.js': config, 'package.json': '{ "type": "module" }' })
  const first = await run(['module', 'new', 'work_orders', '--json'], { dir })
  assert.deepEqual(JSON.parse(first.stdout), {
    dir,
    module: 'work_orders@1',
    files: ['src/parts/work_orders/v1/module.ts', 'src/parts/work_orders/v1/work-orders.ts'],
  })
  const second = await run(['module', 'new', 'work_orders', '--version', '2.3.4'], { dir })
  assert.match(second.stdout, /Let a tenant run it: tenantry subscribe <tenant> work_orders@2/)
  assert.equal(readFileSync(join(dir, 'tenantry.config.js'), 'utf8'), config)
})

test('names that mean something in JavaScript or in a URL still load', async () => {
  const dir = emptyFolder()
  const [first = '', ...names] = ['delete', 'module', 'rpc', 'entity', 'a_', 'a'.repeat(41)]
  await run(['module', 'new', first], { dir })
  const others = await Promise.all(names.map(name => run(['module', 'new', name], { dir })))
  for (const { code, stderr } of others) assert.equal(code, 0, stderr)
  const { modules } = await loadProductOf(dir)
  assert.deepEqual(
    modules.map(({ name, entities }) => [name.slice(0, 6), entities[0]?.name.slice(0, 6)]),
    [
      ['a_', 'a_'],
      ['aaaaaa', 'aaaaaa'],
      ['delete', 'items'],
      ['entity', 'items'],
      ['module', 'items'],
      ['rpc', 'items'],
    ],
  )
})

test('what is there is never overwritten', async () => {
  const dir = emptyFolder()
  await run(['module', 'new', 'orders'], { dir })
  const file = join(dir, 'modules/orders/v1/orders.ts')
  writeFiles(dir, { 'modules/orders/v1/orders.ts': '// mine' })
  const { code, stderr } = await run(['module', 'new', 'orders', '--version', '1.5.0'], { dir })
  assert.equal(code, 4)
  assert.match(stderr, /There is a module in .*orders\/v1 already/)
  assert.equal(readFileSync(file, 'utf8'), '// mine')
})

test('a name or version that cannot be is 2 and writes nothing', async () => {
  const dir = emptyFolder()
  for (const [args, problem] of [
    [['Orders'], /the name must match/],
    [['graphql'], /reserved word/],
    [['../x'], /the name must match/],
    [['orders', '--version', '0.1.0'], /major of at least 1/],
    [['orders', '--version', '1'], /must look like 1\.4\.0/],
  ] as const) {
    const { code, stderr } = await run(['module', 'new', ...args], { dir })
    assert.equal(code, 2)
    assert.match(stderr, problem)
  }
  assert.ok(!existsSync(join(dir, 'tenantry.config.ts')) && !existsSync(join(dir, 'modules')))
})

test('a package of CommonJS is refused before anything is written', async () => {
  const dir = emptyFolder()
  writeFiles(dir, { 'package.json': '{ "type": "commonjs" }' })
  const { code, stderr } = await run(['module', 'new', 'orders'], { dir })
  assert.equal(code, 4)
  assert.match(stderr, /npm pkg set type=module/)
  assert.ok(!existsSync(join(dir, 'tenantry.config.ts')))
})

test('a config that cannot be loaded is 2, with the reason', async () => {
  const dir = emptyFolder()
  writeFiles(dir, { 'tenantry.config.ts': "import 'missing-package'" })
  const { code, stderr } = await run(['module', 'new', 'orders'], { dir })
  assert.equal(code, 2)
  assert.match(stderr, /cannot be loaded\n {2}.*missing-package/)
})

/** Loaded here: the modules import this copy of the package, as they do when they are served. */
async function loadProductOf(dir: string) {
  const { shareOwnPackage } = await import('../../src/cli/own-package.ts')
  shareOwnPackage()
  return (await loadProduct(dir)).modules
}
