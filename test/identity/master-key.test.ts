import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { TenantryError } from '../../src/core/errors.ts'
import { openMasterKey } from '../../src/identity/master-key.ts'
import { fails } from './fails.ts'

const posix = process.platform !== 'win32'
const base = mkdtempSync(join(tmpdir(), 'tenantry-master-key-'))
after(() => rmSync(base, { recursive: true, force: true }))
let count = 0
const newFolder = () => join(base, `${count++}`, '.tenantry')

test('a key in the environment may be base64, base64url or hex, with or without padding and line end', async () => {
  const key = Buffer.from(`${'fb'.repeat(31)}ff`, 'hex')
  const forms = [key.toString('base64'), key.toString('base64').slice(0, 43), key.toString('base64url')]
  for (const text of [...forms, key.toString('hex'), key.toString('hex').toUpperCase(), `${forms[0]}\n`]) {
    assert.deepEqual(await openMasterKey({ folder: '/nowhere', env: { TENANTRY_MASTER_KEY: text } }), key)
  }
})

test('a key of another length or form is refused and not shown', async () => {
  const folder = newFolder()
  const wrong = [
    '',
    '  ',
    randomBytes(31).toString('base64'),
    randomBytes(33).toString('hex'),
    'hunter2'.repeat(6),
    `${'é'.repeat(43)}`,
  ]
  for (const text of wrong) {
    await assert.rejects(openMasterKey({ folder, env: { TENANTRY_MASTER_KEY: text } }), error => {
      assert.ok(fails('invalid', /TENANTRY_MASTER_KEY.*32 bytes/)(error))
      assert.ok(
        text.trim() === '' || !`${(error as TenantryError).stack}${(error as TenantryError).hint}`.includes(text),
      )
      return true
    })
  }
  assert.throws(() => statSync(folder), 'nothing was made')
})

test('the file that the environment names is read, never made', async () => {
  const file = join(base, 'named')
  const env = { TENANTRY_MASTER_KEY_FILE: file }
  await assert.rejects(openMasterKey({ folder: base, env }), fails('invalid', /no master key/))
  const key = randomBytes(32)
  writeFileSync(file, `${key.toString('base64')}\n`, { mode: 0o600 })
  assert.deepEqual(await openMasterKey({ folder: base, env }), key)
  writeFileSync(file, 'too short')
  await assert.rejects(openMasterKey({ folder: base, env }), fails('invalid', /32 bytes/))
})

test('a key that was put where its file belongs is not shown', async () => {
  const key = randomBytes(32).toString('base64url')
  await assert.rejects(openMasterKey({ folder: base, env: { TENANTRY_MASTER_KEY_FILE: key } }), error => {
    assert.ok(error instanceof TenantryError)
    assert.ok(!JSON.stringify([error.stack, error.hint, error.cause]).includes(key))
    return true
  })
})

test('the default key is made once, for its owner only, in a folder for its owner only', async () => {
  const folder = newFolder()
  const key = await openMasterKey({ folder, env: {} })
  assert.equal(key.length, 32)
  assert.deepEqual(await openMasterKey({ folder, env: {} }), key)
  assert.deepEqual(readdirSync(folder), ['master.key'])
  assert.equal(readFileSync(join(folder, 'master.key'), 'utf8'), `${key.toString('base64')}\n`)
  if (posix) {
    assert.equal(statSync(join(folder, 'master.key')).mode & 0o777, 0o600)
    assert.equal(statSync(folder).mode & 0o777, 0o700)
  }
})

test('a key file that others may read or change is refused until its mode is mended', { skip: !posix }, async () => {
  const folder = newFolder()
  const key = await openMasterKey({ folder, env: {} })
  const file = join(folder, 'master.key')
  for (const mode of [0o640, 0o604, 0o660, 0o602, 0o644]) {
    chmodSync(file, mode)
    await assert.rejects(openMasterKey({ folder, env: {} }), fails('invalid', /other users.*chmod 600/))
    await assert.rejects(
      openMasterKey({ folder, env: { TENANTRY_MASTER_KEY_FILE: file } }),
      fails('invalid', /chmod 600/),
    )
  }
  chmodSync(file, 0o400)
  assert.deepEqual(await openMasterKey({ folder, env: {} }), key)
})

test('a folder that cannot be made is named', async () => {
  const file = join(base, 'a-file')
  writeFileSync(file, '')
  await assert.rejects(openMasterKey({ folder: join(file, 'x'), env: {} }), fails('unavailable', /a-file/))
})

test('of many that start at once all get the same key: 40 in one process, 6 processes', async () => {
  const folder = newFolder()
  const keys = await Promise.all(Array.from({ length: 40 }, () => openMasterKey({ folder, env: {} })))
  assert.equal(new Set(keys.map(key => key.toString('hex'))).size, 1)
  assert.deepEqual(readdirSync(folder), ['master.key'])

  const other = newFolder()
  const source = new URL('../../src/identity/master-key.ts', import.meta.url).href
  const code = `const { openMasterKey } = await import(${JSON.stringify(source)})
    process.stdout.write((await openMasterKey({ folder: ${JSON.stringify(other)}, env: {} })).toString('hex'))`
  const outputs = await Promise.all(Array.from({ length: 6 }, () => run(['--input-type=module', '-e', code])))
  assert.equal(new Set(outputs).size, 1)
  assert.match(outputs[0] ?? '', /^[0-9a-f]{64}$/)
  assert.deepEqual(readdirSync(other), ['master.key'])
})

function run(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    child.stdout.on('data', part => {
      text += part
    })
    child.on('error', reject)
    child.on('close', () => resolve(text))
  })
}
