import { connect, type Socket } from 'node:net'

/** What one round measured. */
export interface Measured {
  readonly requests: number
  readonly perSecond: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  /** Microseconds of processor time that making the load took, for one request. */
  readonly loadCpu: number
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
      const reader = new AnswerReader()
      let sent = 0
      const socket = connectLoad(port, chunk => {
        if (!reader.take(chunk)) return
        if (!reader.isGood) {
          reject(new Error(`unexpected answer: ${chunk.toString('utf8', 0, 500)}`))
          socket.destroy()
          return
        }
        times.push(performance.now() - sent)
        if (!stop) return send()
        socket.end()
        resolve()
      })
      const send = () => {
        sent = performance.now()
        socket.write(bytes[turn++ % bytes.length] ?? '')
      }
      socket.on('connect', send)
      socket.on('error', reject)
    })
  const before = process.cpuUsage()
  const started = performance.now()
  const timer = setTimeout(() => {
    stop = true
  }, seconds * 1_000)
  await Promise.all(Array.from({ length: connections }, one))
  clearTimeout(timer)
  return summary(times, performance.now() - started, before)
}

/**
 * A connection that makes load: what it reads goes into one buffer of its own, so that an answer costs the load as little as
 * can be. `take` must not keep what it is given.
 */
export function connectLoad(port: number, take: (chunk: Buffer) => void): Socket {
  const buffer = Buffer.allocUnsafe(64 * 1_024)
  const callback = (size: number) => {
    take(buffer.subarray(0, size))
    return true
  }
  return connect({ port, host: '127.0.0.1', noDelay: true, onread: { buffer, callback } })
}

const lastChunk = Buffer.from('0\r\n\r\n')
/** In `HTTP/1.1 200`. */
const statusAt = 9
const two = 0x32

/** Reads the answers of one connection. Requests are not pipelined: nothing comes after an answer. */
export class AnswerReader {
  /** What has come of an answer whose length is not known yet. */
  #begun: Buffer | undefined
  /** Bytes that have not come of one whose length is. */
  #missing = 0
  #isGood = false

  /** True when the answer is whole. */
  take(chunk: Buffer): boolean {
    if (this.#missing > 0) {
      this.#missing -= chunk.length
      return this.#missing <= 0
    }
    const bytes = this.#begun ? Buffer.concat([this.#begun, chunk]) : chunk
    const length = answerLength(bytes)
    // The chunk's memory is used again for the next one.
    this.#begun = length === undefined ? Buffer.from(bytes) : undefined
    this.#missing = Math.max(0, (length ?? 0) - bytes.length)
    this.#isGood = bytes[statusAt] === two
    return length !== undefined && this.#missing === 0
  }

  /** Of the last answer: true when its status is 2xx. */
  get isGood(): boolean {
    return this.#isGood
  }
}

/** How long an answer is; undefined as long as that cannot be told. */
function answerLength(bytes: Buffer): number | undefined {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const head = bytes.toString('latin1', 0, end)
  const length = /content-length: *(\d+)/i.exec(head)?.[1]
  if (length !== undefined) return end + 4 + Number(length)
  if (!/transfer-encoding: *chunked/i.test(head)) return end + 4
  return bytes.subarray(-lastChunk.length).equals(lastChunk) ? bytes.length : undefined
}

/** Runs `one` over and over, `concurrency` at once. */
export async function loadCalls(options: {
  run: () => Promise<unknown>
  concurrency: number
  seconds: number
}): Promise<Measured> {
  const { run, concurrency, seconds } = options
  const times: number[] = []
  const before = process.cpuUsage()
  const started = performance.now()
  const end = started + seconds * 1_000
  const worker = async () => {
    for (let begun = performance.now(); begun < end; begun = performance.now()) {
      await run()
      times.push(performance.now() - begun)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  return summary(times, performance.now() - started, before)
}

function summary(times: number[], elapsed: number, before: NodeJS.CpuUsage): Measured {
  times.sort((a, b) => a - b)
  const at = (share: number) => times[Math.floor(times.length * share)] ?? 0
  const { user, system } = process.cpuUsage(before)
  const loadCpu = (user + system) / times.length
  return { requests: times.length, perSecond: (times.length / elapsed) * 1_000, p50: at(0.5), p99: at(0.99), loadCpu }
}

export function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0
}
