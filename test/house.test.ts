// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is planted holds templates of its own
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const script = fileURLToPath(new URL('../scripts/check-house.ts', import.meta.url))

/** What check-house says of a tree, and how it ends. */
function checkHouse(files: Readonly<Record<string, string>>): { status: number | null; said: string } {
  const root = mkdtempSync(join(tmpdir(), 'tenantry-house-'))
  try {
    for (const [name, text] of Object.entries(files)) {
      const file = join(root, 'src', name)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, text)
    }
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, root], { encoding: 'utf8' })
    return { status, said: stderr + stdout }
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

const sound = {
  'index.ts': "/** The front door. */\nexport { a } from './core/a.ts'\nexport type {\n  B,\n} from './app/b.ts'\n",
  'core/a.ts': "// import x from 'pg'\nexport const a = \"a'b\" // select a from b\n",
  'data/postgres/rows.ts':
    "import pg from 'pg'\nimport { a } from '../../core/a.ts'\nexport const q = `select ${a} from t`\n",
  'api/list.ts':
    "import { a } from '../core/a.ts'\nexport const said = ['Select a row from the list', a, /['`]/.test(a)]\n",
  'app/b.ts': "import '../data/postgres/rows.ts'\nimport '../api/list.ts'\nexport interface B {}\n",
  'cli/main.ts': "import '../app/b.ts'\nawait import('./add.ts')\n",
  'cli/add.ts': 'export {}\n',
  'testing/tenants.ts': "import '../data/postgres/rows.ts'\nexport const made = 'create database a'\n",
}

test('finds nothing in a house that is in order', () => {
  assert.deepEqual(checkHouse(sound), { status: 0, said: 'The house is in order: 8 files.\n' })
})

test('finds nothing in this house', () => {
  const { status, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' })
  assert.deepEqual({ status, stderr }, { status: 0, stderr: '' })
})

const violations: readonly (readonly [title: string, file: string, text: string, said: RegExp])[] = [
  [
    'a room that imports another',
    'api/bad.ts',
    "import { q } from '../data/postgres/rows.ts'",
    /api may not import data/,
  ],
  ['a type of another room', 'api/bad.ts', "import type { q } from '../data/rows.ts'", /api may not import data/],
  ['a list of names', 'api/bad.ts', "import {\n  q,\n} from '../data/rows.ts'", /api may not import data/],
  ['a room passed on', 'api/bad.ts', "export * from '../data/rows.ts'", /api may not import data/],
  ['a room imported later', 'api/bad.ts', "const q = await import('../data/rows.ts')", /api may not import data/],
  ['a type imported in place', 'api/bad.ts', "type Q = import('../data/rows.ts').Q", /api may not import data/],
  ['a command that goes past app', 'cli/bad.ts', "import '../data/postgres/rows.ts'", /cli may not import data/],
  ['a room that imports app', 'data/bad.ts', "import '../app/b.ts'", /data may not import app/],
  ['the product on its tests', 'app/bad.ts', "import '../testing/tenants.ts'", /app may not import testing/],
  ['an npm package in core', 'core/bad.ts', "import pg from 'pg'", /core imports nothing but itself, and this is pg/],
  ['node in core', 'core/bad.ts', "import { join } from 'node:path'", /core imports .* this is node:path/],
  ['a room in core', 'core/bad.ts', "import '../api/list.ts'", /core may not import api/],
  ['the front door', 'api/bad.ts', "import { a } from '../index.ts'", /our own front door src\/index\.ts/],
  ['the front door by its name', 'api/bad.ts', "import { a } from 'tenantry'", /our own front door tenantry/],
  ['what lies outside', 'api/bad.ts', "import '../../test/house.test.ts'", /lies outside src/],
  ['an unknown room', 'utils/bad.ts', 'export {}', /lies in no room/],
  ['a file in no room', 'bad.ts', 'export {}', /lies in no room/],
  ['a file that imports itself', 'api/bad.ts', "import './bad.ts'", /imports itself through api\/bad\.ts/],
  ['a reading statement', 'api/bad.ts', "query('select id from customers where true')", /holds SQL.*select id from/],
  ['one over lines', 'api/bad.ts', 'query(`\n  select id\n  from customers where true`)', /holds SQL/],
  ['one in large letters', 'api/bad.ts', 'query("SELECT id FROM customers")', /holds SQL/],
  ['one inside another literal', 'api/bad.ts', "`${on ? `delete from ${table}` : ''}`", /holds SQL/],
  ['an inserting statement', 'api/bad.ts', "'insert into customers (id) values (1)'", /holds SQL/],
  ['an updating statement', 'api/bad.ts', '`update ${table} t set id = 1`', /holds SQL/],
  ['a deleting statement', 'api/bad.ts', "'begin; delete from customers'", /holds SQL/],
  ['one that makes a table', 'api/bad.ts', "'create table customers (id int)'", /holds SQL/],
  ['one that makes a role', 'api/bad.ts', "'create role boss superuser'", /holds SQL/],
  ['one that drops a policy', 'api/bad.ts', "'drop policy own on customers'", /holds SQL/],
  ['one that becomes a role', 'api/bad.ts', '`set local role ${role}`', /holds SQL/],
  ['one that grants', 'api/bad.ts', "'grant select on customers to reader'", /holds SQL/],
]

for (const [title, file, text, said] of violations) {
  test(`names ${title}`, () => {
    const answer = checkHouse({ ...sound, [file]: `${text}\n` })
    assert.match(answer.said, said)
    assert.match(answer.said, new RegExp(`^src/${file}: `, 'm'))
    assert.match(answer.said, /\n1 problems\n$/)
    assert.equal(answer.status, 1)
  })
}

test('names a circle once, with everything on it, also when it is made of types', () => {
  const { status, said } = checkHouse({
    ...sound,
    'api/one.ts': "import './two.ts'\n",
    'api/two.ts': "import type { T } from './three.ts'\n",
    'api/three.ts': "import './one.ts'\n",
  })
  assert.match(said, /imports itself through api\/(one|two|three)\.ts -> api/)
  assert.equal(said.match(/imports itself/g)?.length, 1)
  assert.equal(status, 1)
})

test('names anything but re-exports in the front door', () => {
  for (const text of [
    'export const a = 1',
    "import './core/a.ts'",
    "export { a } from './core/a.ts'\nconsole.log(1)",
  ]) {
    const { status, said } = checkHouse({ ...sound, 'index.ts': `${text}\n` })
    assert.match(said, /^src\/index\.ts: may hold re-exports only/m)
    assert.equal(status, 1)
  }
})
