import assert from 'node:assert/strict'
import type { Answer } from '../http/client.ts'

/** Asks as a tenant's admin; a body makes it a `POST` unless a method is given. */
export type Ask = (tenant: string, path: string, body?: unknown, method?: string) => Promise<Answer>

export interface Traffic {
  readonly writes: number
  /** Answers of a tenant that moves: what was refused for now, and asked of a major that it does not run at the moment. */
  readonly refused: number
  readonly elsewhere: number
}

/** What a request of one of two majors is. */
const majors = {
  1: { path: 'people/v1/people', select: 'title', person: (name: string) => ({ title: name }) },
  2: {
    path: 'people/v2/people',
    select: 'first_name',
    person: (name: string) => ({ first_name: name, last_name: '' }),
  },
} as const

export interface TrafficWish {
  readonly tenant: string
  /** The major that it runs; both, in turns as it answers, where it moves. */
  readonly major: 1 | 2 | 'either'
  /** Whoever else asks at the same time has another one. */
  readonly name: string
  readonly until: () => boolean
}

/**
 * Adds people, changes one of them over and over, and reads, without a pause. Proves of every answer that it is as it should be and
 * of every row that it is the tenant's; at the end, that what was acknowledged is there and what was refused is not.
 */
export async function runTraffic(ask: Ask, { tenant, major, name, until }: TrafficWish): Promise<Traffic> {
  const moves = major === 'either'
  let now: 1 | 2 = moves ? 1 : major
  const [there, gone] = [new Set<string>(), new Set<string>()]
  let [refused, elsewhere, counter, last] = [0, 0, 0, 0]
  /** True when it was done. Asks the other major the next time when this one is not run. */
  const isDone = (answer: Answer, status: number): boolean => {
    if (answer.status === status) return true
    assert.ok(moves, `${tenant}: ${answer.status} ${answer.text}`)
    if (answer.status === 404) {
      elsewhere++
      now = now === 1 ? 2 : 1
      return false
    }
    assert.deepEqual([answer.status, answer.headers['retry-after']], [503, '1'], answer.text)
    assert.match(answer.text, /"tenant_upgrading"/)
    refused++
    return false
  }
  const read = async (query: string): Promise<Record<string, unknown>[] | null> => {
    const { path, select } = majors[now]
    const answer = await ask(tenant, `${path}?select=${select},email,size&email=like.${name}*&${query}`)
    assert.notEqual(answer.status, 503, 'reads go on')
    if (!isDone(answer, 200)) return null
    const rows: Record<string, unknown>[] = JSON.parse(answer.text)
    for (const row of rows) assert.ok(String(row[select]).startsWith(tenant), `a row of another tenant: ${answer.text}`)
    return rows
  }
  const changed = `${name}-0@x`
  const add = async (email: string) => {
    const { path, person } = majors[now]
    const isThere = isDone(await ask(tenant, path, { ...person(tenant), email }), 201)
    ;(isThere ? there : gone).add(email)
  }
  while (!there.has(changed)) await add(changed)
  gone.delete(changed)
  while (!until()) {
    counter++
    await add(`${name}-${counter}@x`)
    const patched = await ask(tenant, `${majors[now].path}?email=eq.${changed}`, { size: counter }, 'PATCH')
    if (isDone(patched, 204)) last = counter
    await read('order=created_at.desc&limit=20')
  }
  const rows = (await read('order=id')) ?? (await read('order=id')) ?? assert.fail(`${tenant} runs neither major`)
  const found = rows.map(({ email }) => String(email))
  assert.deepEqual(new Set(found), there, `${tenant}: what was acknowledged, and nothing else, is there`)
  assert.equal(found.length, there.size)
  assert.ok([...gone].every(email => !found.includes(email)))
  assert.equal(rows.find(({ email }) => email === changed)?.size, last, 'the last change that was acknowledged')
  return { writes: there.size + last, refused, elsewhere }
}
