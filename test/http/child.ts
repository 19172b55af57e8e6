import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const bin = fileURLToPath(new URL('../../bin/tenantry.js', import.meta.url))

/** A product with one module, whose slow route writes after a while. */
const files = {
  'package.json': '{ "type": "module" }',
  'tenantry.config.ts': `import { defineConfig } from 'tenantry'
const subscribe = ['things@1']
export default defineConfig({ name: 'Things', development: { tenants: { acme: { subscribe }, globex: { subscribe } } } })
`,
  'modules/things/v1/module.ts': `import { defineModule, entity, integer, text } from 'tenantry'
import { setTimeout as sleep } from 'node:timers/promises'
const things = entity('things', { code: text().unique(), round: integer(), filler: text() })
export default defineModule({
  name: 'things', version: '1.0.0', entities: [things], access: { admin: 'tenant_writer' },
  routes: app => {
    app.post('/slow', async ({ tenant }) => {
      await sleep(1_000)
      return tenant.insert(things, { code: 'slow', round: 0, filler: '' })
    })
  },
})
`,
}

/** The folder of that product; the embedded server's account can walk into it. */
export function makeProductFolder(): { readonly dir: string; remove(): void } {
  const dir = mkdtempSync(join(tmpdir(), 'tenantry-life-'))
  chmodSync(dir, 0o755)
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true })
    writeFileSync(join(dir, path), content)
  }
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) }
}

export interface Child {
  readonly process: ChildProcess
  /** Exit code and all that was said. */
  readonly ended: Promise<{ readonly code: number | null; readonly said: string }>
}

export interface ServingChild extends Child {
  readonly url: string
  /** Of acme's admin. */
  readonly token: string
}

/** `tenantry …` as a process of its own, with nothing of our environment but the path. */
function launch(dir: string, args: readonly string[], variables: NodeJS.ProcessEnv = {}): Child {
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(process.execPath, [bin, ...args], {
    cwd: dir,
    env: { PATH, HOME, PUBLIC_URL: 'http://things.test', ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
    killSignal: 'SIGKILL',
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', text => {
      said += text
      child.emit('said', said)
    })
  }
  return { process: child, ended: new Promise(resolve => child.once('close', code => resolve({ code, said }))) }
}

/** Starts a server and waits until it serves. */
export async function start(dir: string, variables: NodeJS.ProcessEnv = {}): Promise<ServingChild> {
  const child = launch(dir, ['start', '--port', '0', '--json'], variables)
  const ready = new Promise<{ url: string; token: string }>(resolve => {
    child.process.on('said', (said: string) => {
      const [, url] = /"url":"(http:[^"]+)"/.exec(said) ?? []
      const [, token] = /Bearer ([\w.-]+)/.exec(said) ?? []
      if (url !== undefined && token !== undefined) resolve({ url, token })
    })
  })
  const first = await Promise.race([ready, child.ended])
  if ('said' in first) throw new Error(`It ended with ${first.code}: ${first.said}`)
  return { ...child, ...first }
}
