import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { findProcess } from '../../src/data/postgres/embedded/live-process.ts'
import { type EmbeddedOptions, type EmbeddedServer, openEmbedded } from '../../src/data/postgres/embedded.ts'

const isRoot = process.getuid?.() === 0
const onLinux = existsSync('/proc/self/cmdline')
const cleanups: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

after(() => rmSync(shared, { recursive: true, force: true }))

/** A product's folder with nothing in it, which the server's account can reach unless the parent is made private. */
function newFolder(parentMode = 0o755): string {
  const parent = mkdtempSync(join(tmpdir(), 'tenantry-embedded-'))
  chmodSync(parent, parentMode)
  cleanups.push(() => rmSync(parent, { recursive: true, force: true }))
  return join(parent, '.tenantry')
}

/** The folder that most tests share, since making data takes the most time. It holds table `kept` with answer 42. */
const shared = mkdtempSync(join(tmpdir(), 'tenantry-embedded-'))
const folder = join(shared, '.tenantry')
/** Command lines and environments of processes, while that was made. */
const seen = new Set<string>()
/** What was in the folder afterwards. */
let left: string[] = []

before(async () => {
  chmodSync(shared, 0o755)
  const looking = onLinux ? setInterval(look, 25) : undefined
  const server = await open(folder, { fsync: true })
  clearInterval(looking)
  if (onLinux) look()
  assert.equal(server.started, true)
  await ask(server, 'create table kept as select 42 as answer')
  await server.close()
  left = readdirSync(folder)
})

function look(): void {
  for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
    for (const part of ['cmdline', 'environ']) {
      try {
        seen.add(readFileSync(`/proc/${pid}/${part}`, 'utf8'))
      } catch {}
    }
  }
}

async function open(folder: string, options: Partial<EmbeddedOptions> = {}): Promise<EmbeddedServer> {
  const server = await openEmbedded({ folder, mode: 'own', fsync: false, ...options })
  cleanups.push(() => server.close())
  return server
}

async function ask(server: Pick<EmbeddedServer, 'connection'>, text: string): Promise<unknown[]> {
  const client = new pg.Client(server.connection('postgres'))
  // A server that is killed under us is part of these tests.
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query({ text, rowMode: 'array' })).rows.flat()
  } finally {
    await client.end()
  }
}

/** Another process that opens the folder, says how that went, and then does as told (by default, it stays). */
function openElsewhere(
  folder: string,
  mode: EmbeddedOptions['mode'],
  then = 'setInterval(() => {}, 1000)',
): { child: ChildProcess; said: Promise<string> } {
  const code = `
    const { openEmbedded } = await import(${JSON.stringify(import.meta.resolve('../../src/data/postgres/embedded.ts'))})
    try {
      const server = await openEmbedded({ folder: ${JSON.stringify(folder)}, mode: '${mode}', fsync: false })
      process.stdout.write(server.started ? 'started' : 'attached')
      ${then}
    } catch (error) {
      process.stdout.write(error.code ?? String(error))
    }`
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['pipe', 'pipe', 'ignore'] })
  cleanups.push(() => void child.kill('SIGKILL'))
  const said = new Promise<string>(resolve => child.stdout?.once('data', data => resolve(String(data))))
  return { child, said }
}

const exited = (child: ChildProcess) =>
  child.exitCode !== null || child.signalCode !== null ? undefined : new Promise(resolve => child.once('exit', resolve))

const postmasterPid = (data: string) => Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0])

const runs = (pid: number) => findProcess(pid) !== undefined

async function until(condition: () => boolean | Promise<boolean>, limit = 10_000): Promise<void> {
  for (const end = Date.now() + limit; !(await condition()); ) {
    if (Date.now() > end) throw new Error(`not so within ${limit} ms: ${condition}`)
    await sleep(20)
  }
}

test('the first start makes the data and the next start has it', async () => {
  assert.deepEqual(
    left.filter(name => /^server\.|\.new/.test(name)),
    [],
    'neither lock nor record nor half-made files stay',
  )
  const warm = await open(folder)
  assert.deepEqual(await ask(warm, 'select answer from kept'), [42])
  await warm.close()
})

