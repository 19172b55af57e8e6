import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

/** Arguments: options of `node --test`, then patterns of test files; all of them by default. */
const args = process.argv.slice(2)
const options = args.filter(arg => arg.startsWith('-'))
const patterns = args.filter(arg => !arg.startsWith('-'))

const limitMinutes = 25

const runner = spawn(
  process.execPath,
  [
    '--conditions=tenantry-source',
    '--test',
    '--test-global-setup=test/global-setup.ts',
    '--test-concurrency=3',
    '--test-reporter=spec', // Also where there is no terminal: CI reads its last lines.
    ...options,
    ...(patterns.length > 0 ? patterns : ['test/**/*.test.ts']),
  ],
  {
    cwd: new URL('../', import.meta.url),
    stdio: 'inherit',
    // More than a hundred processes load the same sources.
    env: {
      NODE_COMPILE_CACHE: fileURLToPath(new URL('../node_modules/.cache/tenantry', import.meta.url)),
      ...process.env,
    },
  },
)

const limit = setTimeout(async () => {
  console.error(`The tests ran for ${limitMinutes} minutes and were stopped.`)
  runner.kill('SIGTERM')
  await sleep(10_000, undefined, { ref: false })
  runner.kill('SIGKILL')
}, limitMinutes * 60_000)

// Control-C reaches the runner too; it ends by itself and we with it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => runner.kill(signal))

runner.on('close', code => {
  clearTimeout(limit)
  process.exitCode = code ?? 1
})
