import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TenantryError } from '../../../src/core/errors.ts'
import { orderMigrations } from '../../../src/core/migration.ts'
import { splitCommands } from '../../../src/data/postgres/migrate/commands.ts'
import { forFile, parseScript } from '../../../src/data/postgres/migrate/parse.ts'
import { written } from './world.ts'

const commandsOf = (text: string) => splitCommands(text, 'x').map(({ sql }) => sql)
const parse = (text: string) => parseScript(written(1, text), 'p')

test('a file is split where commands end, and nowhere else', () => {
  const cases: [string, string[]][] = [
    ['select 1; select 2', ['select 1', 'select 2']],
    [`select ';', 'it''s;' ; ;; -- ; \n/* ; /* ; */ ; */`, [`select ';', 'it''s;'`]],
    [`select E'\\';' ; select "a;""b"`, [`select E'\\';'`, 'select "a;""b"']],
    ['do $$ begin; end $$; do $x$ $$ ; $x$', ['do $$ begin; end $$', 'do $x$ $$ ; $x$']],
    [
      'create function f() returns int begin atomic select case when true then 1 end; select 2; end; select 3',
      ['create function f() returns int begin atomic select case when true then 1 end; select 2; end', 'select 3'],
    ],
    ['select $1, a$b; select 2', ['select $1, a$b', 'select 2']],
    [`select some'x;'`, [`select some'x;'`]],
    ['', []],
    [' \n-- nothing\n', []],
  ]
  for (const [text, wanted] of cases) assert.deepEqual(commandsOf(text), wanted, text)
})

test('texts of any kind do not end a command', () => {
  fc.assert(
    fc.property(fc.string(), fc.stringMatching(/^[a-z]{0,3}$/), (value, tag) => {
      const literal = `'${value.replaceAll("'", "''")}'`
      const name = `"${value.replaceAll('"', '""')}"`
      const quoted = `$${tag}$${value.replaceAll('$', '')}$${tag}$`
      const command = `select ${literal} as ${name}, ${quoted}`
      assert.deepEqual(commandsOf(`${command};select 2`), [command.trim(), 'select 2'])
    }),
  )
})

test('what is not closed is named with its line', () => {
  for (const text of [
    `select 1;\nselect 'a`,
    'select 1;\nselect "a',
    'select 1;\n/* /* */',
    'select 1;\ndo $$ a',
    'select 1;\ncreate function f() begin atomic select 1;',
  ])
    assert.throws(
      () => commandsOf(text),
      (error: unknown) => error instanceof TenantryError && error.message.includes('line 2'),
      text,
    )
})

test('what begins, ends or divides the transaction, or changes who runs it, is refused by name', () => {
  for (const command of [
    'BEGIN',
    'start transaction',
    'commit',
    'COMMIT and chain',
    'end',
    'rollback',
    'abort',
    'savepoint a',
    'release a',
    'prepare transaction $$a$$',
    'set role x',
    'set session authorization x',
    'reset role',
    'reset all',
    'discard all',
    '/* */ commit',
  ])
    assert.throws(
      () => parse(`select 1;\n${command};`),
      /crm@1 0001_by_hand, line 2: ".*" is not for migrations/,
      command,
    )
  for (const command of [`select 'commit'`, 'set local role "x"', 'select 1 as "commit"', '-- commit\nselect 1'])
    parse(command)
})

test('empty files, unknown directions and companions outside a transaction are refused', () => {
  assert.throws(() => parse('-- later\n'), /holds no command/)
  assert.throws(() => parse('-- tenantry: no transactions\nselect 1'), /is no direction/)
  assert.throws(() => parse('-- tenantry: after customers\nselect 1'), /is no direction/)
  assert.throws(() => parse('-- tenantry: no transaction\nselect 1; select 2'), /has 2 commands/)
  assert.throws(() => parseScript(written(1, 'select 1'), 'p', true), /has no undo file/)
})

test('a prefix is filled in, and what only looks like one comes back as it was', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('\u0024', '{', '}', '{prefix}', '\u0024{prefix}', '\u0024{\u0024}', 'a', ' '), {
        minLength: 1,
      }),
      parts => {
        const value = parts.join('')
        const [command] = parse(forFile(`select '${value}' from "\0_main"`)).commands
        assert.equal(command?.sql, `select '${value}' from "p_main"`)
      },
    ),
  )
})

test('the head of a file says what comes before it, across modules and whatever their order', () => {
  const of = (module: `${string}@${number}`, number: number, text = 'select 1') => ({
    ...written(number, text),
    module,
  })
  const files = [
    of('a@1', 2, '-- tenantry: after b@1/2\nselect 1'),
    of('a@1', 1),
    of('b@1', 2, '-- tenantry: after a@1/1\nselect 1'),
    of('b@1', 1),
  ]
  const order = orderMigrations(files, ['a@1', 'b@1']).map(({ module, number }) => `${module}/${number}`)
  assert.deepEqual(order, ['a@1/1', 'b@1/1', 'b@1/2', 'a@1/2'])
  const circle = [
    of('a@1', 1, '-- tenantry: after b@1/1\nselect 1'),
    of('b@1', 1, '-- tenantry: after a@1/1\nselect 1'),
  ]
  assert.throws(() => orderMigrations(circle, ['a@1', 'b@1']), /in a circle/)
  assert.throws(() => orderMigrations([of('a@1', 1), of('a@1', 1)], ['a@1']), /have the number 1/)
})

test('what loses something is known as such, also where nobody said so and half the words are left out', () => {
  const loses: [string, boolean][] = [
    ['drop table a', true],
    ['alter table a drop column b', true],
    ['alter table a drop b', true],
    ['alter table "a" drop "b"', true],
    ['alter table a drop if exists b, add column c text', true],
    ['alter table a drop constraint b, drop "c"', true],
    ['alter type a drop attribute b', true],
    ['drop type a cascade', true],
    ['truncate a', true],
    ['delete from a', true],
    ['with gone as (delete from a returning *) insert into b select * from gone', true],
    ['merge into a using b on true when matched then delete', true],
    ['select 1', false],
    ['alter table a drop constraint if exists b', false],
    ['alter table a alter column b drop not null, alter b drop default, alter b drop identity', false],
    ['alter table a add constraint b foreign key (c) references d (e) on delete cascade', false],
    ['drop index a', false],
  ]
  for (const [text, wanted] of loses) assert.equal(parse(text).destructive, wanted, text)
})
