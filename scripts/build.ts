import { spawnSync } from 'node:child_process'
import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'

/** Makes `dist` from `src` and refuses to leave one behind that could not be published. */
const root = fileURLToPath(new URL('../', import.meta.url))
const dist = join(root, 'dist')
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

rmSync(dist, { recursive: true, force: true })
const compiler = join(root, 'node_modules/typescript/bin/tsc')
const compiled = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' })
if (compiled.status === 0) rewriteDeclarations()
const problems =
  compiled.status === 0 ? [...importsOfSources(), ...missingTargets(), ...(await lint())] : ['tsc failed']

if (problems.length > 0) rmSync(dist, { recursive: true, force: true })
for (const problem of problems) console.error(problem)
console.log(
  problems.length > 0 ? 'There is no dist.' : `dist holds ${globSync('**/*.js', { cwd: dist }).length} modules.`,
)
process.exitCode = problems.length > 0 ? 1 : 0

/** The compiler rewrites `./x.ts` to `./x.js` in modules and leaves it in declarations, where not every reader finds it. */
function rewriteDeclarations(): void {
  for (const file of globSync('**/*.d.ts', { cwd: dist })) {
    const text = readFileSync(join(dist, file), 'utf8')
    writeFileSync(join(dist, file), text.replace(/(\b(?:from|import)\s*\(?\s*(['"])\.[^'"]+)\.ts\2/g, '$1.js$2'))
  }
}

/** Node strips no types below node_modules, so nothing published may ask it to. */
function importsOfSources(): string[] {
  const imported = /(?:from|import)\s*\(?\s*(['"])[^'"]+(?<!\.d)\.ts\1/
  const template = /`(?:\\[\s\S]|[^`\\])*`/g // Text of files that `module new` writes is no import of ours.
  return globSync('**/*.{js,d.ts}', { cwd: dist })
    .filter(file => imported.test(readFileSync(join(dist, file), 'utf8').replace(template, '')))
    .map(file => `dist/${file} imports a .ts file`)
}

function missingTargets(): string[] {
  return [...targetsOf(manifest.exports), ...targetsOf(manifest.bin)]
    .filter(target => !existsSync(join(root, target)))
    .map(target => `package.json names ${target}, which does not exist`)
}

function targetsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(targetsOf) : []
}

/** `pack: false`: packing would build again. What is packed is checked by check-package.ts. */
async function lint(): Promise<string[]> {
  const { messages } = await publint({ pkgDir: root, strict: true, pack: false })
  return messages.map(message => `publint: ${formatMessage(message, manifest) ?? message.code}`)
}
