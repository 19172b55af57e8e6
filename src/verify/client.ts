import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import type { Answer, Request } from './attack.ts'

export interface Client {
  /** Sends exactly this, with no header of its own but `Host`. Throws when nothing answers within half a minute. */
  send(request: Omit<Request, 'token' | 'asOther'>, token: string | null): Promise<Answer>
  close(): void
}

const patience = 30_000
/** Hung up by ourselves. */
const nothing: Answer = { status: 0, headers: {}, text: '', plain: '', raw: '' }

/** Keeps so many connections to a server open. */
export function createClient(url: string, connections: number): Client {
  const { hostname, port, protocol, pathname } = new URL(url)
  const isSecure = protocol === 'https:'
  const options = { keepAlive: true, maxSockets: connections }
  const agent = isSecure ? new HttpsAgent(options) : new HttpAgent(options)
  const base = pathname.replace(/\/$/, '')
  const send = isSecure ? requestHttps : requestHttp
  return {
    send: ({ method, path, headers = {}, body, hangUpAfter }, token) =>
      new Promise((resolve, reject) => {
        const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
        const outgoing = send(
          {
            ...{ agent, hostname: hostname.replace(/^\[|\]$/g, ''), port, path: base + path },
            method: method ?? (text === undefined ? 'GET' : 'POST'),
            headers: {
              ...(token !== null && { authorization: `Bearer ${token}` }),
              ...(text !== undefined && {
                'content-type': 'application/json',
                'content-length': String(Buffer.byteLength(text)),
              }),
              ...headers,
            },
          },
          incoming => read(incoming).then(resolve, hangUpAfter === undefined ? reject : () => resolve(nothing)),
        )
        if (hangUpAfter !== undefined) setTimeout(() => outgoing.destroy(), hangUpAfter)
        outgoing.setTimeout(patience, () => outgoing.destroy(new Error('nothing answered in time')))
        outgoing.on('error', hangUpAfter === undefined ? reject : () => resolve(nothing))
        outgoing.end(text)
      }),
    close: () => agent.destroy(),
  }
}

async function read(incoming: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString('utf8')
  const { rawHeaders, statusCode = 0, headers } = incoming
  const lines = rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${rawHeaders[index + 1]}`] : []))
  const stable = lines.filter(line => !/^(?:x-request-id|date):/i.test(line))
  return {
    status: statusCode,
    headers,
    text,
    plain: [statusCode, ...stable, '', text].join('\n'),
    raw: [statusCode, ...lines, '', text].join('\n'),
  }
}
