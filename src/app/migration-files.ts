import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { TenantryError } from '../core/errors.ts'
import { type Migration, migrationNumber } from '../core/migration.ts'
import type { Module } from '../core/module-set.ts'
import type { Product } from './product.ts'

const greatest = 4_194_304

function folderOf({ dir, config }: Product, { name, version }: Pick<Module, 'name' | 'version'>): string {
  return join(resolve(dir, config.modules ?? 'modules'), name, `v${version.major}`, 'migrations')
}

/**
 * The migrations of all modules of a product: `modules/{name}/v{major}/migrations/0001_name.sql` and, beside each,
 * `0001_name.undo.sql`. Throws `invalid` with all files at once that are no such thing.
 */
export async function readMigrations(product: Product): Promise<readonly Migration[]> {
  const problems: string[] = []
  const found: Migration[] = []
  for (const module of product.modules.modules) found.push(...(await readFolder(product, module, problems)))
  if (problems.length === 0) return found
  throw new TenantryError('invalid', 'There are files among the migrations that are none', {
    details: problems.join('\n'),
    hint: 'They are called 0001_what_it_does.sql and 0001_what_it_does.undo.sql: small letters, digits and "_"',
  })
}

async function readFolder(product: Product, module: Module, problems: string[]): Promise<Migration[]> {
  const folder = folderOf(product, module)
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  const say = (name: string, message: string) =>
    problems.push(`${JSON.stringify(relative(product.dir, join(folder, name))).slice(1, -1)}: ${message}`)
  const texts = new Map<string, string>()
  for (const entry of entries.filter(({ name }) => !name.startsWith('.'))) {
    const name = /^(.*?)(\.undo)?\.sql$/.exec(entry.name)?.[1]
    if (!entry.isFile() || name === undefined || migrationNumber(name) === undefined) {
      say(entry.name, 'this is not the name of a migration')
      continue
    }
    const text = await readText(join(folder, entry.name))
    if (typeof text === 'string') texts.set(entry.name, text)
    else say(entry.name, text.fault)
  }
  return [...texts].flatMap(([file, text]) => {
    const name = file.replace(/(\.undo)?\.sql$/, '')
    const isUndo = file.endsWith('.undo.sql')
    if (isUndo && !texts.has(`${name}.sql`)) say(file, `there is no ${name}.sql that it could take back`)
    if (isUndo) return []
    const number = migrationNumber(name) ?? 0
    return [
      {
        module: module.id,
        number,
        name,
        text,
        undo: texts.get(`${name}.undo.sql`) ?? null,
        checksum: checksumOf(text),
      },
    ]
  })
}

async function readText(file: string): Promise<string | { readonly fault: string }> {
  const bytes = await readFile(file)
  if (bytes.length > greatest) return { fault: 'it has more than 4 MB' }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return text.includes('\0') ? { fault: 'it holds a NUL' } : text.replaceAll('\r\n', '\n')
  } catch {
    return { fault: 'it is not UTF-8' }
  }
}

function checksumOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Writes new migrations, all of them or none; never over a file that is there. Answers their paths. */
export async function writeMigrations(product: Product, migrations: readonly Migration[]): Promise<readonly string[]> {
  const written: string[] = []
  try {
    for (const { module: id, name, text, undo } of migrations) {
      const folder = folderOf(product, product.modules.get(id))
      await mkdir(folder, { recursive: true })
      for (const [end, content] of [
        ['.sql', text],
        ['.undo.sql', undo ?? ''],
      ]) {
        const file = join(folder, name + end)
        await writeFile(file, content ?? '', { flag: 'wx' })
        written.push(file)
      }
    }
    return written
  } catch (error) {
    for (const file of written) await rm(file, { force: true })
    const details = error instanceof Error ? error.message : null
    throw new TenantryError('conflict', 'The migrations cannot be written', { details, cause: error })
  }
}
