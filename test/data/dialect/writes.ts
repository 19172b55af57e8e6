import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Dialect, refusal, rows } from './world.ts'

export function writeTests({ ask }: Dialect): void {
  const shown = { prefer: 'return=representation' }
  const count = async (line: string) => ((await rows(ask(`GET ${line}`))) as unknown[]).length

  describe('what a row lacks', () => {
    const body = [{ code: 'x' }, { code: 'y', title: null, tags: ['q'] }, { code: 'z', title: 'given' }]

    test('is null, or the default of its field where missing=default asks for it', async () => {
      const line = 'POST things?columns=code,title,tags,rank&select=code,title,tags,rank'
      const [status, error] = await refusal(ask(line, { ...shown, body: [{ code: 'x' }] }))
      assert.deepEqual([status, error.code], [400, '23502'])
      const [, wrong] = await refusal(ask(line, { prefer: 'missing=default', body }))
      assert.equal(wrong.code, '23502', 'null that is given stays null')
      const answer = await ask(line, { prefer: 'return=representation,missing=default', body: [body[0], body[2]] })
      assert.equal(answer.headers['Preference-Applied'], 'missing=default, return=representation')
      assert.deepEqual(JSON.parse(answer.body ?? ''), [
        { code: 'x', title: 'untitled', tags: [], rank: null },
        { code: 'z', title: 'given', tags: [], rank: null },
      ])
    })

    test('takes the default in a change too, and a key that the platform makes', async () => {
      const prefer = 'missing=default, return=representation'
      const line = 'PATCH things?columns=title,rank&code=eq.bench&select=title,rank'
      assert.deepEqual(await rows(ask(line, { prefer, body: {} })), [{ title: 'untitled', rank: null }])
      const [part] = (await rows(ask('POST parts?columns=id,label', { prefer, body: { label: 'new' } }))) as [
        { id: string },
      ]
      assert.match(part.id, /^[0-9a-f-]{36}$/)
    })
  })

  describe('max-affected', () => {
    test('refuses a change of more rows, and nothing is changed', async () => {
      for (const [line, body] of [
        ['PATCH things?rank=not.is.null', { rank: 0 }],
        ['DELETE parts?label=in.(leg,top)', undefined],
      ] as const) {
        assert.deepEqual(await refusal(ask(line, { prefer: 'handling=strict, max-affected=1', body })), [
          400,
          {
            code: 'PGRST124',
            message: 'Query result exceeds max-affected preference constraint',
            details: 'The query affects 2 rows',
            hint: null,
          },
        ])
      }
      assert.equal(await count('things?rank=eq.0'), 0)
      assert.equal(await count('parts'), 3)
    })

    test('lets as many rows pass, and counts only under handling=strict', async () => {
      const body = { rank: 0 }
      const strict = await ask('PATCH things?rank=not.is.null', { prefer: 'handling=strict, max-affected=2', body })
      assert.deepEqual([strict.status, strict.headers['Preference-Applied']], [204, 'handling=strict, max-affected=2'])
      const lenient = await ask('PATCH things', { prefer: 'max-affected=1', body })
      assert.deepEqual([lenient.status, lenient.headers['Preference-Applied']], [204, undefined])
    })
  })

  describe('tx=rollback', () => {
    test('answers as if it were done, and undoes it', async () => {
      const prefer = 'tx=rollback, return=representation'
      const made = await ask('POST labels?select=name', { prefer, body: { name: 'new' } })
      assert.deepEqual(
        [made.status, made.body, made.headers['Preference-Applied']],
        [201, '[{"name":"new"}]', 'return=representation, tx=rollback'],
      )
      assert.deepEqual(await rows(ask('PATCH things?code=eq.bench&select=rank', { prefer, body: { rank: 9 } })), [
        { rank: 9 },
      ])
      assert.deepEqual(await rows(ask('DELETE parts?select=label&label=eq.leg', { prefer })), [{ label: 'leg' }])
      assert.deepEqual(
        await Promise.all(['labels?name=eq.new', 'things?rank=eq.9', 'parts?label=eq.leg'].map(count)),
        [0, 0, 1],
      )
      const [status] = await refusal(ask('POST labels', { prefer, body: { name: 'wood' } }))
      assert.equal(status, 409)
    })

    test('is not heard where it is not allowed', async () => {
      const answer = await ask('POST labels', { prefer: 'tx=rollback', body: { name: 'kept' }, allowRollback: false })
      assert.deepEqual([answer.status, answer.headers['Preference-Applied']], [201, undefined])
      assert.equal(await count('labels?name=eq.kept'), 1)
    })
  })

  describe('upserts', () => {
    const merge = 'resolution=merge-duplicates'

    test('are 200 when every row was there, else 201', async () => {
      const pair = (b: number, v: string) => ({ a: 'x', b, v })
      const put = async (body: unknown) => (await ask('POST pairs', { prefer: merge, body })).status
      assert.equal(await put(pair(1, 'p')), 201)
      assert.equal(await put(pair(1, 'q')), 200)
      assert.equal(await put([pair(1, 'r'), pair(2, 'r')]), 201)
      assert.equal(await put([]), 200)
      assert.deepEqual(await rows(ask('GET pairs?select=b,v&order=b')), [
        { b: 1, v: 'r' },
        { b: 2, v: 'r' },
      ])
    })

    test('on_conflict chooses a unique set, and means nothing without a resolution', async () => {
      const body = { label: 'leg', thing: 'stool' }
      const answer = await ask('POST parts?on_conflict=label&select=label,thing', {
        prefer: `${merge},return=representation`,
        body,
      })
      assert.deepEqual([answer.status, answer.body], [200, '[{"label":"leg","thing":"stool"}]'])
      const wrong: [line: string, prefer: string, status: number, code: string, message: string][] = [
        ['on_conflict=label', '', 409, '23505', 'duplicate key value violates unique constraint "parts_label_key"'],
        ['on_conflict=nope', merge, 400, '42703', 'column "nope" does not exist'],
        [
          'on_conflict=thing',
          merge,
          400,
          '42P10',
          'there is no unique or exclusion constraint matching the ON CONFLICT specification',
        ],
      ]
      for (const [query, prefer, ...expected] of wrong) {
        const [status, error] = await refusal(ask(`POST parts?${query}`, { prefer, body }))
        assert.deepEqual([status, error.code, error.message], expected)
      }
    })
  })

  describe('PUT', () => {
    const line = 'PUT pairs?a=eq.x&b=eq.1'

    test('puts one row in or in place of another', async () => {
      const made = await ask(`${line}&select=v`, { ...shown, body: { a: 'x', b: 1, v: 'one' } })
      assert.deepEqual([made.status, made.body], [201, '[{"v":"one"}]'])
      const changed = await ask(`${line}&select=v`, { ...shown, body: [{ a: 'x', b: 1, v: 'two' }] })
      assert.deepEqual([changed.status, changed.body], [200, '[{"v":"two"}]'])
      const quiet = await ask(line, { body: { a: 'x', b: 1 } })
      assert.deepEqual([quiet.status, quiet.headers, quiet.body], [204, {}, null])
      const two = [
        { a: 'x', b: 1, v: 'three' },
        { a: 'x', b: 2, v: 'left out' },
      ]
      assert.equal((await ask(line, { body: two })).status, 204)
      assert.deepEqual(await rows(ask('GET pairs?select=b,v')), [{ b: 1, v: 'three' }])
    })

    test('refuses a row of another key, or of none', async () => {
      for (const body of [{ a: 'x', b: 2 }, { a: 'x' }, {}, [], { b: 1 }, { a: 'x', b: null }]) {
        assert.deepEqual(await refusal(ask(line, { body })), [
          400,
          {
            code: 'PGRST115',
            message: 'Payload values do not match URL in primary key column(s)',
            details: null,
            hint: null,
          },
        ])
      }
      assert.equal(await count('pairs'), 0)
      const [status, error] = await refusal(ask('PUT pairs?a=eq.x&b=eq.y', { body: { a: 'x', b: 1 } }))
      assert.deepEqual([status, error.code], [400, '22P02'])
    })
  })
}
