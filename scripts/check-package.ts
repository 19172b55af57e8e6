import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** Packs the package, installs it in an empty folder outside and uses it there as somebody would who knows only npm. */
const root = fileURLToPath(new URL('../', import.meta.url))
const place = mkdtempSync(join(tmpdir(), 'tenantry-package-'))
chmodSync(place, 0o755) // PostgreSQL's own account must be able to reach its data.
const outside = Object.entries(process.env).filter(
  ([name]) => !/^(npm_|node_options$|database_url$|tenantry_)/i.test(name),
)
/** This Node, and nothing of the checkout. */
const path = (process.env.PATH ?? '').split(delimiter).filter(folder => !folder.includes('node_modules'))
const env = { ...Object.fromEntries(outside), PATH: [dirname(process.execPath), ...path].join(delimiter), PORT: '0' }

try {
  say('pack')
  run('npm', ['pack', '--silent', '--pack-destination', place], root)
  const [tarball = ''] = readdirSync(place)
  assert.ok(tarball.endsWith('.tgz'))
  const listed = run('tar', ['-tzf', tarball]).split('\n')
  for (const file of ['package.json', 'LICENSE', 'README.md', 'bin/tenantry.js', 'dist/index.js', 'dist/index.d.ts'])
    assert.ok(listed.includes(`package/${file}`), `${file} is not in the package`)
  const stray = listed.filter(file => /\.(?<!\.d\.)ts$|^package\/(src|test|scripts|examples)\//.test(file))
  assert.deepEqual(stray, [], 'these should not be in the package')

  say('install')
  writeFileSync(join(place, 'package.json'), '{ "private": true, "type": "module" }\n')
  run('npm', ['install', '--no-audit', '--no-fund', `./${tarball}`])

  say('import')
  run('node', [
    '--eval',
    "for (const name of ['', '/data/postgres', '/stores', '/kysely', '/testing']) await import('tenantry' + name)",
  ])

  say('npx tenantry --help')
  assert.match(tenantry('--help'), /tenant add/)

  say('npx tenantry module new')
  tenantry('module', 'new', 'tasks', '--yes')
  typeCheck()

  say('npx tenantry start, and first requests')
  await startAndAsk()
  console.log('The package works where it is installed.')
} finally {
  rmSync(place, { recursive: true, force: true })
}

function say(title: string): void {
  console.log(`- ${title}`)
}

function run(command: string, args: readonly string[], cwd = place): string {
  return execFileSync(command, args, {
    cwd,
    env,
    encoding: 'utf8',
    timeout: 240_000,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

function tenantry(...args: string[]): string {
  return run('npx', ['--no-install', 'tenantry', ...args])
}

/** What `module new` wrote must be right against the declarations that we publish. */
function typeCheck(): void {
  const strict = ['--strict', '--noEmit', '--skipLibCheck', '--target', 'es2024', '--module', 'nodenext']
  const options = [...strict, '--allowImportingTsExtensions', '--erasableSyntaxOnly', '--verbatimModuleSyntax']
  const sources = readdirSync(place, { recursive: true, encoding: 'utf8' }).filter(
    file => file.endsWith('.ts') && !file.startsWith('node_modules'),
  )
  assert.ok(sources.length >= 2, 'module new wrote no module')
  run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...options, ...sources])
}

/** Starts the product on the embedded database, uses it with a token, and ends it as a supervisor would. */
async function startAndAsk(): Promise<void> {
  const server = spawn(process.execPath, ['node_modules/tenantry/bin/tenantry.js', 'start', '--json'], {
    cwd: place,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise<number | null>(resolve => server.on('close', resolve))
  const limit = setTimeout(() => server.kill('SIGKILL'), 120_000)
  try {
    const url = await findUrl(server.stdout)
    const { token } = JSON.parse(tenantry('token', 'acme', '--role', 'admin', '--json'))
    const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }
    const ask = (tenant: string, body?: string) =>
      fetch(`${url}/${tenant}/tasks/v1/tasks`, { headers, ...(body === undefined ? {} : { method: 'POST', body }) })
    assert.equal((await ask('acme', '{"title":"The first"}')).status, 201)
    assert.match(await (await ask('acme')).text(), /"title":"The first"/)
    assert.equal((await ask('globex')).status, 403)
    server.kill('SIGTERM')
    assert.equal(await ended, 0, 'it did not end well')
  } finally {
    clearTimeout(limit)
    server.kill('SIGKILL')
    await ended
  }
}

/** `start --json` says one line, when it is ready. */
async function findUrl(output: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface(output)) {
    output.resume()
    return JSON.parse(line).url
  }
  throw new Error('It ended without saying where it is')
}
