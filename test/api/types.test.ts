import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { typesOf } from '../../src/api/types.ts'
import { defineModule } from '../../src/app/define-module.ts'
import { typesOfModules } from '../../src/app/types.ts'
import { entity } from '../../src/core/entity.ts'
import {
  array,
  bigint,
  boolean,
  bytes,
  date,
  decimal,
  integer,
  json,
  oneOf,
  reference,
  text,
  timestamp,
  uuid,
} from '../../src/core/field.ts'
import type { ModuleDefinition } from '../../src/core/module.ts'
import { createModuleSet } from '../../src/core/module-set.ts'
import { publishModules } from '../../src/core/published.ts'
import { clientModules } from '../clients/world.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

const typesFor = (...definitions: ModuleDefinition[]) => typesOf(createModuleSet(definitions).modules)
const module = (name: string, ...entities: ModuleDefinition['entities']) =>
  defineModule({ name, version: '1.0.0', entities })

/** What is declared under a name, without comments. */
function declared(types: string, name: string): string {
  const [, body = ''] = new RegExp(`^export type ${name} = ([\\s\\S]*?\\n\\})$`, 'm').exec(types) ?? []
  return body.replace(/^ *\/\*\*.*\*\/\n/gm, '')
}

/** The part of `Database` that is a schema. */
function schemaOf(types: string, name: string): string {
  const [, body = ''] = new RegExp(`^  ${name}: (\\{\\n[\\s\\S]*?\\n  \\})$`, 'm').exec(types) ?? []
  return body
}

test('the types that the clients are tested with are those of the modules of these tests', () => {
  const file = join(root, 'test/clients/database.ts')
  const types = `${typesFor(...clientModules)}\n`
  if (process.env.TENANTRY_WRITE) writeFileSync(file, types)
  assert.equal(readFileSync(file, 'utf8'), types, 'Say: TENANTRY_WRITE=1 npm test -- test/api/types.test.ts')
})

test('the order of the modules makes no difference', () => {
  const { modules } = createModuleSet(clientModules)
  assert.equal(typesOf(modules), typesOf(modules.toReversed()))
})

const things = entity(
  'things',
  {
    name: text({ max: 10 }),
    note: text().optional(),
    amount: integer().default(0),
    big: bigint(),
    price: decimal(12, 2),
    on: boolean(),
    at: timestamp().default('now'),
    day: date().optional(),
    device: uuid(),
    any: json(),
    none: json().optional(),
    photo: bytes().optional(),
    kind: oneOf('it\'s "a"', 'b').default('b'),
    kinds: array(oneOf('x', 'y')).default([]),
    sizes: array(bigint()),
    parent_id: reference<string>('things').optional(),
  },
  { revision: true, softDelete: true, authors: true, instanced: true },
)

test('a row has every field with its JSON type, and null where it is optional', () => {
  assert.equal(
    declared(typesFor(module('all', things)), 'ThingsRow'),
    `{
  id: string
  name: string
  note: string | null
  amount: number
  big: number
  price: number
  on: boolean
  at: string
  day: string | null
  device: string
  any: Json
  none: Json | null
  photo: string | null
  kind: "it's \\"a\\"" | 'b'
  kinds: ('x' | 'y')[]
  sizes: number[]
  parent_id: string | null
  instance_id: string
  created_at: string
  updated_at: string
  created_by: string
  updated_by: string
  deleted_at: string | null
  revision: number
}`,
  )
})

test('a new row need not name what has a default, and cannot name what the platform fills in', () => {
  assert.equal(
    declared(typesFor(module('all', things)), 'ThingsInsert'),
    `{
  id?: string
  name: string
  note?: string | null
  amount?: number
  big: number | string
  price: number | string
  on: boolean
  at?: string
  day?: string | null
  device: string
  any: Json
  none?: Json | null
  photo?: string | null
  kind?: "it's \\"a\\"" | 'b'
  kinds?: ('x' | 'y')[]
  sizes: (number | string)[]
  parent_id?: string | null
  instance_id?: string
  revision?: 1
}`,
  )
})

test('a change names any field but the key, the current revision, and null to restore', () => {
  const update = declared(typesFor(module('all', things)), 'ThingsUpdate')
  assert.doesNotMatch(update, /^ {2}(id|created_at|updated_at|created_by|instance_id)\b/m)
  assert.match(update, /^ {2}name\?: string$/m)
  assert.match(update, /^ {2}deleted_at\?: null$/m)
  assert.match(update, /^ {2}revision\?: number$/m)
})

