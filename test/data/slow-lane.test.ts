import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { after, afterEach, before, describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { Priority } from '../../src/data/postgres/embedded/priority.ts'
import type { Pool } from '../../src/data/postgres/pool.ts'
import { Pools } from './pools.ts'

let pools: Pools
const priority = new Priority()
before(async () => {
  pools = await Pools.over({ modules: [] })
})
afterEach(() => pools.close())
after(() => pools.end())
after(() => priority.close())

const nap = (seconds: number) => `select pg_backend_pid()::text, pg_sleep(${seconds})::text`
const quick = 'select pg_backend_pid()::text'

async function pidOf(pool: Pool, text: string, tenant: string): Promise<number> {
  const [pid] = await pools.ask(pool, text, { tenant })
  return Number(pid)
}

const outside = process.env.TENANTRY_TEST_DATABASE_URL !== undefined
/** Processes of a server that is elsewhere are none of ours. */
const reason = (outside || process.platform !== 'linux') && 'Seen on Linux, on the embedded server'
const withoutChrt = spawnSync('chrt', ['--version']).error ? 'Needs chrt(1), for example of util-linux' : false

/** A field of proc_pid_stat(5). */
function scheduled(pid: number, field: 'nice' | 'policy'): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? []
  return Number(fields[{ nice: 16, policy: 38 }[field]])
}

describe('what takes long, where the server can be told', () => {
  test('has connections of its own from the second time on, which others never meet', async () => {
    const lowered: number[] = []
    const pool = await pools.open({ size: 2, most: 4, lowerPriority: pid => lowered.push(pid) > 0 })
    for (const tenant of ['acme', 'globex']) await pidOf(pool, quick, tenant)
    await pidOf(pool, nap(0.03), 'acme')
    const slow = await Promise.all([pidOf(pool, nap(0.03), 'acme'), pidOf(pool, nap(0.03), 'globex')])
    for (const pid of slow) assert.ok(lowered.includes(pid), 'a slow statement runs where it gives way')
    const prompt = await Promise.all(
      Array.from({ length: 40 }, (_, index) => pidOf(pool, quick, index % 2 ? 'acme' : 'globex')),
    )
    for (const pid of prompt) assert.ok(!lowered.includes(pid), 'a quick statement never does')
  })

  test('gives way in the middle when it never ran before, and another connection takes its place', async () => {
    const lowered: number[] = []
    const pool = await pools.open({ size: 1, most: 2, lowerPriority: pid => lowered.push(pid) > 0 })
    await pidOf(pool, quick, 'globex')
    const surprise = pidOf(pool, nap(0.4), 'acme')
    const started = performance.now()
    const other = await pidOf(pool, quick, 'globex')
    assert.ok(performance.now() - started < 300, 'nobody waits for it')
    const pid = await surprise
    assert.deepEqual(lowered, [pid])
    assert.notEqual(other, pid)
  })

  test('keeps its connection when the system refuses for the moment, which is asked again', async () => {
    const asked: number[] = []
    const pool = await pools.open({ size: 2, most: 4, lowerPriority: pid => asked.push(pid) === 3 })
    await pidOf(pool, nap(0.03), 'acme')
    asked.length = 0
    const pids: number[] = []
    for (let turn = 0; turn < 5; turn++) pids.push(await pidOf(pool, nap(0.03), 'acme'))
    assert.equal(new Set(pids).size, 1)
    assert.equal(asked.length, 3, 'until it agrees, and not once more')
  })

  test('weighs less than anything else on Linux', {
    skip: reason,
  }, async () => {
    const pool = await pools.open({ size: 1, most: 2, lowerPriority: pid => priority.lower(pid) })
    await pidOf(pool, nap(0.03), 'acme')
    const slow = await pidOf(pool, nap(0.03), 'acme')
    const prompt = await pidOf(pool, quick, 'globex')
    assert.notEqual(slow, prompt)
    assert.deepEqual([scheduled(slow, 'nice'), scheduled(prompt, 'nice')], [10, 0])
  })

  test('leaves its processor to whatever wakes up on Linux', { skip: reason || withoutChrt }, async () => {
    const pool = await pools.open({ size: 1, most: 2, lowerPriority: pid => priority.lower(pid) })
    await pidOf(pool, nap(0.03), 'acme')
    const slow = await pidOf(pool, nap(0.03), 'acme')
    const prompt = await pidOf(pool, quick, 'globex')
    // Another process does it.
    for (let turn = 0; turn < 200 && scheduled(slow, 'policy') !== 5; turn++) await setTimeout(10)
    assert.deepEqual([scheduled(slow, 'policy'), scheduled(prompt, 'policy')], [5, 0], 'SCHED_IDLE and SCHED_OTHER')
  })
})
