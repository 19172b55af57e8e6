import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { wholeOnly } from '../whole.ts'
import { openCommands } from './commands.ts'
import { productFiles } from './product-files.ts'
import { launch } from './run.ts'

const { dir, database, env: own, tenantry, close } = await openCommands(productFiles)
after(close)

/** Port 1 is nobody's, so that no server of another run is taken for the one that is meant. */
const env = { PUBLIC_URL: 'http://127.0.0.1:1' }
const run = (args: readonly string[], more = {}) => tenantry(args, { ...env, ...more })
const few = ['verify', '--only', 'catalog,ids,tokens', '--most', '1', '--seed', '3']

async function tenants(): Promise<readonly string[]> {
  const { stdout } = await run(['tenant', 'list', '--json'])
  const listed: readonly { key: string; state: string }[] = JSON.parse(stdout)
  return listed.filter(({ state }) => state !== 'removed').map(({ key }) => key)
}

test('a product is attacked by a server that is started for it, and the command says that nothing was found', {
  skip: wholeOnly,
}, async () => {
  const { code, stdout, stderr } = await run(few)
  assert.equal(code, 0, stdout + stderr)
  assert.match(stdout, /^CLASS +ABOUT +CASES +REQUESTS +FOUND\ncatalog .* 0\nids .* 0\ntokens .* 0\n/)
  assert.match(stdout, /^Isolated: nothing was found \(\d+ requests in \d+ cases at http:\S+, seed 3, /m)
  assert.match(stderr, /a server started for this at http:\/\/127\.0\.0\.1:\d+, as verify-a-/)
  assert.doesNotMatch(stdout + stderr, /eyJ/)
  assert.deepEqual(await tenants(), ['system'])
})

test('Ctrl-C removes the scratch tenants', { skip: wholeOnly }, async () => {
  const running = launch(['verify', '--seed', '3'], { dir, env: { ...own, ...env } })
  await new Promise<void>(resolve => {
    running.child.stderr?.on('data', () => {
      if (running.said().stderr.includes('attacks that read')) resolve()
    })
  })
  running.child.kill('SIGINT')
  const { code, stdout, stderr } = await running.ended
  assert.equal(code, 5)
  assert.equal(stdout, '')
  assert.match(stderr, /Stopping: removing the scratch tenants/)
  assert.deepEqual(await tenants(), ['system'])
})

test('a hole in the database is named and nothing is attacked; its exit code is 1', async () => {
  assert.deepEqual(await tenants(), ['system'])
  await database.query('drop policy tenant_reader on notes_v1.notes')
  const { code, stdout } = await run([...few, '--json'])
  assert.equal(code, 1)
  const { isolated, faults, attacks } = JSON.parse(stdout)
  assert.deepEqual({ isolated, attacks }, { isolated: false, attacks: null })
  assert.deepEqual(faults, ['missing: policy notes_v1.notes.tenant_reader'])
})

const refusals: readonly (readonly [
  args: readonly string[],
  env: Record<string, string>,
  exit: number,
  said: RegExp,
])[] = [
  [['--only', 'filter'], {}, 2, /There is no class of attacks "filter"\nhint: Did you mean filters\?/],
  [['--seed', 'x'], {}, 2, /"x" is not a seed/],
  [['--most', '0'], {}, 2, /"0" is not a number of attacks/],
  [[], { NODE_ENV: 'production' }, 5, /Attacking a server in production, or on another machine, needs to be confirmed/],
  [['--url', 'https://api.example.com'], {}, 5, /needs to be confirmed/],
  [['--url', 'what'], {}, 5, /needs to be confirmed/],
  [['--only', 'ids', '--url', 'http://127.0.0.1:1'], {}, 1, /No server of Tenantry answers at http:\/\/127\.0\.0\.1:1/],
]
for (const [args, more, exit, said] of refusals)
  test(`verify ${args.join(' ')} ${JSON.stringify(more)} is refused`, async () => {
    const { code, stderr } = await run(['verify', ...args], more)
    assert.match(stderr, said)
    assert.equal(code, exit)
  })