test('an entity with a key of its own has no id, and references to it have the type of that key', () => {
  const kinds = entity('kinds', { number: integer(), title: text() }, { key: ['number'] })
  const uses = entity('uses', { kind_number: reference(() => kinds) })
  const types = typesFor(module('all', kinds, uses))
  assert.doesNotMatch(declared(types, 'KindsRow'), /\bid:/)
  assert.match(declared(types, 'KindsInsert'), /^ {2}number: number$/m)
  assert.doesNotMatch(declared(types, 'KindsUpdate'), /number/)
  assert.match(declared(types, 'UsesRow'), /kind_number: number/)
  assert.match(
    types,
    /columns: \['kind_number'\]\n {12}isOneToOne: false\n {12}referencedRelation: 'kinds'\n {12}referencedColumns: \['number'\]/,
  )
})

test('public holds what one module alone has; each module is a schema with and without its major', () => {
  const one = defineModule({ name: 'team', version: '1.3.0', entities: [entity('people', { name: text() })] })
  const people = entity('people', { name: text(), nickname: text() })
  const two = defineModule({
    name: 'team',
    version: '2.0.0',
    entities: [people, entity('notes', { person_id: reference(() => people) })],
  })
  const types = typesFor(one, two)
  assert.deepEqual(
    [...types.matchAll(/^ {2}('?[\w@]+'?): \{$/gm)].map(([, name]) => name),
    ['__InternalSupabase', 'public', 'team', "'team@1'", "'team@2'"],
  )
  const open = schemaOf(types, 'public')
  assert.match(open, /^ {6}notes: \{\n {8}Row: NotesRow$/m)
  assert.match(open, /Views: \{\n {6}people: \{\n {8}Row: TeamV2PeopleRow\n {8}Relationships: \[\]/)
  assert.equal(schemaOf(types, 'team'), schemaOf(types, "'team@2'"))
  assert.match(schemaOf(types, "'team@1'"), /Row: TeamV1PeopleRow/)
})

test('no two enums have the same name', () => {
  const kinds = { c: oneOf('x', "it's"), b_c: array(oneOf('y')) }
  const types = typesFor(module('all', entity('a', { b_c: kinds.b_c }), entity('a_b', { c: kinds.c })))
  assert.match(schemaOf(types, 'all'), /Enums: \{\n {6}a_b_c: 'y'\n {6}a_b_c_: 'x' \| "it's"\n {4}\}/)
})

test('no two types have the same name', () => {
  const named = (name: string) => entity(name, { name: text() })
  const types = typesFor(
    module('a', named('tables'), named('line_items'), named('line_1'), named('line1')),
    module('b', named('line_items'), named('a_v1_line_items')),
  )
  const names = [...types.matchAll(/^(?:export )?type (\w+)/gm)].map(([, name]) => name)
  assert.deepEqual(
    names.filter((name, index) => names.indexOf(name) !== index),
    [],
  )
  assert.ok(names.includes('AV1TablesRow'), names.join())
})

test('a relation to a module that is not shown is not there', () => {
  const set = createModuleSet(clientModules)
  const types = typesOf([set.get('crm@1')])
  assert.doesNotMatch(types, /cities/)
  assert.match(declared(types, 'CustomersRow'), /city_id: string \| null/)
})

test('what a module publishes of another is there once, and among the views where it is only read; APIs are schemas', () => {
  const people = entity('people', { name: text() })
  const team = defineModule({ name: 'team', version: '1.0.0', entities: [people] })
  const work = defineModule({
    ...{ name: 'work', version: '1.0.0', dependsOn: ['team@1'], publishes: ['team.people.read'] },
    entities: [entity('tasks', { person_id: reference(() => people) })],
  })
  const apis = { planner: ['work.tasks', 'team.people.read'], reader: ['team.people.read'] }
  const product = { modules: publishModules(createModuleSet([team, work]), apis), config: { products: apis } }
  const { text: both } = typesOfModules(product, [])
  assert.equal([...both.matchAll(/^export type PeopleRow\b/gm)].length, 1)
  assert.match(schemaOf(both, 'public'), /Tables: \{\n {6}people: \{\n {8}Row: PeopleRow\n {8}Insert: PeopleInsert/)
  assert.match(schemaOf(both, 'work'), /Views: \{\n {6}people: \{\n {8}Row: PeopleRow\n {8}Relationships/)
  assert.match(schemaOf(both, 'planner'), /Tables: \{\n {6}tasks: \{[\s\S]*Views: \{\n {6}people: \{/)
  assert.match(schemaOf(both, 'reader'), /Tables: \{\n {6}\[_ in never\]: never\n {4}\}\n {4}Views: \{\n {6}people: \{/)
  assert.doesNotMatch(schemaOf(both, "'reader@1'"), /tasks/)
  const { text: alone } = typesOfModules(product, ['work@1'])
  assert.match(schemaOf(alone, 'public'), /Views: \{\n {6}people: \{/)
})

const program = `import { PostgrestClient } from '@supabase/postgrest-js'
import { createClient } from '@supabase/supabase-js'
import type { CustomersRow, Database, Enums, Tables, TablesInsert, TablesUpdate } from './database.ts'

const client = new PostgrestClient<Database>('http://localhost/acme/rest/v1')
const supabase = createClient<Database>('http://localhost/acme', 'key')

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <A, B>(_: Same<A, B>) => {}

same<Tables<'customers'>, CustomersRow>(true)
same<Tables<{ schema: 'crm@1' }, 'users'>['username'], string>(true)
same<TablesInsert<'profiles'>['motto'], string>(true)
same<TablesUpdate<{ schema: 'club' }, 'users'>['nickname'], string | undefined>(true)
same<Enums<'customers_status'>, 'lead' | 'active' | 'inactive'>(true)
same<Enums<{ schema: 'crm@1' }, 'customers_status'>, CustomersRow['status']>(true)
// @ts-expect-error there is no such field
same<Enums<'customers_state'>, never>(true)

export async function read() {
  const { data } = await client.from('customers').select('title, credit, cities(name), profiles(motto), orders(total)').single()
  if (!data) return
  same<typeof data.title, string>(true)
  same<typeof data.credit, number>(true)
  same<typeof data.cities, { name: string } | null>(true)
  same<typeof data.profiles, { motto: string } | null>(true)
  same<typeof data.orders, { total: number }[]>(true)
  // @ts-expect-error not selected
  data.email
  const orders = await supabase.from('orders').select('place, customers(title, referrer_id(title), cities(name))')
  const order = orders.data?.[0]
  if (!order) return
  same<typeof order.customers, { title: string; referrer_id: { title: string } | null; cities: { name: string } | null }>(true)
  const within = await supabase.schema('crm@1').from('customers').select('cities(name)').single()
  same<NonNullable<typeof within.data>['cities'], { name: string } | null>(true)
  const unrelated = await client.from('cities').select('name, profiles(motto)').single()
  // @ts-expect-error there is no relation between them
  unrelated.data?.profiles.motto
}

export async function write() {
  await client.from('customers').insert({ title: 'a', email: 'b', credit: '1.50', visits: 3, tags: ['x'], details: { a: [1] } })
  await client.from('customers').update({ deleted_at: null, city_id: null, revision: 3 }).eq('status', 'lead')
  await client.from('orders').upsert({ customer_id: 'x', place: 1, total: 2 }, { onConflict: 'customer_id,place' })
  await supabase.schema('club').from('users').insert([{ nickname: 'x' }])
  // @ts-expect-error the e-mail address is missing
  await client.from('customers').insert({ title: 'a' })
  // @ts-expect-error it is one of three texts
  await client.from('customers').insert({ title: 'a', email: 'b', status: 'dead' })
  // @ts-expect-error the platform fills it in
  await client.from('customers').update({ created_at: '2020-01-01' })
  // @ts-expect-error the key never changes
  await client.from('customers').update({ id: 'x' })
  // @ts-expect-error nobody names a tenant
  await client.from('customers').insert({ title: 'a', email: 'b', tenant_id: 'globex' })
  // @ts-expect-error null restores, nothing deletes so
  await client.from('customers').update({ deleted_at: '2020-01-01' })
  // @ts-expect-error age is a number
  await client.from('customers').select().eq('age', 'old')
}

// @ts-expect-error two modules have users: they are not in public
client.from('users')
// @ts-expect-error there is no such module
client.schema('nothing')
// @ts-expect-error of another module: it can be embedded, not written
client.schema('crm').from('cities').insert({ name: 'x' })
`

test('the clients of Supabase take the types, and refuse what the server would refuse', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tenantry-types-'))
  try {
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    writeFileSync(join(folder, 'database.ts'), typesFor(...clientModules))
    writeFileSync(join(folder, 'everything.ts'), typesFor(module('all', things), ...clientModules))
    writeFileSync(join(folder, 'program.ts'), program)
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          ...{ target: 'es2024', lib: ['es2024', 'dom'], module: 'nodenext', types: [], strict: true, noEmit: true },
          ...{ skipLibCheck: true, allowImportingTsExtensions: true, exactOptionalPropertyTypes: true },
        },
        include: ['*.ts'],
      }),
    )
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    const { stdout } = await promisify(execFile)(process.execPath, [tsc, '-p', folder], { timeout: 60_000 }).catch(
      (error: { stdout: string }) => error,
    )
    assert.equal(stdout, '')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