test('the server takes the settings we promise, and the URL leads to it', async () => {
  const server = await open(folder, { settings: { work_mem: '5MB' } })
  const client = new pg.Client({ connectionString: server.url })
  await client.connect()
  const { rows } =
    await client.query(`select current_setting('wal_level') as wal, current_setting('work_mem') as memory,
    current_setting('TimeZone') as zone, current_user as who, inet_server_addr() is null as socket,
    (select datlocprovider::text || datlocale from pg_database where datname = 'postgres') as locale`)
  await client.end()
  const expected = { wal: 'logical', memory: '5MB', zone: 'UTC', who: 'postgres', locale: 'bC.UTF-8' }
  assert.deepEqual(rows, [{ ...expected, socket: process.platform !== 'win32' }])
  const byTcp = new pg.Client({ ...server.connection('postgres'), host: '127.0.0.1', password: 'wrong' })
  await assert.rejects(byTcp.connect(), { code: '28P01' })
  await server.close()
})

test('values of rows do not reach the log', async () => {
  const server = await open(folder)
  await ask(server, 'create table t (name text primary key)')
  const client = new pg.Client(server.connection('postgres'))
  await client.connect()
  for (const text of ['insert into t values ($1)', 'insert into t values ($1)', 'select $1::int']) {
    await client.query(text, ['secret-value']).catch(() => {})
  }
  await client.query("select 'secret-value' from missing").catch(() => {})
  await client.end()
  await server.close()
  assert.doesNotMatch(readFileSync(join(folder, 'postgres.log'), 'utf8'), /secret-value/)
})

test('a second owner is refused with the pid of the first', async () => {
  const server = await open(folder)
  await assert.rejects(open(folder), (error: Error & { code: string }) => {
    assert.equal(error.code, 'conflict')
    assert.match(error.message, new RegExp(`Process ${process.pid} .*${folder}`))
    return true
  })
  assert.equal(await openElsewhere(folder, 'own').said, 'conflict')
  await server.close()
})

test('a command attaches to the server that runs and leaves it running', async () => {
  const server = await open(folder)
  const attached = await open(folder, { mode: 'attach-or-start' })
  assert.equal(attached.started, false)
  assert.deepEqual(attached.connection('postgres'), server.connection('postgres'))
  assert.equal(attached.folder, server.folder)
  await attached.close()
  assert.equal(await openElsewhere(folder, 'attach-or-start', 'await server.close()').said, 'attached')
  assert.deepEqual(await ask(server, 'select 1'), [1])
  await server.close()
})

test('a command waits for an owner that is just starting', async () => {
  const starting = open(folder)
  await until(() => existsSync(join(folder, 'server.lock')))
  const attached = await open(folder, { mode: 'attach-or-start' })
  assert.equal(attached.started, false)
  assert.deepEqual(await ask(attached, 'select 1'), [1])
  await attached.close()
  await (await starting).close()
})

test('a command that started the server stops it after the last one that joined', async () => {
  const first = await open(folder, { mode: 'attach-or-start' })
  assert.equal(first.started, true)
  const second = openElsewhere(folder, 'attach-or-start')
  assert.equal(await second.said, 'attached')
  const joined = await open(folder, { mode: 'attach-or-start' })
  const closing = first.close()
  await sleep(100)
  assert.deepEqual(await ask(joined, 'select 1'), [1])
  // One lets go, one is killed; neither holds the server any longer.
  await joined.close()
  second.child.kill('SIGKILL')
  await closing
  assert.equal(existsSync(join(first.folder, 'postmaster.pid')), false)
})

test('who serves takes the server of who serves already, and waits until nobody uses it any more', async () => {
  const first = await open(folder, { mode: 'share' })
  const whole = await open(folder)
  assert.deepEqual([first.started, whole.started], [true, false])
  await assert.rejects(open(folder), { code: 'conflict' }, 'one serves the whole product')
  const closing = first.close()
  await sleep(100)
  assert.deepEqual(await ask(whole, 'select 1'), [1])
  await whole.close()
  await closing
  // A command's server is gone soon, so it is waited for.
  const command = await open(folder, { mode: 'attach-or-start' })
  const next = open(folder, { mode: 'share' })
  await sleep(100)
  await command.close()
  assert.equal((await next).started, true)
  await (await next).close()
})

test('of those who serve one runs the server on, at the same address, when the process that did is gone', {
  timeout: 30_000,
}, async () => {
  const { child, said } = openElsewhere(folder, 'share')
  assert.equal(await said, 'started')
  const told: string[] = []
  const onNotice = (text: string) => told.push(text)
  const [one, other] = [await open(folder, { onNotice }), await open(folder, { mode: 'share', onNotice })]
  child.kill('SIGKILL')
  await until(() => told.length > 0)
  assert.deepEqual(told, [`Process ${child.pid}, which ran PostgreSQL, is gone; this one runs it now`])
  for (const server of [one, other]) assert.deepEqual(await ask(server, 'select answer from kept'), [42])
  await Promise.all([one.close(), other.close()])
  assert.equal(existsSync(join(folder, 'postgres', 'postmaster.pid')), false)
})

