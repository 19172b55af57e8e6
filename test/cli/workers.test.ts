import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createServer } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { wholeOnly } from '../whole.ts'
import { newFolder, productFiles } from './product-files.ts'
import { launch, type Running, run } from './run.ts'
import { runWarm } from './warm.ts'

const { dir, remove } = newFolder(productFiles)
after(remove)

const tenantry = (line: string) => runWarm(line.split(' '), { dir })

describe('two workers on one port', { skip: wholeOnly, timeout: 60_000 }, () => {
  let server: Running
  let url: string
  const tokens = new Map<string, string>()

  before(async () => {
    server = launch(['start', '--port', '0', '--workers', '2', '--json'], { dir })
    url = JSON.parse(await server.saying('\n')).url
    for (const tenant of ['acme', 'globex']) {
      tokens.set(tenant, (await tenantry(`token ${tenant} --role admin`)).stdout.trim())
    }
  })
  after(() => server.child.kill('SIGKILL'))

  test('both answer, each tenant with its own rows', async () => {
    const added = await ask('acme', { method: 'POST', body: '{"name":"Grace"}' })
    assert.equal(added.status, 201)
    const nodes = new Set<string>()
    for (let turn = 0; turn < 8; turn++) {
      const [acme, globex] = await Promise.all([ask('acme'), ask('globex')])
      assert.deepEqual([acme.names, globex.names], [['Ada', 'Grace'], ['Ada']])
      for (const { node } of [acme, globex]) nodes.add(node)
    }
    assert.equal(nodes.size, 2)
    const status = JSON.parse((await tenantry('migrate status --json')).stdout)
    assert.equal(status.nodes.length, 2, 'whoever changes the database knows of both')
  })

  test('what a command changes, both know', async () => {
    await tenantry('tenant suspend globex')
    await until(async () => (await statuses('globex')).every(status => status === 403))
    await tenantry('tenant resume globex')
    await until(async () => (await statuses('globex')).every(status => status === 200))
  })

  test('metrics are of both together, whichever is asked', async () => {
    const count = async () => {
      const text = await (await fetch(`${url}/-/metrics`, { headers: { connection: 'close' } })).text()
      const lines = [...text.matchAll(/^tenantry_http_requests_total\{module="people".* (\d+)$/gm)]
      return {
        requests: lines.reduce((sum, [, value]) => sum + Number(value), 0),
        tenants: /^tenantry_tenants (\d+)$/m.exec(text)?.[1],
      }
    }
    const earlier = await count()
    await Promise.all(Array.from({ length: 6 }, () => ask('acme')))
    for (const { requests, tenants } of [await count(), await count()]) {
      assert.deepEqual({ requests, tenants }, { requests: earlier.requests + 6, tenants: '3' })
    }
  })

  test('one that dies is replaced, and the other serves meanwhile', async () => {
    const before = await nodes('acme')
    const warnings = () => server.said().stderr.match(/a worker ended/g)?.length ?? 0
    const [victim] = await workersOf(server)
    process.kill(victim ?? 0, 'SIGKILL')
    await until(async () => warnings() === 1)
    assert.equal((await ask('acme')).status, 200)
    await until(async () => {
      const now = await nodes('acme')
      return now.size === 2 && [...now].some(node => !before.has(node))
    })
  })

  test('a signal ends all of them in good order', async () => {
    const pids = await workersOf(server)
    assert.equal(pids.length, 2)
    server.child.kill('SIGTERM')
    assert.equal((await server.ended).code, 0)
    assert.deepEqual(pids.filter(isAlive), [])
  })

  async function ask(tenant: string, init: { method?: string; body?: string } = {}) {
    const response = await fetch(`${url}/${tenant}/people/v1/people?select=name&order=name`, {
      ...init,
      headers: {
        authorization: `Bearer ${tokens.get(tenant)}`,
        'content-type': 'application/json',
        connection: 'close',
      },
    })
    const text = await response.text()
    const names = response.status === 200 ? JSON.parse(text).map(({ name }: { name: string }) => name) : []
    const node = response.headers.get('x-request-id')?.split('-', 1)[0] ?? ''
    return { status: response.status, node, names }
  }

  const statuses = async (tenant: string) =>
    (await Promise.all(Array.from({ length: 6 }, () => ask(tenant)))).map(({ status }) => status)
  const nodes = async (tenant: string) =>
    new Set((await Promise.all(Array.from({ length: 8 }, () => ask(tenant)))).map(({ node }) => node))
})

test('a port that is taken is 4 with workers, too', { skip: wholeOnly, timeout: 30_000 }, async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => other.once('listening', resolve))
  const address = other.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const { code, stderr } = await run(`start --port ${port} --workers 2 --json`.split(' '), { dir })
  other.close()
  assert.equal(code, 4)
  assert.match(JSON.parse(stderr.trim().split('\n').at(-1) ?? '').error.message, /taken/)
})

test('a number of workers that cannot be meant is refused', async () => {
  for (const workers of ['0', '65', '2.5', 'many']) {
    const { code, stderr } = await tenantry(`start --port 0 --workers ${workers}`)
    assert.equal(code, 2)
    assert.match(stderr, /WORKERS is not a number of processes/)
  }
})

/** The processes that the server has started to serve for it, by what the metrics and the log cannot tell. */
async function workersOf({ child }: Running): Promise<number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,args='])
  return stdout.split('\n').flatMap(line => {
    const [pid, parent, ...args] = line.trim().split(/\s+/)
    return parent === String(child.pid) && args.join(' ').includes('--workers') ? [Number(pid)] : []
  })
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 10_000
  while (!(await isSo())) {
    assert.ok(Date.now() < end, 'it never became so')
    await sleep(20)
  }
}
