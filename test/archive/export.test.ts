import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createArchive, type Exported } from '../../src/archive/export.ts'
import { entity } from '../../src/core/entity.ts'
import { TenantryError } from '../../src/core/errors.ts'
import { text } from '../../src/core/field.ts'
import { createModuleSet, type Entity } from '../../src/core/module-set.ts'

const now = () => new Date('2026-11-20T16:25:45.123Z')
const options = { access: { admin: 'tenant_writer' } } as const
const { modules } = createModuleSet([
  {
    name: 'customers',
    version: '1.4.0',
    entities: [entity('customers', { title: text() }, options), entity('notes', { body: text() }, options)],
  },
  {
    name: 'invoices',
    version: '2.0.1',
    entities: [
      entity('invoices', { number: text() }, options),
      entity('countries', { name: text() }, { scope: 'global', access: { admin: 'tenant_reader' } }),
    ],
  },
])

const rowsOf: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  acme: {
    'customers@1.customers': ['{"id":"1","title":"Wile E. Coyote"}', '{"id":"2","title":"Größe \\n 🚀"}'],
    'invoices@2.invoices': ['{"id":"1",\n"number":"2026-1"}'],
    'tenantry@1.seeded': [
      '{"entity":"","seed_key":""}',
      '{"entity":"customers@1.customers","seed_key":"[\\"1\\"]"}',
      '{"entity":"invoices@1.invoices","seed_key":"[\\"1\\"]"}',
      '{"entity":"invoices@3.invoices","seed_key":"[\\"1\\"]"}',
      '{"entity":"customers_more@1.customers","seed_key":"[\\"1\\"]"}',
    ],
  },
  globex: { 'customers@1.customers': ['{"id":"1","title":"Hank Scorpio"}'] },
}

const archive = createArchive({
  now,
  rows: {
    async snapshot(tenant, entities, onRow) {
      for (const entity of entities) for (const row of rowsOf[tenant]?.[entity.id] ?? []) await onRow(entity, row)
    },
  },
})

const parent = await mkdtemp(join(tmpdir(), 'tenantry-archive-'))
after(() => rm(parent, { recursive: true, force: true }))
const newFolder = () => mkdtemp(join(parent, 'archives-'))

async function exportAcme(): Promise<Exported> {
  return archive.exportTenant({ tenant: 'acme', modules, folder: await newFolder() })
}

function refuses(code: string, message: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof TenantryError, String(error))
    assert.equal(error.code, code)
    assert.match(error.message, message)
    return true
  }
}

