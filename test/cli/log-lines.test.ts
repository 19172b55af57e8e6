import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

const file = join(import.meta.dirname, '../../src/app/log.ts')

/** What a process that logs has written when it has ended in this way. */
function linesOf(end: string): readonly { readonly tenant?: string; readonly count?: number; readonly msg?: string }[] {
  const code = `
    const { createLog } = await import(${JSON.stringify(file)})
    const [some, others] = [createLog('info'), createLog('info')]
    for (let count = 0; count < 1000; count++)
      (count % 2 ? some : others).info({ tenant: count % 2 ? 'acme' : 'globex', count }, 'Grüße')
    ${end}`
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' })
  return stderr
    .split('\n')
    .filter(line => line.startsWith('{'))
    .map(line => JSON.parse(line))
}

for (const [how, end] of [
  ['has nothing more to do', ''],
  ['exits', 'process.exit(3)'],
  ['fails', `throw new Error('unforeseen')`],
  [
    'exits while threads that could write are busy',
    `const { pbkdf2 } = await import('node:crypto')
    for (let thread = 0; thread < 8; thread++) pbkdf2('', '', 300_000, 32, 'sha512', () => {})
    some.info('these are busy')
    setTimeout(() => process.exit(), 150)`,
  ],
  ['is killed after it has said why', `some.fatal('no more'); process.kill(process.pid, 'SIGKILL')`],
] as const) {
  test(`all that was logged is written, in its order, when the process ${how}`, () => {
    const lines = linesOf(end)
    assert.deepEqual(
      lines.filter(({ count }) => count !== undefined).map(({ tenant, count, msg }) => [tenant, count, msg]),
      Array.from({ length: 1_000 }, (_, count) => [count % 2 ? 'acme' : 'globex', count, 'Grüße']),
    )
    if (end.includes('fatal')) assert.equal(lines.at(-1)?.msg, 'no more')
  })
}
