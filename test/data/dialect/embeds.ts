import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Dialect, refusal, rows } from './world.ts'

export function embedTests({ ask }: Dialect): void {
  describe('embeds', () => {
    const cases: Record<string, unknown> = {
      'GET things?select=code,labels(name)&order=code&labels.order=name': [
        { code: 'bench', labels: [{ name: 'old' }, { name: 'wood' }] },
        { code: 'loner', labels: [] },
        { code: 'stool', labels: [{ name: 'wood' }] },
      ],
      'GET labels?select=name,things!things_labels(code)&name=eq.wood&things.order=code.desc&things.limit=1': [
        { name: 'wood', things: [{ code: 'stool' }] },
      ],
      'GET things?select=code,labels!inner(name)&labels.name=eq.old': [{ code: 'bench', labels: [{ name: 'old' }] }],
      'GET things?select=code,labels()&labels=is.null': [{ code: 'loner' }],
      'GET things?select=code,labels(things(code))&code=eq.stool&labels.things.order=code': [
        { code: 'stool', labels: [{ things: [{ code: 'bench' }, { code: 'stool' }] }] },
      ],
      'GET things?select=code,parts!inner(label)&parts.label=eq.seat': [{ code: 'stool', parts: [{ label: 'seat' }] }],
      'GET things?select=code,things(code)&order=code&limit=1': [{ code: 'bench', things: [{ code: 'stool' }] }],
      'GET things?select=code,things!parent(code)&order=code&limit=1': [{ code: 'bench', things: [{ code: 'stool' }] }],
      'GET things?select=code,up:parent(code)&code=eq.stool': [{ code: 'stool', up: { code: 'bench' } }],
      'GET things?select=code,m:makers!maker(name)&order=m(name).desc.nullslast,code&maker=not.is.null': [
        { code: 'bench', m: { name: 'Forge' } },
        { code: 'stool', m: { name: 'Forge' } },
      ],
      'GET parts?select=label,...things(code,...makers!maker(name))&order=label&limit=1': [
        { label: 'leg', code: 'bench', name: 'Forge' },
      ],
    }
    for (const [line, expected] of Object.entries(cases)) {
      test(line, async () => assert.deepEqual(await rows(ask(line)), expected))
    }

    test('a junction that was softly deleted joins nothing', async () => {
      await ask('DELETE things_labels?thing=eq.stool')
      assert.deepEqual(await rows(ask('GET things?select=labels(name)&code=eq.stool')), [{ labels: [] }])
    })

    test('several relations are refused with the candidates, as JSON', async () => {
      const [status, error] = await refusal(ask('GET things?select=makers(name)'))
      assert.equal(status, 300)
      const candidate = (field: string) => ({
        cardinality: 'many-to-one',
        embedding: 'things with makers',
        relationship: `things_${field}_fkey using things(${field}) and makers(name)`,
      })
      assert.deepEqual(error, {
        code: 'PGRST201',
        message: "Could not embed because more than one relationship was found for 'things' and 'makers'",
        details: [candidate('made_by'), candidate('maker')],
        hint: "Try changing 'makers' to one of the following: 'makers!things_made_by_fkey', 'makers!things_maker_fkey'. Find the desired relationship in the 'details' key.",
      })
    })

    test('what is no relation is refused', async () => {
      const cases: [line: string, code: string, message: string, details: string | null][] = [
        [
          'GET things?select=labels!things_labels_label_fkey(name)',
          'PGRST200',
          "Could not find a relationship between 'things' and 'labels' in the schema cache",
          "Searched for a foreign key relationship between 'things' and 'labels' using the hint 'things_labels_label_fkey' in the schema 'shop_v1', but no matches were found.",
        ],
        [
          'GET labels?select=...things(code)',
          'PGRST119',
          "A spread operation on 'things' is not possible",
          "'labels' and 'things' do not form a many-to-one or one-to-one relationship",
        ],
        [
          'GET labels?select=name,things(code)&order=things(code)',
          'PGRST118',
          "A related order on 'things' is not possible",
          "'labels' and 'things' do not form a many-to-one or one-to-one relationship",
        ],
      ]
      for (const [line, ...expected] of cases) {
        const [status, error] = await refusal(ask(line))
        assert.deepEqual([status, error.code, error.message, error.details], [400, ...expected])
      }
    })

    test('written rows embed, and the embeds are filtered, ordered and cut', async () => {
      const prefer = 'return=representation, count=exact'
      const body = [
        { label: 'x', thing: 'bench' },
        { label: 'y', thing: 'stool' },
      ]
      const answer = await ask('POST parts?select=label,things!inner(code)&things.code=eq.stool', { prefer, body })
      assert.deepEqual([answer.status, answer.headers['Content-Range']], [201, '*/2'])
      assert.deepEqual(JSON.parse(answer.body ?? ''), [{ label: 'y', things: { code: 'stool' } }])
      const line =
        'PATCH things?select=code,parts(label),labels(name)&code=eq.bench&parts.order=label.desc&parts.limit=1&labels.name=eq.old'
      assert.deepEqual(await rows(ask(line, { prefer, body: { rank: 7 } })), [
        { code: 'bench', parts: [{ label: 'x' }], labels: [{ name: 'old' }] },
      ])
    })
  })
}