for (const [end, then] of [
  ['kill -9', 'process.kill(process.pid, "SIGKILL")'],
  ['SIGTERM', 'process.kill(process.pid, "SIGTERM")'],
  ['an uncaught error', 'setTimeout(() => { throw new Error("crash") })'],
  ['an exit without close', ''],
]) {
  test(`no server is left behind by ${end} of its owner, and the next start has the data`, async () => {
    const { child, said } = openElsewhere(
      folder,
      'own',
      `process.stdin.once('data', () => { process.stdin.destroy(); ${then} })`,
    )
    assert.equal(await said, 'started')
    const pid = postmasterPid(join(folder, 'postgres'))
    child.stdin?.write('now')
    await exited(child)
    await until(() => !runs(pid))
    const next = await open(folder)
    assert.deepEqual(await ask(next, 'select answer from kept'), [42])
    await next.close()
  })
}

test('a start right after kill -9 of the owner waits for the old server', async () => {
  const { child, said } = openElsewhere(folder, 'own')
  child.stdin?.on('error', () => {})
  assert.equal(await said, 'started')
  const old = postmasterPid(join(folder, 'postgres'))
  child.kill('SIGKILL')
  await exited(child)
  const next = await open(folder)
  assert.equal(runs(old), false)
  assert.deepEqual(await ask(next, 'select 1'), [1])
  await next.close()
})

test('kill -9 in the middle of the first start is harmless', async () => {
  const folder = newFolder()
  const { child } = openElsewhere(folder, 'own')
  await until(() => existsSync(folder) && readdirSync(folder).some(name => name.startsWith('postgres.new-')))
  child.kill('SIGKILL')
  await exited(child)
  const next = await open(folder)
  assert.deepEqual(await ask(next, 'select 1'), [1])
  await next.close()
})

test('a killed server comes back at the same address', async () => {
  let restarts = 0
  const server = await open(folder, { fsync: true, onRestart: () => restarts++ })
  // A backend in the middle of a long computation notices nothing and would keep the next server from starting.
  const busy = ask(server, 'select count(*) from generate_series(1, 10000000000)').catch(() => 'lost')
  await sleep(200)
  for (const round of [1, 2]) {
    process.kill(postmasterPid(server.folder), 'SIGKILL')
    await until(() => restarts === round)
    assert.deepEqual(await ask(server, 'select answer from kept'), [42])
  }
  assert.equal(await busy, 'lost')
  await server.close()
})

test('closing while the server is being restarted leaves none', async () => {
  const server = await open(folder)
  process.kill(postmasterPid(server.folder), 'SIGKILL')
  await sleep(60)
  await server.close()
  const next = await open(folder)
  assert.deepEqual(await ask(next, 'select 1'), [1])
  await next.close()
})

test('the lock of a dead process is taken over, even when its pid lives again', async () => {
  const lock = join(folder, 'server.lock')
  for (const left of [{ pid: onLinux ? process.pid : 2 ** 30, born: 'earlier/1', id: 'dead' }, '']) {
    writeFileSync(lock, left && JSON.stringify(left))
    await (await open(folder)).close()
    assert.equal(existsSync(lock), false)
  }
})

test('a pid file that a crash left does not stop the start when its pid lives again', {
  skip: !onLinux && 'reads /proc',
}, async () => {
  const data = join(folder, 'postgres')
  const { uid, gid } = statSync(data)
  const stranger = spawn('sleep', ['60'], isRoot ? { uid, gid } : {})
  cleanups.push(() => void stranger.kill())
  writeFileSync(join(data, 'postmaster.pid'), `${stranger.pid}\n${data}\n`)
  const next = await open(folder)
  assert.deepEqual(await ask(next, 'select 1'), [1])
  await next.close()
  assert.equal(stranger.exitCode ?? stranger.signalCode, null)
  stranger.kill()
})

