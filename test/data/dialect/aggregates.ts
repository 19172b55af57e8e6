import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Dialect, refusal, rows } from './world.ts'

export function aggregateTests({ ask }: Dialect): void {
  describe('aggregates', () => {
    const cases: Record<string, unknown> = {
      'GET things?select=count()': [{ count: 3 }],
      'GET things?select=n:count()::text': [{ n: '3' }],
      'GET things?select=rank.sum(),price.max(),avg:price.avg()::float8,rank.count()': [
        { sum: 3, max: 20.25, avg: 15.375, count: 2 },
      ],
      'GET things?select=maker,count()&order=maker.desc': [
        { maker: null, count: 1 },
        { maker: 'Forge', count: 2 },
      ],
      'GET things?select=maker,n:count()&order=maker&rank=gt.1': [{ maker: 'Forge', n: 1 }],
      'GET things?select=s:data->>s,x:data->k->>n::int.sum()&order=data->>s': [
        { s: 'x', x: 1 },
        { s: null, x: null },
      ],
      'GET makers?select=name,things!maker(count(),rank.sum())&order=name': [
        { name: 'Forge', things: [{ count: 2, sum: 3 }] },
        { name: 'Idle', things: [{ count: 0, sum: null }] },
      ],
      'GET makers?select=name,things!maker(title,n:count())&order=name&things.order=title': [
        {
          name: 'Forge',
          things: [
            { title: 'a stool', n: 1 },
            { title: 'red benches', n: 1 },
          ],
        },
        { name: 'Idle', things: [] },
      ],
      'GET things?select=title,...makers!maker(count())&order=title': [
        { title: 'a stool', count: 1 },
        { title: 'loner', count: 0 },
        { title: 'red benches', count: 1 },
      ],
      'GET things?select=...makers!maker(name,founded.max()),rank.sum()&rank=not.is.null': [
        { sum: 3, name: 'Forge', max: '2001-01-01' },
      ],
      'GET things?select=count(),m:makers!maker(name)&rank=not.is.null': [{ count: 2, m: { name: 'Forge' } }],
      'GET things?select=count(),things(code)&code=eq.bench': [{ count: 1, things: [{ code: 'stool' }] }],
      'GET things?select=count(),...makers!maker(name,things!maker(code))&maker=not.is.null&makers.things.order=code': [
        { count: 2, name: 'Forge', things: [{ code: 'bench' }, { code: 'stool' }] },
      ],
      'GET things?select=rank.sum(),rank.sum()&code=eq.stool': [{ sum: 2 }],
    }
    for (const [line, expected] of Object.entries(cases)) {
      test(line, async () => assert.deepEqual(await rows(ask(line)), expected))
    }

    test('the total counts rows before they are grouped, as in PostgREST', async () => {
      const answer = await ask('GET things?select=maker,count()&order=maker.desc&limit=1', { prefer: 'count=exact' })
      assert.deepEqual([answer.status, answer.headers['Content-Range']], [206, '0-0/3'])
    })

    test('written rows are aggregated too', async () => {
      const asked = { prefer: 'return=representation', body: { rank: 5 } }
      assert.deepEqual(await rows(ask('PATCH things?select=count(),rank.sum()&rank=gte.1', asked)), [
        { count: 2, sum: 10 },
      ])
    })

    test('an entity that does not allow them refuses them', async () => {
      for (const line of [
        'GET parts?select=count()',
        'GET things?select=parts(label.max())',
        'GET labels?select=name.count()',
      ])
        assert.deepEqual(await refusal(ask(line)), [
          400,
          { code: 'PGRST123', message: 'Use of aggregate functions is not allowed', details: null, hint: null },
        ])
    })

    test('what has no sum and what is not grouped is refused', async () => {
      const [status, error] = await refusal(ask('GET things?select=title.sum()'))
      assert.deepEqual([status, error.code, error.message], [404, '42883', 'function sum(text) does not exist'])
      for (const order of ['rank', 'makers(name)']) {
        const [status, error] = await refusal(ask(`GET things?select=count(),makers!maker(name)&order=${order}`))
        assert.deepEqual([status, error.code], [400, '42803'])
        assert.match(String(error.message), /^column "\w+\.\w+" must appear in the GROUP BY clause or be used/)
      }
    })
  })
}
