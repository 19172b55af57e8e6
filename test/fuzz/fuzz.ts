import { definedNames, schemaOf } from './graphql-requests.ts'
import { type Hostile, hostileRequests, markerPattern } from './hostile.ts'
import { openFuzzedProduct } from './product.ts'
import { createRandom, type Random } from './random.ts'
import { createStatementCheck } from './statement-check.ts'
import { watchStatements } from './statement-watch.ts'
import { Wire, type WireAnswer } from './wire.ts'
import { canary } from './yard.ts'
import { remember } from './yard-requests.ts'

export interface FuzzReport {
  readonly seed: number
  readonly seconds: number
  readonly requests: number
  /** Requests that became a plan whose every name was found. */
  readonly understood: number
  /** Requests by the status of their answer; 0: closed without one, -1: none in time. */
  readonly statuses: Readonly<Record<string, number>>
  /** Different texts of statements that PostgreSQL was sent. */
  readonly statements: number
  /** Requests that were kept because they brought something new. */
  readonly kept: number
  /** What must not be, with the request that showed it. */
  readonly faults: readonly string[]
}

const concurrency = 8
/** Milliseconds that an answer may take: more than a statement may, and a wait for a connection before. */
const patience = 20_000
/** Rows are put back after so many requests. */
const resetEvery = 400
const mostFaults = 20

/** Sends hostile requests to a product over sockets for so many seconds and looks at answers and statements. */
export async function fuzz({
  seed,
  seconds,
}: {
  readonly seed: number
  readonly seconds: number
}): Promise<FuzzReport> {
  const product = await openFuzzedProduct()
  const faults: string[] = []
  const onStray = (error: unknown) => faults.push(`not handled: ${String(error)}`)
  process.on('unhandledRejection', onStray)
  process.on('uncaughtException', onStray)
  const watch = watchStatements()
  try {
    const token = await product.token('acme')
    const schema = await schemaOf(product, token)
    const check = createStatementCheck(product.platform.product.modules, definedNames(schema))
    const before = await product.fingerprint()
    const random = createRandom(seed)
    const kept: Hostile[] = []
    const corpus = { kept, memory: { links: [], rows: [] } }
    const source = hostileRequests(random, token, corpus, schema)
    const statuses: Record<string, number> = {}
    const outcomes = new Set<string>()
    const checked = new Set<string>()
    const port = Number(new URL(product.url).port)
    const wires = Array.from({ length: concurrency }, () => new Wire(port, patience))
    let requests = 0
    let understood = 0

    const look = (request: Hostile, answer: WireAnswer) => {
      statuses[answer.status] = (statuses[answer.status] ?? 0) + 1
      const wrong = whatIsWrong(answer)
      if (wrong !== undefined && faults.length < mostFaults)
        faults.push(`${wrong}\n${show(request, token)}\n${answer.text.slice(0, 600)}`)
      if (answer.status < 300) remember(corpus.memory, answer.text.slice(0, 20_000))
      if (!isRefusedByParser(answer)) understood++
      const outcome = `${answer.status} ${/"code":"(\w+)"/.exec(answer.text)?.[1] ?? ''} ${request.method}`
      if (watch.made.size > checked.size || !outcomes.has(outcome)) kept.push(request)
      outcomes.add(outcome)
      for (const text of watch.made) {
        if (checked.has(text)) continue
        checked.add(text)
        const foreign = check(text)
        if (foreign !== undefined && faults.length < mostFaults) {
          faults.push(`in a statement: ${foreign}\n${text}\n${show(request, token)}`)
        }
      }
      if (kept.length > 2_000) kept.splice(0, 500)
    }

    const end = performance.now() + seconds * 1_000
    while (performance.now() < end && faults.length < mostFaults) {
      const roundEnd = requests + resetEvery
      await Promise.all(
        wires.map(async wire => {
          while (requests < roundEnd && performance.now() < end) {
            requests++
            if (random.onceIn(50)) await sendBytes(new Wire(port, patience), random, token)
            const { value } = source.next()
            if (!value) continue
            // What was asked for by somebody who is gone must not be felt by who comes next.
            if (random.onceIn(40)) await new Wire(port, patience).leave(value, random.below(12))
            else look(value, await wire.ask(value))
          }
        }),
      )
      await product.reset()
    }
    for (const wire of wires) wire.close()

    for (const text of watch.fixed) if (markerPattern.test(text)) faults.push(`a word of a request in ${text}`)
    const alive = await product.ask('/acme/shop/v1/makers?limit=1', { token })
    if (alive.status !== 200) faults.push(`afterwards a plain request is answered with ${alive.status}`)
    if ((await product.fingerprint()) !== before) faults.push('the other tenant has other rows than before')
    const log = product.logged()
    if (log.includes('the request failed'))
      faults.push(`logged as our failure: ${log.slice(log.indexOf('the request failed') - 1_500).slice(0, 2_000)}`)
    return {
      seed,
      seconds,
      requests,
      understood,
      statuses,
      statements: watch.made.size + watch.fixed.size,
      kept: kept.length,
      faults,
    }
  } finally {
    watch.stop()
    process.off('unhandledRejection', onStray)
    process.off('uncaughtException', onStray)
    await product.close()
  }
}

/** In the words of those who read requests and look up names. */
function isRefusedByParser({ status, text }: WireAnswer): boolean {
  return status <= 0 || (status >= 300 && /"code":"(PGRST[12]\d\d|invalid|42703|un\w+)"/.test(text))
}

/** No answer is ours to give up on, and none shows what belongs to another tenant. */
function whatIsWrong({ status, text }: WireAnswer): string | undefined {
  if (text.includes(canary)) return "another tenant's text"
  if (status === -1) return 'no answer'
  // A statement that takes too long and a queue that is full are turned away, and say so.
  if (status === 503 && /"message":"(The database is busy|The statement took longer|A row is locked)/.test(text))
    return undefined
  // GraphQL tells of what failed in an answer that is none.
  if (text.includes('"code":"internal"')) return 'our failure'
  return status >= 500 ? `status ${status}` : undefined
}

/** Bytes that are no request of HTTP; they may be answered or not. */
async function sendBytes(wire: Wire, random: Random, token: string): Promise<void> {
  const head = `GET /acme/shop/v1/makers HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n`
  const bytes = random.pick([
    random.bytes(1 + random.below(200)),
    `${head}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`,
    `${head}Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n`,
    `${head.replace('GET', 'POST')}Transfer-Encoding: chunked\r\n\r\nzz\r\n${random.bytes(20)}`,
    `${head}X: ${'a'.repeat(20_000)}\r\n\r\n`,
    `${head.replace('HTTP/1.1', 'HTTP/9.9')}\r\n`,
    head.slice(0, random.below(head.length)),
    `${head}\r\n${head}\r\n`,
    `GET ${random.bytes(30)} HTTP/1.1\r\n\r\n`,
  ])
  await wire.send(bytes, 'GET', 100)
  wire.close()
}

function show({ method, path, headers, body }: Hostile, token: string): string {
  const lines = headers.map(([name, value]) => `  ${name}: ${value.replaceAll(token, '…').slice(0, 200)}`)
  return [
    `${method} ${JSON.stringify(path.slice(0, 1_500))}`,
    ...lines,
    `  ${JSON.stringify((body ?? '').slice(0, 500))}`,
  ].join('\n')
}