test('of racers for the lock of a dead process exactly one wins', async () => {
  writeFileSync(join(folder, 'server.lock'), JSON.stringify({ pid: 2 ** 30, born: '', id: 'dead' }))
  const racers = Array.from({ length: 6 }, () => openElsewhere(folder, 'own'))
  const results = await Promise.all(racers.map(racer => racer.said))
  assert.deepEqual(results.sort(), ['conflict', 'conflict', 'conflict', 'conflict', 'conflict', 'started'])
  const pid = postmasterPid(join(folder, 'postgres'))
  for (const { child } of racers) child.kill('SIGKILL')
  await until(() => !runs(pid))
})

test('the password is in no command line and no environment', { skip: !onLinux && 'reads /proc' }, async () => {
  const server = await open(folder)
  look()
  const { password } = server.connection('postgres')
  assert.ok(
    [...seen].some(text => text.includes('--pwfile')),
    'initdb was seen',
  )
  assert.deepEqual(
    [...seen].filter(text => text.includes(password)),
    [],
  )
  const kept = readdirSync(folder).filter(
    name => statSync(join(folder, name)).isFile() && readFileSync(join(folder, name), 'utf8').includes(password),
  )
  assert.deepEqual(kept, ['postgres.password'])
  assert.equal(statSync(join(folder, 'postgres.password')).mode & 0o777, 0o600)
  assert.equal(statSync(join(folder, 'server.json')).mode & 0o777, 0o600)
  assert.equal(statSync(server.folder).mode & 0o777, 0o700)
  await server.close()
})

test('data of another major version is refused', async () => {
  const version = join(folder, 'postgres', 'PG_VERSION')
  writeFileSync(version, '17\n')
  cleanups.push(() => writeFileSync(version, '18\n'))
  await assert.rejects(open(folder), { code: 'conflict', message: /PostgreSQL 17; bundled is 18/ })
})

test('a checkout too deep for a socket path is served from the temporary folder', async () => {
  const deep = join(shared, 'a-rather-long-name-of-a-folder'.repeat(3), '.tenantry')
  mkdirSync(join(deep, '..'))
  renameSync(folder, deep)
  cleanups.push(() => renameSync(deep, folder))
  const server = await open(deep)
  assert.ok(!server.host.startsWith(server.folder))
  assert.deepEqual(await ask(server, 'select 1'), [1])
  await server.close()
  assert.equal(existsSync(server.host), false)
})

test('a port that gets taken while the server is down is waited for', async () => {
  let restarts = 0
  const server = await open(folder, { onRestart: () => restarts++ })
  const squatter = createServer()
  process.kill(postmasterPid(server.folder), 'SIGKILL')
  await until(
    () =>
      new Promise(resolve =>
        squatter.once('error', () => resolve(false)).listen(server.port, '127.0.0.1', () => resolve(true)),
      ),
  )
  await sleep(200)
  assert.equal(restarts, 0)
  squatter.close()
  await until(() => restarts === 1)
  await server.close()
})

test('a folder below a private one of root is served from outside, with notice', {
  skip: !isRoot && 'needs root',
}, async () => {
  const folder = newFolder(0o700)
  const notices: string[] = []
  const options = { onNotice: (text: string) => notices.push(text) }
  const server = await open(folder, options)
  const outside = join(server.folder, '..')
  cleanups.push(() => {
    rmSync(outside, { recursive: true, force: true })
    if (readdirSync('/var/lib/tenantry').length === 0) rmdirSync('/var/lib/tenantry')
  })
  assert.match(server.folder, /^\/var\/lib\/tenantry\/.+-[0-9a-f]{8}\/postgres$/)
  assert.ok(notices.some(text => text.includes(server.folder)))
  await ask(server, 'create table kept as select 42 as answer')
  await server.close()
  // The data stays where it is when the folder becomes reachable later.
  chmodSync(join(folder, '..'), 0o755)
  const again = await open(folder, options)
  assert.equal(again.folder, server.folder)
  assert.deepEqual(await ask(again, 'select answer from kept'), [42])
  await again.close()
  // Removing the product's folder asks for an empty start; the old data is kept aside.
  rmSync(folder, { recursive: true })
  chmodSync(join(folder, '..'), 0o700)
  const fresh = await open(folder, options)
  assert.deepEqual(await ask(fresh, "select to_regclass('kept')"), [null])
  await fresh.close()
  const aside = notices.map(text => /kept as (.*)$/.exec(text)?.[1]).find(path => path)
  assert.ok(aside && existsSync(join(aside, 'postgres', 'PG_VERSION')))
  rmSync(aside, { recursive: true })
})