test("holds one tenant's rows, one file for each entity, and says what they are", async () => {
  const { folder, manifest } = await exportAcme()
  assert.match(folder, /[\\/]acme-20261120T162545123Z$/)
  assert.deepEqual((await readdir(folder)).sort(), [
    'customers@1.customers.ndjson',
    'customers@1.notes.ndjson',
    'invoices@2.invoices.ndjson',
    'manifest.json',
    'tenantry@1.seeded.ndjson',
  ])
  const markers = await readFile(join(folder, 'tenantry@1.seeded.ndjson'), 'utf8')
  assert.deepEqual(
    markers
      .trim()
      .split('\n')
      .map(line => JSON.parse(line).entity),
    ['customers@1.customers', 'invoices@1.invoices'],
    'of these modules, also from where an upgrade carried rows over',
  )
  const customers = await readFile(join(folder, 'customers@1.customers.ndjson'), 'utf8')
  assert.equal(customers, `${rowsOf.acme?.['customers@1.customers']?.join('\n')}\n`)
  assert.deepEqual(JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')), manifest)
  const { format, tenant, createdAt, modules: versions, entities } = manifest
  assert.deepEqual(
    { format, tenant, createdAt, versions },
    {
      format: 1,
      tenant: 'acme',
      createdAt: '2026-11-20T16:25:45.123Z',
      versions: { 'customers@1': '1.4.0', 'invoices@2': '2.0.1' },
    },
  )
  assert.equal(entities['customers@1.customers']?.rows, 2)
  assert.equal(entities['customers@1.customers']?.bytes, Buffer.byteLength(customers))
  assert.equal(entities['customers@1.notes']?.rows, 0)
})

test('is found to be as it was written', async () => {
  const { folder, manifest } = await exportAcme()
  assert.deepEqual(await archive.verifyArchive(folder), manifest)
})

test('keeps a row on one line, however its JSON was laid out', async () => {
  const { folder } = await exportAcme()
  const [line, rest] = (await readFile(join(folder, 'invoices@2.invoices.ndjson'), 'utf8')).split('\n')
  assert.deepEqual(JSON.parse(line ?? ''), { id: '1', number: '2026-1' })
  assert.equal(rest, '')
})

test('can be read by nobody else', { skip: process.platform === 'win32' }, async () => {
  const { folder } = await exportAcme()
  assert.equal((await stat(folder)).mode & 0o777, 0o700)
  for (const file of await readdir(folder)) assert.equal((await stat(join(folder, file))).mode & 0o777, 0o600, file)
})

test('a flipped bit anywhere in the rows is noticed', async () => {
  const { folder, manifest } = await exportAcme()
  for (const { file, bytes } of Object.values(manifest.entities)) {
    const whole = await readFile(join(folder, file))
    for (let at = 0; at < bytes; at += 1) {
      const flipped = Buffer.from(whole)
      flipped.writeUInt8(flipped.readUInt8(at) ^ 1, at)
      await writeFile(join(folder, file), flipped)
      await assert.rejects(archive.verifyArchive(folder), refuses('conflict', new RegExp(`^${file}`)), `${file}:${at}`)
    }
    await writeFile(join(folder, file), whole)
  }
  await archive.verifyArchive(folder)
})

test('a missing, shortened or foreign file is noticed', async () => {
  const { folder } = await exportAcme()
  const file = join(folder, 'customers@1.customers.ndjson')
  const whole = await readFile(file)
  await truncate(file, whole.length - 1)
  await assert.rejects(archive.verifyArchive(folder), refuses('conflict', /customers@1\.customers\.ndjson ends in/))
  await truncate(file, whole.indexOf('\n') + 1)
  await assert.rejects(archive.verifyArchive(folder), refuses('conflict', /customers@1\.customers\.ndjson has other/))
  await rm(file)
  await assert.rejects(archive.verifyArchive(folder), refuses('conflict', /customers@1\.customers\.ndjson cannot be/))
  await assert.rejects(archive.verifyArchive(parent), refuses('not_found', /no archive/))
})

test('a manifest cannot lead out of its folder', async () => {
  const { folder, manifest } = await exportAcme()
  const notes = manifest.entities['customers@1.notes']
  for (const file of ['../secret', '/etc/passwd', 'customers@1.customers.ndjson']) {
    const entities = { ...manifest.entities, 'customers@1.notes': { ...notes, file } }
    await writeFile(join(folder, 'manifest.json'), JSON.stringify({ ...manifest, entities }))
    await assert.rejects(archive.verifyArchive(folder), refuses('conflict', /manifest\.json/))
  }
})

test('a tenant key cannot lead out of the folder of archives', async () => {
  const folder = await newFolder()
  for (const tenant of ['../acme', 'a/b', '..', '', 'acme\0', 'C:acme']) {
    await assert.rejects(archive.exportTenant({ tenant, modules, folder }), refuses('invalid', /not a tenant key/))
  }
  assert.deepEqual(await readdir(folder), [])
})

test('a snapshot that fails half way leaves nothing behind', async () => {
  const folder = await newFolder()
  const failing = createArchive({
    now,
    rows: {
      async snapshot(_tenant, [first], onRow) {
        for (let row = 0; row < 10_000; row += 1) await onRow(first as Entity, `{"id":${row}}`)
        throw new TenantryError('unavailable', 'The database went away')
      },
    },
  })
  const attempt = failing.exportTenant({ tenant: 'acme', modules, folder })
  await assert.rejects(attempt, refuses('unavailable', /went away/))
  assert.deepEqual(await readdir(folder), [])
})

test('an archive is never written over', async () => {
  const { folder } = await exportAcme()
  const again = archive.exportTenant({ tenant: 'acme', modules, folder: join(folder, '..') })
  await assert.rejects(again, refuses('conflict', /already/))
  assert.equal((await readdir(join(folder, '..'))).length, 1)
  await archive.verifyArchive(folder)
})

test('a place that cannot be written is unavailable', async () => {
  const { folder } = await exportAcme()
  const wish = { tenant: 'acme', modules, folder: join(folder, 'manifest.json', 'inside') }
  await assert.rejects(archive.exportTenant(wish), refuses('unavailable', /cannot be written/))
})

test('200,000 rows pass through constant memory', async () => {
  const padding = 'x'.repeat(500)
  let highest = 0
  const watch = (row: number) => {
    if (row % 1_000 === 0) highest = Math.max(highest, process.memoryUsage().rss)
  }
  const large = createArchive({
    now,
    rows: {
      async snapshot(_tenant, [first], onRow) {
        for (let row = 0; row < 200_000; row += 1) {
          await onRow(first as Entity, `{"id":${row},"title":"${padding}"}`)
          watch(row)
        }
      },
    },
  })
  const before = process.memoryUsage().rss
  const { folder, manifest } = await large.exportTenant({ tenant: 'acme', modules, folder: await newFolder() })
  assert.equal(manifest.entities['customers@1.customers']?.rows, 200_000)
  assert.ok((manifest.entities['customers@1.customers']?.bytes ?? 0) > 100_000_000)
  const watcher = setInterval(() => watch(0), 5)
  await large.verifyArchive(folder)
  clearInterval(watcher)
  assert.ok(highest - before < 80_000_000, `${Math.round((highest - before) / 1e6)} MB more than before`)
})
