import { createHash, type Hash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import type { ArchivedEntity } from './manifest.ts'

const chunkLength = 64 * 1024

/** One entity's rows on their way to a file. */
export class EntityWriter {
  readonly #handle: FileHandle
  readonly #file: string
  readonly #hash: Hash = createHash('sha256')
  #waiting = ''
  #rows = 0
  #bytes = 0

  private constructor(handle: FileHandle, file: string) {
    this.#handle = handle
    this.#file = file
  }

  /** Makes the file, which must not be there. */
  static async create(folder: string, file: string): Promise<EntityWriter> {
    return new EntityWriter(await open(join(folder, file), 'wx', 0o600), file)
  }

  /** Resolves when another row may come: whoever waits for it never has more than a chunk in memory. */
  async add(row: string): Promise<void> {
    this.#rows += 1
    // Outside strings a line break means nothing in JSON; inside it is escaped.
    this.#waiting += `${row.includes('\n') ? row.replaceAll('\n', ' ') : row}\n`
    if (this.#waiting.length >= chunkLength) await this.#flush()
  }

  /** Writes what is left and answers when all of it is on the disk. */
  async finish(): Promise<ArchivedEntity> {
    await this.#flush()
    await this.#handle.sync()
    await this.#handle.close()
    return { file: this.#file, rows: this.#rows, bytes: this.#bytes, sha256: this.#hash.digest('hex') }
  }

  /** Lets go of the file, whatever became of it. */
  async abandon(): Promise<void> {
    await this.#handle.close().catch(() => {})
  }

  async #flush(): Promise<void> {
    const chunk = Buffer.from(this.#waiting)
    this.#waiting = ''
    this.#bytes += chunk.length
    this.#hash.update(chunk)
    await this.#handle.writeFile(chunk)
  }
}
