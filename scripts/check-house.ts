import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Rooms (the folders of src) and the others that they may import; itself and `core` every room may. ARCHITECTURE.md says why. */
const floor1 = ['data', 'catalog', 'api', 'identity', 'gateway', 'archive', 'stores', 'verify']
const rooms = new Map<string, readonly string[]>([
  ['core', []],
  ...floor1.map(room => [room, ['core']] as const),
  ['app', ['core', ...floor1]],
  ['cli', ['core', 'app']],
  ['testing', ['core', 'data']], // A real database for each test file: the one exception.
])

// With literals matched as a whole, what looks like a comment or an import inside one is not taken for it.
const comment = /\/\/.*|\/\*[\s\S]*?\*\//
const template = /`(?:\\[\s\S]|\$\{(?:[^{}`]|`(?:\\[\s\S]|[^`\\])*`|\{[^{}]*\})*\}|\$(?!\{)|[^`\\$])*`/
const literal = new RegExp(`'(?:\\\\.|[^'\\\\\\n])*'|"(?:\\\\.|[^"\\\\\\n])*"|${template.source}`)
const regex = /(?<=[(,=:[!&|?{};>]\s*|return )\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\//
const token = new RegExp(`(${comment.source})|(${literal.source})|${regex.source}`, 'g')
const imports = /^\s*(?:import|export)\s(?:[^'"`;]*?\bfrom\s)?\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm
const reexport = /^export\s(?:type\s)?(?:\*|\{[^}]*\})[^'"]*\sfrom\s'[^']+'$/gm

const objects =
  'table|role|policy|schema|index|unique|function|type|trigger|view|database|extension|sequence|or replace'
const statements = [
  'select\\s(?:[\\s\\S]*?\\s)?from\\s|select\\s+(?:\\w+\\(|\\d|\\$\\{)|with\\s[\\s\\S]*?\\sas\\s*\\(|insert\\s+into\\s|delete\\s+from\\s',
  `update\\s[\\s\\S]{1,80}?\\sset\\s|(?:create|alter|drop)\\s+(?:\\$\\{[^}]*\\})?(?:${objects})\\s|truncate\\s|lock\\s+table\\s`,
  '(?:set|reset)\\s+(?:local\\s+)?(?:role|session|constraints)\\b|(?:grant|revoke)\\s[\\s\\S]*?\\s(?:on|to|from)\\s',
].join('|')
// All small or all large letters: "Select a row from the list" is English.
const sql = new RegExp(`(?:^.|[;(\`}\\n])\\s*(?:${statements}|${statements.replace(/\b(?<!\\)[a-z]{2,}/g, shout)})`)

const root = resolve(process.argv[2] ?? fileURLToPath(new URL('../', import.meta.url)))
const source = join(root, 'src')
const files = globSync('**/*.ts', { cwd: source })
  .map(file => file.replaceAll('\\', '/'))
  .sort()
const graph = new Map<string, string[]>()
const problems = files.flatMap(check)
problems.push(...circles())
for (const problem of problems) console.error(problem)
console.log(problems.length > 0 ? `${problems.length} problems` : `The house is in order: ${files.length} files.`)
process.exitCode = problems.length > 0 ? 1 : 0

function shout(word: string): string {
  return word.toUpperCase()
}

function check(file: string): string[] {
  const room = roomOf(file)
  const text = readFileSync(join(source, file), 'utf8')
  const code = text.replace(token, (whole, commented) => (commented === undefined ? whole : ''))
  const found = [...code.matchAll(imports)].map(([, named, dynamic]) => named ?? dynamic ?? '')
  graph.set(file, [])
  const wrong = found.map(specifier => judge(file, room, specifier)).filter(problem => problem !== undefined)
  if (room === undefined && file !== 'index.ts') wrong.push('lies in no room that scripts/check-house.ts knows')
  if (file === 'index.ts' && code.replace(reexport, '').trim() !== '') wrong.push('may hold re-exports only')
  const literals = [...text.matchAll(token)].map(([, , quoted]) => quoted ?? '')
  // A database for each test file has to be made and dropped: the exception of `testing` again.
  if (room !== 'data' && room !== 'testing') {
    const statement = literals.find(quoted => sql.test(quoted))
    if (statement !== undefined) wrong.push(`holds SQL, which belongs in src/data: ${statement.slice(0, 60)}`)
  }
  return wrong.map(problem => `src/${file}: ${problem}`)
}

function judge(file: string, room: string | undefined, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) {
    if (/^tenantry(\/|$)/.test(specifier)) return `imports our own front door ${specifier}`
    return room === 'core' ? `core imports nothing but itself, and this is ${specifier}` : undefined
  }
  const target = relative(source, resolve(source, dirname(file), specifier)).replaceAll('\\', '/')
  graph.get(file)?.push(target)
  if (target.startsWith('..')) return `imports ${specifier}, which lies outside src`
  if (target === 'index.ts') return 'imports our own front door src/index.ts'
  const other = roomOf(target)
  if (room === undefined || other === undefined || other === room || rooms.get(room)?.includes(other)) return undefined
  return `${room} may not import ${other} (${specifier})`
}

function roomOf(file: string): string | undefined {
  const [room = '', inside] = file.split('/')
  return inside !== undefined && rooms.has(room) ? room : undefined
}

/** Each circle of imports once, those of types included: files in one are read only together. */
function circles(): string[] {
  const done = new Set<string>()
  const found: string[] = []
  const visit = (file: string, path: readonly string[]): void => {
    const start = path.indexOf(file)
    if (start >= 0) found.push(`src/${file}: imports itself through ${[...path.slice(start + 1), file].join(' -> ')}`)
    if (start >= 0 || done.has(file)) return
    for (const next of graph.get(file) ?? []) visit(next, [...path, file])
    done.add(file)
  }
  for (const file of files) visit(file, [])
  return found
}
