import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { openPostgres } from '../../../src/data/postgres/postgres.ts'
import { type Dialect, refusal, rows } from './world.ts'

export function operatorTests({ ask, world }: Dialect): void {
  const codes = async (filter: string) =>
    ((await rows(ask(`GET things?select=code&order=code&${filter}`))) as { code: string }[]).map(({ code }) => code)

  describe('operators', () => {
    test('arrays, JSON and ranges contain, overlap and lie beside each other', async () => {
      const cases: Record<string, string[]> = {
        'tags=cs.{b}': ['bench', 'stool'],
        'tags=cs.{a,b}': ['bench'],
        'tags=cd.{b,c}': ['loner', 'stool'],
        'tags=ov.{a,z}': ['bench'],
        'tags=not.cs.{b}': ['loner'],
        'data=cs.{"s":"x"}': ['bench'],
        'data->k=cs.{"n":1}': ['bench'],
        'data=cd.{"k":{"n":1},"s":"x","z":null,"more":1}': ['bench'],
        'nums=cs.[2,3]': ['bench'],
        'nums=cd.[0,6)': ['bench'],
        'nums=ov.[4,6)': ['bench', 'stool'],
        'nums=sl.[5,6)': ['bench'],
        'nums=sr.[1,5)': ['stool'],
        'nums=nxr.[1,6)': ['bench'],
        'nums=nxl.[2,9)': ['stool'],
        'nums=adj.[9,10)': ['stool'],
        'nums=eq.[1,4]': ['bench'],
        'during=cs.[2024-01-02,2024-01-03)': ['bench'],
        'or=(nums.cs."[1,2]",tags.cd.{x})': ['bench', 'loner'],
      }
      for (const [filter, expected] of Object.entries(cases)) assert.deepEqual(await codes(filter), expected, filter)
    })

    test('text is searched in the language of the field or of the filter', async () => {
      const cases: Record<string, string[]> = {
        'words=fts.bench|stool': ['bench', 'stool'],
        'words=plfts.the red bench': ['bench'],
        'words=phfts.red bench': ['bench'],
        'words=phfts.bench red': [],
        'words=wfts.bench -red': [],
        'title=wfts.bench': [],
        'title=wfts.benches': ['bench'],
        'title=wfts(english).bench': ['bench'],
        'title=not.plfts(english).bench': ['loner', 'stool'],
        'data=plfts.x': ['bench'],
        'data->>s=plfts.x': ['bench'],
        'or=(title.plfts(english).bench,words.fts.lone:*)': ['bench', 'loner'],
      }
      for (const [filter, expected] of Object.entries(cases)) assert.deepEqual(await codes(filter), expected, filter)
    })

    test('what cannot be compared or searched is refused without values', async () => {
      const cases: [filter: string, status: number, code: string, message: string][] = [
        ['rank=cs.{1}', 404, '42883', 'operator does not exist: integer @> integer'],
        ['rank=fts.red', 404, '42883', 'operator does not exist: integer @@ tsquery'],
        ['tags=fts.red', 404, '42883', 'operator does not exist: text[] @@ tsquery'],
        ['nums=cs.3', 400, '22P02', 'malformed range literal'],
        ['nums=cs.[5,1]', 400, '22000', 'range lower bound must be less than or equal to range upper bound'],
        ['data=cs.secret', 400, '22P02', 'invalid input syntax for type json'],
        ['words=fts.secret word', 400, '42601', 'syntax error in tsquery'],
        ['words=fts.secret\\', 400, '42601', 'there is no escaped character'],
        ['title=fts(nosuch).x', 400, '42704', 'text search configuration "nosuch" does not exist'],
      ]
      for (const [filter, ...expected] of cases) {
        const [status, error] = await refusal(ask(`GET things?${filter}`))
        assert.deepEqual([status, error.code, error.message], expected, filter)
        assert.doesNotMatch(JSON.stringify(error), /secret/)
      }
    })

    test('ranges are texts, and what is searched cannot be written', async () => {
      const [bench] = (await rows(ask('GET things?code=eq.bench'))) as Record<string, unknown>[]
      assert.equal(bench?.nums, '[1,5)')
      assert.equal(bench?.during, '["2024-01-01 00:00:00+00","2024-02-01 00:00:00+00")')
      assert.equal(bench?.words, "'bench':2,3 'red':1")
      const [status, error] = await refusal(ask('POST things', { body: { code: 'x', words: 'y' } }))
      assert.deepEqual([status, error.fields], [400, { words: ['is filled in by the platform'] }])
      await ask('PATCH things?code=eq.bench', { body: { title: 'blue', days: '[2024-01-01,2024-01-02]' } })
      assert.deepEqual(await rows(ask('GET things?select=words,days&code=eq.bench')), [
        { words: "'bench':2 'blue':1", days: '[2024-01-01,2024-01-03)' },
      ])
    })

    test('a database with ranges and words is found as it was left', async () => {
      const { database, modules } = world()
      const { target, secrets, prefix } = database
      const opened = await openPostgres({
        target,
        modules: modules.modules,
        secrets,
        settings: { prefix, apply: 'never' },
      })
      await opened.close()
    })
  })
}
