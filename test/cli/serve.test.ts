import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { wholeOnly } from '../whole.ts'
import { newFolder, productFiles } from './product-files.ts'
import { launch, type Running, run } from './run.ts'

const { dir, remove } = newFolder(productFiles)
after(remove)

describe('a module alone and the whole product, on one embedded server', { skip: wholeOnly, timeout: 60_000 }, () => {
  let part: Running
  let whole: Running
  let urls: { part: string; whole: string }
  let token = ''

  before(async () => {
    part = launch(['serve', 'people', '--port', '0', '--json'], { dir })
    const ready = JSON.parse(await part.saying('\n'))
    assert.deepEqual(ready.modules, [{ name: 'people', version: '1.2.0' }])
    whole = launch(['start', '--port', '0', '--json'], { dir })
    const { url, requests } = JSON.parse(await whole.saying('\n'))
    urls = { part: ready.url, whole: url }
    token = /Bearer (\S+)'/.exec(requests[0].curl)?.[1] ?? ''
  })
  after(() => {
    for (const { child } of [part, whole]) child.kill('SIGKILL')
  })

  const ask = (url: string, path: string, init: RequestInit = {}) =>
    fetch(url + path, { ...init, headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' } })

  test('the part has its own API and rows, the whole has all', async () => {
    // It may have started before it could know who issues the tokens.
    await until(async () => (await ask(urls.part, '/acme/people/v1/people')).status === 200)
    const body = JSON.stringify({ name: 'Bob' })
    assert.equal((await ask(urls.part, '/acme/people/v1/people', { method: 'POST', body })).status, 201)
    const people = await (await ask(urls.whole, '/acme/people/v1/people?select=name')).json()
    assert.ok((people as { name: string }[]).some(({ name }) => name === 'Bob'))
    assert.equal((await ask(urls.whole, '/acme/tasks/v1/tasks')).status, 200)
    for (const path of ['/acme/tasks/v1/tasks', '/acme/nosuch/v1/tasks'])
      assert.equal((await ask(urls.part, path)).status, 404)
  })

  test('a port that is taken, and one that nobody gave, are told with what to do', async () => {
    const { port } = new URL(urls.part)
    const [taken, none, unknown] = await Promise.all([
      run(['serve', 'notes', '--port', port, '--json'], { dir }),
      run(['serve', 'notes', '--json'], { dir }),
      run(['serve', 'nots', '--port', '0', '--json'], { dir }),
    ])
    const errorOf = ({ stderr }: { stderr: string }) => JSON.parse(stderr).error
    assert.deepEqual(
      [taken.code, errorOf(taken).message, errorOf(taken).hint],
      [
        4,
        `Port ${port} on 127.0.0.1 is taken`,
        `Choose another one: tenantry serve notes@1 --port ${Number(port) + 1}`,
      ],
    )
    assert.match(errorOf(none).hint, /--port.*ports: \{ 'notes@1': 4041 \}/)
    assert.deepEqual(errorOf(unknown), {
      ...{ code: 'not_found', message: 'There is no module "nots"', details: null },
      hint: 'There are notes@1, people@1, tasks@1',
    })
  })

  test('the other one serves on when who started the server is killed', async () => {
    part.child.kill('SIGKILL')
    await part.ended
    const outOfOrder: number[] = []
    await until(async () => {
      const { status } = await ask(urls.whole, '/acme/people/v1/people')
      if (status !== 200) outOfOrder.push(status)
      // Before the server is gone it still answers.
      return status === 200 && whole.said().stderr.includes('the embedded database was started again')
    })
    assert.deepEqual(
      [...new Set(outOfOrder)].filter(status => status !== 503),
      [],
    )
    whole.child.kill('SIGTERM')
    assert.equal((await whole.ended).code, 0)
  })
})

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 10_000
  while (!(await isSo())) {
    assert.ok(Date.now() < end, 'it never became so')
    await sleep(50)
  }
}
