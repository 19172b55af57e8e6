import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { checkPlan } from '../../../src/core/plan-check.ts'
import { statementOf } from '../../../src/data/postgres/sql/statement.ts'
import { type Dialect, rows } from './world.ts'

export function nameTests({ ask, world }: Dialect): void {
  describe('names in the answer', () => {
    test('any alias and key is a name, at every level', async () => {
      const odd = '"a,b\\"c\';--"'
      const line = `GET things?select=${odd}:code,data->"we,ird",data->k->n,m:makers!maker(x:name,founded),...makers!maker(${odd}:name)&code=eq.bench`
      assert.equal(
        (await ask(line)).body,
        '[{"a,b\\"c\';--":"bench","we,ird":null,"n":1,"m":{"x":"Forge","founded":"2001-01-01"},"a,b\\"c\';--":"Forge"}]',
      )
    })

    test('renamed rows look as PostgreSQL writes them', async () => {
      const fields = ['code', 'rank', 'price', 'tags', 'data', 'raw', 'nums', 'during', 'words', 'created_at', 'maker']
      const plain = (await ask(`GET things?select=${fields}&code=eq.bench`)).body
      const renamed = (await ask(`GET things?select=${fields.map(name => `x${name}:${name}`)}&code=eq.bench`)).body
      assert.equal(renamed?.replaceAll('"x', '"'), plain?.replaceAll('"x', '"'))
      assert.match(plain ?? '', /"price":10\.50,"tags":\["a","b"\],"data":\{"k": \{"n": 1\}/)
    })

    test('as many names as a request may have', async () => {
      const odd = Array.from({ length: 498 }, (_, index) => `"n'${index}":code`)
      const [row] = (await rows(ask(`GET things?select=${odd},m:makers!maker(name)&code=eq.bench`))) as object[]
      assert.equal(Object.keys(row ?? {}).length, 499)
    })

    test('names make no statement of their own', () => {
      const context = world().contextOf('acme')
      const textOf = (alias: string) => {
        const [things] = world().modules.modules.flatMap(({ entities }) =>
          entities.filter(({ name }) => name === 'things'),
        )
        assert.ok(things)
        const select = [{ kind: 'field', path: { field: 'code' }, alias }] as const
        const { text, values } = statementOf(checkPlan({ kind: 'read', entity: things, select }, context.exposure))
        assert.deepEqual(values, [`{${JSON.stringify(alias)}:`])
        return text
      }
      assert.equal(textOf('a'), textOf(`"; drop table x; --`))
      assert.doesNotMatch(textOf('zebra'), /zebra/)
    })
  })
}
