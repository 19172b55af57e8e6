import { connect, type Socket } from 'node:net'
import type { Hostile } from './hostile.ts'

/** What came back: `status` 0 when the server closed without an answer, -1 when nothing came in time. */
export interface WireAnswer {
  readonly status: number
  readonly text: string
}

/** A connection that is kept as long as it can be; requests go over it one by one, byte for byte. */
export class Wire {
  readonly #port: number
  readonly #patience: number
  #socket: Socket | undefined

  constructor(port: number, patience: number) {
    this.#port = port
    this.#patience = patience
  }

  /** Sends a request and waits for its answer; once more where the server closed a kept connection, as clients do. */
  async ask(request: Hostile): Promise<WireAnswer> {
    const kept = this.#socket !== undefined
    const answer = await this.send(requestBytes(request), request.method)
    return answer.status === 0 && kept ? this.send(requestBytes(request), request.method) : answer
  }

  /** Sends a request and hangs up after so many milliseconds. */
  async leave(request: Hostile, after: number): Promise<void> {
    await this.send(requestBytes(request), request.method, after)
    this.close()
  }

  /** Sends these bytes and waits for one answer. */
  send(bytes: string, method: string, patience: number = this.#patience): Promise<WireAnswer> {
    return new Promise(resolve => {
      const socket = this.#socket ?? this.#open()
      this.#socket = socket
      let text = ''
      const onData = (chunk: Buffer) => {
        text += chunk.toString('latin1')
        const length = answerLength(text, method)
        if (length !== undefined && text.length >= length)
          end(statusOf(text) ?? 0, keeps(text) && text.length === length)
      }
      const onEnd = () => end(statusOf(text) ?? 0, false)
      const end = (status: number, keep: boolean) => {
        socket.off('data', onData).off('close', onEnd)
        clearTimeout(timer)
        if (!keep) {
          socket.destroy()
          if (this.#socket === socket) this.#socket = undefined
        }
        resolve({ status, text })
      }
      const timer = setTimeout(() => end(statusOf(text) ?? -1, false), patience)
      socket.on('data', onData).on('close', onEnd)
      socket.write(bytes, 'latin1')
    })
  }

  #open(): Socket {
    const socket = connect({ port: this.#port, host: '127.0.0.1', noDelay: true })
    socket.on('error', () => {}) // `close` follows.
    socket.on('close', () => {
      if (this.#socket === socket) this.#socket = undefined
    })
    return socket
  }

  close(): void {
    this.#socket?.destroy()
  }
}

function requestBytes({ method, path, headers, body }: Hostile): string {
  const names = new Set(headers.map(([name]) => name.toLowerCase()))
  const lines = [
    ...(names.has('host') ? [] : ['Host: 127.0.0.1']),
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...(body === undefined || names.has('transfer-encoding') ? [] : [`Content-Length: ${body.length}`]),
  ]
  return `${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body ?? ''}`
}

function statusOf(text: string): number | undefined {
  // Of an answer before the answer (100 Continue) nothing is to be learned.
  const [, status] = /^(?:HTTP\/1\.1 1\d\d [^\r]*\r\n\r\n)*HTTP\/1\.1 (\d{3})/.exec(text) ?? []
  return status === undefined ? undefined : Number(status)
}

function keeps(text: string): boolean {
  return !/^connection: close/im.test(text.slice(0, text.indexOf('\r\n\r\n')))
}

function answerLength(text: string, method: string): number | undefined {
  const start = /^(?:HTTP\/1\.1 1\d\d [^\r]*\r\n\r\n)*/.exec(text)?.[0].length ?? 0
  const end = text.indexOf('\r\n\r\n', start)
  if (end < 0) return undefined
  const head = text.slice(start, end)
  if (method === 'HEAD' || /^HTTP\/1\.1 (204|304)/.test(head)) return end + 4
  const length = /^content-length: *(\d+)/im.exec(head)?.[1]
  if (length !== undefined) return end + 4 + Number(length)
  if (!/^transfer-encoding: *chunked/im.test(head)) return end + 4
  const last = text.indexOf('\r\n0\r\n\r\n', end)
  return last < 0 ? undefined : last + 7
}
