import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { pageScript } from './script.ts'
import { pageStyle } from './style.ts'

/** A file of the page, as it is and packed. */
export interface PageFile {
  readonly type: string
  readonly etag: string
  readonly plain: Buffer
  readonly packed: Buffer
}

const script = 'text/javascript; charset=utf-8'
const style = 'text/css; charset=utf-8'
/** The library's files, without the Fastify plugin that they come with. */
const ofLibrary = (url: string) => () => readFile(fileURLToPath(url))

const sources: ReadonlyMap<string, { readonly type: string; read(): Promise<Buffer> }> = new Map([
  [
    'swagger-ui.js',
    { type: script, read: ofLibrary(import.meta.resolve('@fastify/swagger-ui/static/swagger-ui-bundle.js')) },
  ],
  [
    'swagger-ui.css',
    { type: style, read: ofLibrary(import.meta.resolve('@fastify/swagger-ui/static/swagger-ui.css')) },
  ],
  ['page.js', { type: script, read: async () => Buffer.from(pageScript) }],
  ['page.css', { type: style, read: async () => Buffer.from(pageStyle) }],
])

const kept = new Map<string, Promise<PageFile>>()

/** Read when it is first asked for; undefined for what is no file of the page. */
export function findPageFile(name: string): Promise<PageFile> | undefined {
  const source = sources.get(name)
  if (!source) return undefined
  let file = kept.get(name)
  if (!file) {
    file = readPageFile(source)
    kept.set(name, file)
  }
  return file
}

async function readPageFile({ type, read }: { type: string; read(): Promise<Buffer> }): Promise<PageFile> {
  const plain = await read()
  const etag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 16)}"`
  return { type, etag, plain, packed: await promisify(gzip)(plain) }
}
