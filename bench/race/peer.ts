import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export const peersFolder = join(import.meta.dirname, '../peers')

export function versionOf(name: string): string {
  const { version } = JSON.parse(readFileSync(join(peersFolder, 'node_modules', name, 'package.json'), 'utf8'))
  return String(version)
}

/** For a server that cannot be asked which port it took. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise(resolve => server.close(resolve))
  return typeof address === 'object' && address ? address.port : 0
}

/** Waits until the peer serves. Throws when it does not within ten seconds. */
export async function untilAnswers(url: string, headers: Record<string, string>): Promise<void> {
  let answer = 'nothing'
  for (let turn = 0; turn < 100; turn++) {
    try {
      const response = await fetch(url, { headers })
      answer = `${response.status} ${await response.text()}`
      if (response.ok) return
    } catch {} // It does not listen yet.
    await sleep(100)
  }
  throw new Error(`${url} answers ${answer}`)
}
