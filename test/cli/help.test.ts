import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { findCommand } from '../../src/cli/find-command.ts'
import { parseInput } from '../../src/cli/parse-input.ts'
import { commands } from '../../src/cli/table.ts'
import { TenantryError } from '../../src/core/errors.ts'
import { runWarm as run } from './warm.ts'

test('help lists every command once, with the exit codes', async () => {
  const { code, stdout, stderr } = await run(['--help'])
  assert.equal(code, 0)
  assert.equal(stderr, '')
  for (const { path, summary } of commands) assert.match(stdout, new RegExp(`^  ${path} +${summary}$`, 'm'))
  assert.match(stdout, /^ {2}4 {2}it cannot be done/m)
  assert.ok(stdout.split('\n').every(line => line.length <= 100))
})

test('no words at all are a question for help', async () => {
  assert.deepEqual(await run([]), await run(['help']))
})

test('every command explains itself, with an example that its own rules accept', async () => {
  for (const { path, load } of commands) {
    const command = await load()
    assert.ok(command.examples.length > 0, path)
    for (const example of command.examples) {
      assert.ok(example.startsWith(path), example)
      const words = example.slice(path.length).match(/"[^"]*"|\S+/g) ?? []
      parseInput(path, command, words)
    }
  }
})

for (const args of [
  ['tenant', 'add', '--help'],
  ['help', 'tenant', 'add'],
  ['--help', 'tenant', 'add'],
  ['tenant', 'add', 'acme', '--name', 'x', '-h'],
]) {
  test(`"${args.join(' ')}" explains one command`, async () => {
    const { code, stdout } = await run(args)
    assert.equal(code, 0)
    assert.match(stdout, /^Make a tenant\./)
    assert.match(stdout, /Usage: tenantry tenant add <key> \[options\]/)
    assert.match(stdout, /--subscribe <module> +A module to run/)
  })
}

test('a group of commands explains itself', async () => {
  const { code, stdout } = await run(['tenant', '--help'])
  assert.equal(code, 0)
  assert.match(stdout, /tenant suspend/)
  assert.doesNotMatch(stdout, /module new/)
})

test('the version is that of the package', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  assert.deepEqual(await run(['--version']), { code: 0, stdout: `${version}\n`, stderr: '' })
})

const wrong: readonly (readonly [line: string, message: RegExp, hint: RegExp])[] = [
  ['tenent list', /no command "tenent"/, /Did you mean "tenant list"\?/],
  ['tenant lsit', /no command "tenant lsit"/, /Did you mean "tenant list"\?/],
  ['add acme', /no command "add"/, /Did you mean "tenant add"\?/],
  ['tenant', /Which command of "tenant"/, /tenant add, tenant list/],
  ['frobnicate', /no command "frobnicate"/, /tenantry --help/],
  ['help frobnicate', /no command "frobnicate"/, /tenantry --help/],
  ['--jsn tenant list', /no option "--jsn"/, /Did you mean --json\?/],
  ['token acme --rol admin', /no option "--rol"/, /Did you mean --role\?/],
  ['token acme --constructor', /no option "--constructor"/, /token --help/],
  ['token', /<tenant> is missing/, /token --help/],
  ['subscribe', /<tenant> and <module> are missing/, /subscribe --help/],
  ['tenant show acme globex', /"globex" is one argument too many/, /tenant show --help/],
  ['tenant add acme --name', /--name needs a value/, /tenant add --help/],
  ['tenant add acme --name --yes', /--name needs a value/, /--name=--yes/],
  ['tenant add acme --name= ', /--name needs a value/, /tenant add --help/],
  ['tenant add acme --name a --name b', /--name is given twice/, /tenant add --help/],
  ['tenant list --version', /no option "--version"/, /tenant list --help/],
  ['tenant list --yes=1', /--yes takes no value/, /tenant list --help/],
]
for (const [line, message, hint] of wrong) {
  test(`"${line}" is refused and says what to do`, async () => {
    await assert.rejects(understand(line.split(' ').filter(Boolean)), (error: unknown) => {
      assert.ok(error instanceof TenantryError)
      assert.equal(error.code, 'invalid')
      assert.match(error.message, message)
      assert.match(error.hint ?? '', hint)
      return true
    })
  })
}

/** As far as `main` goes before it does anything. */
async function understand(argv: readonly string[]): Promise<void> {
  const found = findCommand(argv, commands)
  if (found.kind === 'command') parseInput(found.entry.path, await found.entry.load(), found.rest)
}

test('a usage error is 2, with the hint on standard error', async () => {
  assert.deepEqual(await run(['tenant', 'lsit']), {
    code: 2,
    stdout: '',
    stderr: 'error: There is no command "tenant lsit"\nhint: Did you mean "tenant list"?\n',
  })
})

test('values are checked before anything is opened', async () => {
  const { code, stderr } = await run(['token', 'acme', '--expires', '3w'])
  assert.equal(code, 2)
  assert.match(stderr, /^error: "3w" is not a time\nhint: .*30m, 1h, 7d\n$/)
})

test('with --json a usage error is JSON', async () => {
  const { code, stdout, stderr } = await run(['tenant', 'lsit', '--json'])
  assert.equal(code, 2)
  assert.equal(stdout, '')
  assert.deepEqual(JSON.parse(stderr), {
    error: {
      code: 'invalid',
      message: 'There is no command "tenant lsit"',
      details: null,
      hint: 'Did you mean "tenant list"?',
    },
  })
})
