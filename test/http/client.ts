import { Agent, type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http'
import { connect } from 'node:net'

export interface Question {
  readonly method?: string
  readonly token?: string
  readonly headers?: OutgoingHttpHeaders
  /** A text is sent as it is, anything else as JSON. */
  readonly body?: unknown
  readonly signal?: AbortSignal
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** Every byte that came, header and body. */
  readonly raw: string
  /** The same without what differs from request to request: its id and the time. */
  readonly plain: string
}

export interface Client {
  readonly url: string
  /** Asks for a path; what answers is never an error. */
  ask(path: string, question?: Question): Promise<Answer>
  /** Sends bytes as they are on a connection of their own; answers all that comes until it is closed. */
  sendRaw(text: string): Promise<string>
  end(): void
}

/** Plain `node:http`: it sends any header and path as written, and adds none that a test did not ask for. */
export function createClient(url: string): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  const { hostname, port } = new URL(url)
  return {
    url,
    ask: (path, { method, token, headers = {}, body, signal } = {}) =>
      new Promise((resolve, reject) => {
        const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
        const outgoing = request(
          {
            agent,
            hostname,
            port,
            path,
            method: method ?? (body === undefined ? 'GET' : 'POST'),
            headers: {
              ...(token !== undefined && { authorization: `Bearer ${token}` }),
              ...(text !== undefined && {
                'content-type': 'application/json',
                'content-length': Buffer.byteLength(text),
              }),
              ...headers,
            },
            ...(signal && { signal }),
          },
          incoming => {
            const chunks: Buffer[] = []
            incoming.on('data', chunk => chunks.push(chunk))
            incoming.on('error', reject)
            incoming.on('end', () => {
              const body = Buffer.concat(chunks).toString('utf8')
              const { rawHeaders, statusCode = 0 } = incoming
              const lines = rawHeaders.flatMap((name, index) =>
                index % 2 === 0 ? [`${name}: ${rawHeaders[index + 1]}`] : [],
              )
              const stable = lines.filter(line => !/^(x-request-id|date):/i.test(line))
              resolve({
                status: statusCode,
                headers: incoming.headers,
                text: body,
                raw: [statusCode, ...lines, '', body].join('\n'),
                plain: [statusCode, ...stable, '', body].join('\n'),
              })
            })
          },
        )
        outgoing.on('error', reject)
        outgoing.end(text)
      }),
    sendRaw: text =>
      new Promise((resolve, reject) => {
        let answer = ''
        const socket = connect(Number(port), hostname, () => socket.write(text, 'latin1'))
        socket.setTimeout(5_000, () => socket.destroy())
        socket.on('data', chunk => {
          answer += chunk.toString('latin1')
        })
        socket.on('error', error => (answer === '' ? reject(error) : resolve(answer)))
        socket.on('close', () => resolve(answer))
      }),
    end: () => agent.destroy(),
  }
}

/** The body as JSON. */
export function jsonOf<T = Record<string, unknown>>({ text }: Answer): T {
  return JSON.parse(text) as T
}

/** The revision in an answer's tag, as `If-Match` takes it: `"7"`. */
export function revisionOf({ headers: { etag } }: Answer): string | undefined {
  return etag?.replace(/^"(\d+)-[0-9a-f]{6}"$/, '"$1"')
}
