import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'

/** A file of a page that we serve, as it is and packed. */
export interface PageFile {
  readonly type: string
  readonly etag: string
  readonly plain: Buffer
  readonly packed: Buffer
}

export interface PageSource {
  readonly type: string
  read(): Promise<Buffer | string>
}

export const scriptType = 'text/javascript; charset=utf-8'
export const styleType = 'text/css; charset=utf-8'

/** Finds files by name, each read when it is first asked for; undefined for what is no file of the page. */
export function createPageFiles(
  sources: Readonly<Record<string, PageSource>>,
): (name: string) => Promise<PageFile> | undefined {
  const kept = new Map<string, Promise<PageFile>>()
  return name => {
    if (!Object.hasOwn(sources, name)) return undefined
    const source = sources[name]
    if (!source) return undefined
    let file = kept.get(name)
    if (!file) {
      file = readPageFile(source)
      kept.set(name, file)
    }
    return file
  }
}

async function readPageFile({ type, read }: PageSource): Promise<PageFile> {
  const plain = Buffer.from(await read())
  const etag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 16)}"`
  return { type, etag, plain, packed: await promisify(gzip)(plain) }
}
