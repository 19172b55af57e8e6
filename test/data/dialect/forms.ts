import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Dialect, refusal, rows } from './world.ts'

export function formTests({ ask }: Dialect): void {
  describe('forms of an answer', () => {
    const csv = { accept: 'text/csv' }

    test('CSV has a line of names and a line for each row', async () => {
      const line = 'GET things?select=code,title,tags,data,price&order=code'
      const answer = await ask(line, csv)
      assert.equal(answer.headers['Content-Type'], 'text/csv; charset=utf-8')
      assert.deepEqual(answer.body?.split('\n'), [
        'code,title,tags,data,price',
        'bench,"red benches","{a,b}","{""k"": {""n"": 1}, ""s"": ""x"", ""z"": null}",10.50',
        'loner,loner,{},,',
        'stool,"a stool",{b},,20.25',
      ])
      assert.equal((await ask('GET things?select=code,title&code=eq.none', csv)).body, 'code,title\n')
      assert.equal((await ask('GET things?select="a,b":code&limit=1&order=code', csv)).body, '"a,b"\nbench')
      assert.equal(
        (await ask('GET makers?select=name,things!maker(code)&name=eq.Idle', csv)).body,
        'name,things\nIdle,[]',
      )
    })

    test('CSV comes back as it went', async () => {
      const odd = 'a\\b"c",d\n(e) \\\\'
      await ask('POST things', { body: { code: odd, raw: '\\x00ff' } })
      const line = 'things?select=code,title,raw'
      const { body } = await ask(`GET ${line}&rank=is.null&title=eq.untitled`, csv)
      assert.equal(body, `code,title,raw\n"${odd.replaceAll('"', '""')}",untitled,"\\x00ff"`)
      await ask('DELETE things?title=eq.untitled')
      const given = { ...csv, type: 'text/csv', body, prefer: 'return=representation' }
      const back = await ask(`POST ${line}`, given)
      assert.deepEqual([back.status, back.body], [201, body])
    })

    test('a form is a row', async () => {
      const given = { type: 'application/x-www-form-urlencoded', prefer: 'return=representation' }
      const line = 'POST things?select=code,rank,tags,nums'
      assert.deepEqual(await rows(ask(line, { ...given, body: 'code=a+b%26&rank=5&tags=%7Bx%7D&nums=%5B1%2C2%5D' })), [
        { code: 'a b&', rank: 5, tags: ['x'], nums: '[1,3)' },
      ])
    })

    test('nulls are left out where the caller asks for it', async () => {
      const list = { accept: 'application/vnd.pgrst.array+json;nulls=stripped' }
      assert.equal(
        (await ask('GET things?select=code,rank,data&order=code', list)).body,
        '[{"code":"bench","rank":1,"data":{"k":{"n":1},"s":"x"}},{"code":"loner"},{"code":"stool","rank":2}]',
      )
      const object = { accept: 'application/vnd.pgrst.object+json;nulls=stripped' }
      const one = await ask('GET makers?select=name,founded&name=eq.Idle', object)
      assert.deepEqual([one.body, one.headers['Content-Type']], ['{"name":"Idle"}', `${object.accept}; charset=utf-8`])
      const [status, error] = await refusal(ask('GET makers', object))
      assert.deepEqual([status, error.code, error.details], [406, 'PGRST116', 'The result contains 2 rows'])
      const renamed = await ask('GET makers?select=n:name,f:founded&name=eq.Idle', object)
      assert.equal(renamed.body, '{"n":"Idle"}')
      const none = await ask('GET makers?name=eq.Nobody', list)
      assert.equal(none.body, '[]')
    })

    test('written rows come in the form that is accepted', async () => {
      const asked = { ...csv, prefer: 'return=representation', body: { rank: 3 } }
      assert.equal((await ask('PATCH things?code=eq.bench&select=code,rank', asked)).body, 'code,rank\nbench,3')
    })
  })
}
