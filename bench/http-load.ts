import { connect, type Socket } from 'node:net'

/** What one round measured. */
export interface Measured {
  readonly perSecond: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
}

/** Sends one request over and over on kept connections, each as soon as the one before is answered. */
export async function loadHttp(options: {
  port: number
  request: string
  connections: number
  seconds: number
}): Promise<Measured> {
  const { port, request, connections, seconds } = options
  const bytes = Buffer.from(request)
  const times: number[] = []
  let stop = false
  const one = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true })
      let sent = 0
      let pending = Buffer.alloc(0)
      const send = () => {
        sent = performance.now()
        socket.write(bytes)
      }
      socket.on('connect', send)
      socket.on('error', reject)
      socket.on('data', chunk => {
        pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
        const end = pending.indexOf('\r\n\r\n')
        if (end < 0) return
        const head = pending.toString('latin1', 0, end)
        const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
        if (pending.length < end + 4 + length) return
        if (!/^HTTP\/1\.1 20[016]/.test(head)) {
          reject(new Error(`unexpected answer: ${pending.toString('utf8', 0, 500)}`))
          socket.destroy()
          return
        }
        times.push(performance.now() - sent)
        pending = pending.subarray(end + 4 + length)
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
  return { perSecond: (times.length / elapsed) * 1_000, p50: at(0.5), p99: at(0.99) }
}
