import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TenantryError } from '../core/errors.ts'
import { type ArchivedEntity, type ArchiveManifest, manifestFile, parseManifest } from './manifest.ts'

/**
 * Reads the whole archive in `folder` again and answers its manifest.
 * Throws `conflict`, naming the file, at the first difference between the two, `not_found` without a manifest.
 */
export async function verifyArchive(folder: string): Promise<ArchiveManifest> {
  const text = await readFile(join(folder, manifestFile), 'utf8').catch(cause => {
    throw new TenantryError('not_found', `There is no archive in ${folder}`, { cause })
  })
  const manifest = parseManifest(text)
  for (const written of Object.values(manifest.entities)) {
    const found = await readEntity(folder, written.file)
    for (const part of ['bytes', 'rows', 'sha256'] as const) {
      if (found[part] !== written[part]) throw differs(written.file, `has other ${part} than ${manifestFile} says`)
    }
  }
  return manifest
}

async function readEntity(folder: string, file: string): Promise<ArchivedEntity> {
  const hash = createHash('sha256')
  let rows = 0
  let bytes = 0
  let line: Buffer[] = []
  try {
    for await (const chunk of createReadStream(join(folder, file)) as AsyncIterable<Buffer>) {
      hash.update(chunk)
      bytes += chunk.length
      let start = 0
      for (let end = chunk.indexOf('\n'); end >= 0; end = chunk.indexOf('\n', start)) {
        line.push(chunk.subarray(start, end))
        rows += 1
        checkRow(line, file, rows)
        line = []
        start = end + 1
      }
      if (start < chunk.length) line.push(chunk.subarray(start))
    }
  } catch (cause) {
    throw cause instanceof TenantryError ? cause : differs(file, 'cannot be read', cause)
  }
  if (line.length > 0) throw differs(file, 'ends in the middle of a row')
  return { file, rows, bytes, sha256: hash.digest('hex') }
}

function checkRow(line: readonly Buffer[], file: string, number: number): void {
  try {
    JSON.parse(Buffer.concat(line).toString())
  } catch {
    throw differs(file, `has something else than JSON on line ${number}`)
  }
}

function differs(file: string, how: string, cause?: unknown): TenantryError {
  const hint = 'The archive was damaged or changed after it was written. Do not rely on it.'
  return new TenantryError('conflict', `${file} ${how}`, { hint, cause })
}
