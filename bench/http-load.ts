import { connect, type Socket } from 'node:net'

/** What one round measured. */
export interface Measured {
  readonly requests: number
  readonly perSecond: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
}

/** Sends the requests in turns on kept connections, on each the next one as soon as the one before is answered. */
export async function loadHttp(options: {
  port: number
  requests: readonly string[]
  connections: number
  seconds: number
}): Promise<Measured> {
  const { port, requests, connections, seconds } = options
  const bytes = requests.map(request => Buffer.from(request))
  const times: number[] = []
  let stop = false
  let turn = 0
  const one = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true })
      let sent = 0
      let pending = Buffer.alloc(0)
      const send = () => {
        sent = performance.now()
        socket.write(bytes[turn++ % bytes.length] ?? '')
      }
      socket.on('connect', send)
      socket.on('error', reject)
      socket.on('data', chunk => {
        pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
        const length = answerLength(pending)
        if (length === undefined || pending.length < length) return
        if (!/^HTTP\/1\.1 20[0146]/.test(pending.toString('latin1', 0, 12))) {
          reject(new Error(`unexpected answer: ${pending.toString('utf8', 0, 500)}`))
          socket.destroy()
          return
        }
        times.push(performance.now() - sent)
        pending = pending.subarray(length)
        if (!stop) return send()
        socket.end()
        resolve()
      })
    })
  const started = performance.now()
  const timer = setTimeout(() => {
    stop = true
  }, seconds * 1_000)
  await Promise.all(Array.from({ length: connections }, one))
  clearTimeout(timer)
  return summary(times, performance.now() - started)
}

const lastChunk = Buffer.from('0\r\n\r\n')

/** Where the answer ends; undefined as long as that cannot be told. Requests are not pipelined: nothing comes after it. */
export function answerLength(pending: Buffer): number | undefined {
  const end = pending.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const head = pending.toString('latin1', 0, end)
  const length = /content-length: *(\d+)/i.exec(head)?.[1]
  if (length !== undefined) return end + 4 + Number(length)
  if (!/transfer-encoding: *chunked/i.test(head)) return end + 4
  return pending.subarray(-lastChunk.length).equals(lastChunk) ? pending.length : undefined
}

/** Runs `one` over and over, `concurrency` at once. */
export async function loadCalls(options: {
  run: () => Promise<unknown>
  concurrency: number
  seconds: number
}): Promise<Measured> {
  const { run, concurrency, seconds } = options
  const times: number[] = []
  const started = performance.now()
  const end = started + seconds * 1_000
  const worker = async () => {
    for (let begun = performance.now(); begun < end; begun = performance.now()) {
      await run()
      times.push(performance.now() - begun)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  return summary(times, performance.now() - started)
}

function summary(times: number[], elapsed: number): Measured {
  times.sort((a, b) => a - b)
  const at = (share: number) => times[Math.floor(times.length * share)] ?? 0
  return { requests: times.length, perSecond: (times.length / elapsed) * 1_000, p50: at(0.5), p99: at(0.99) }
}

export function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0
}
