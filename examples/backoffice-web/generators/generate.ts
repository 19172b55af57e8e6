import { execFileSync } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { preset } from '@graphql-codegen/client-preset'
import { codegen } from '@graphql-codegen/core'
import { buildSchema, parse } from 'graphql'
import openapiTS, { astToString } from 'openapi-typescript'

/** Writes ../src/generated; with --check it changes nothing, and fails when something there is not what would be written. */
const root = fileURLToPath(new URL('../../../', import.meta.url))
const source = fileURLToPath(new URL('../src/', import.meta.url))
const check = process.argv.includes('--check')
const mark = '// Made by "npm run generate". Make it anew instead of changing it.\n\n'

/** What the page talks to: the modules of a tenant like acme. */
const modules = ['--modules', 'customers@1,products@1,invoices@1']

/** What Tenantry writes, without a server or a database: the definitions say all of it. */
const described = {
  'database.ts': tenantry('types', ...modules),
  'products.json': tenantry('openapi', 'products@1', ...modules, '--role', 'admin'),
  'schema.graphql': tenantry('graphql-schema', ...modules, '--role', 'admin'),
}
/** What the generators make of it. */
const made = {
  'products.ts': await pathsOf(described['products.json']),
  'graphql.ts': await documentsFor(described['schema.graphql']),
}
if (check) compile('paths of everything', await pathsOf(tenantry('openapi')))

const stale = Object.entries({ ...described, ...made }).filter(([name, text]) =>
  isStale(join(source, 'generated', name), text),
)
for (const [name] of stale) console.log(`${check ? 'Out of date' : 'Wrote'}: src/generated/${name}`)
if (check && stale.length > 0) {
  console.error('Say: npm run generate --workspace examples/backoffice-web')
  process.exitCode = 1
}

function isStale(file: string, text: string): boolean {
  if (globSync(file).length > 0 && readFileSync(file, 'utf8') === text) return false
  if (!check) writeFileSync(file, text)
  return true
}

function tenantry(...args: string[]): string {
  const command = [join(root, 'bin/tenantry.js'), ...args, '--dir', join(root, 'examples/backoffice')]
  return execFileSync(process.execPath, command, { encoding: 'utf8', maxBuffer: 2 ** 26 })
}

/** A field with a default may be left out of a new row; a JSON object may have members. */
async function pathsOf(document: string): Promise<string> {
  const tree = await openapiTS(document, { defaultNonNullable: false, emptyObjectsUnknown: true })
  return mark + astToString(tree)
}

/** Types of src/documents/*.graphql, and the documents themselves as text. One with a field that is not there is refused. */
async function documentsFor(sdl: string): Promise<string> {
  const documents = globSync('documents/*.graphql', { cwd: source })
    .sort()
    .map(file => {
      const rawSDL = readFileSync(join(source, file), 'utf8')
      return { location: file, document: parse(rawSDL), rawSDL }
    })
  const [types] = await preset.buildGeneratesSection({
    baseOutputDir: 'generated/',
    schema: parse(sdl),
    schemaAst: buildSchema(sdl),
    documents,
    plugins: [],
    pluginMap: {},
    presetConfig: { fragmentMasking: false, skipIndexFile: true },
    config: {
      documentMode: 'string',
      enumsAsTypes: true,
      useTypeImports: true,
      strictScalars: true,
      // Those that keep all their digits are texts.
      scalars: {
        BigInt: 'string',
        Bytes: 'string',
        Date: 'string',
        DateTime: 'string',
        Decimal: 'string',
        JSON: 'unknown',
        UUID: 'string',
      },
    },
  })
  if (!types) throw new Error('The preset makes no types')
  return mark + (await codegen(types))
}

function compile(what: string, text: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'tenantry-generated-'))
  try {
    writeFileSync(join(folder, 'types.ts'), text)
    const compiler = join(root, 'node_modules/typescript/bin/tsc')
    const options = ['--noEmit', '--strict', '--target', 'es2024', '--ignoreConfig']
    execFileSync(process.execPath, [compiler, ...options, join(folder, 'types.ts')], { stdio: 'inherit' })
    console.log(`Compiled: ${what}`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
