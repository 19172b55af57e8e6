import { createModuleSet } from '../../src/core/module-set.ts'
import { createTestDatabase } from '../../src/testing/test-database.ts'
import { type Client, createClient, type Answer as HttpAnswer, type Question } from '../http/client.ts'
import { openProduct } from '../http/open-product.ts'
import {
  type Answer,
  type Exchange,
  firstDifference,
  maskMade,
  type Part,
  readAnswer,
  unlikeParts,
} from './exchange.ts'
import { createRoles, type Postgrest, startPostgrest } from './postgrest.ts'
import { changesRows, type Request, wirePath } from './request.ts'
import { shop } from './shop.ts'
import { createTables, simplifyPlans, type Tables, tenants } from './tables.ts'

/** PostgREST and Tenantry on one database, with the same rows in tables of the same make. */
export interface Sides {
  /** Sends the request to PostgREST and, for two tenants, to Tenantry. Every write begins with the same rows. */
  exchange(request: Request): Promise<Exchange>
  close(): Promise<void>
}

export async function openSides(): Promise<Sides> {
  const undo: (() => unknown)[] = []
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step()
  }
  try {
    const database = await createTestDatabase()
    undo.push(() => database.drop())
    await simplifyPlans(database)
    const product = await openProduct({
      database,
      modules: [shop],
      tenants: tenants.map(key => ({ key, name: key, subscribe: ['shop@1'] })),
      variables: { LOG_LEVEL: 'error' },
    })
    undo.push(() => product.close())
    const roles = await createRoles(database)
    const tables = await createTables(database, createModuleSet([shop]), roles.user)
    const peers = {
      plain: await openPeer(await startPostgrest(database, roles, { aggregates: true }), undo),
      withoutAggregates: await openPeer(await startPostgrest(database, roles, { aggregates: false }), undo),
    }
    const [first, second] = await Promise.all(
      tenants.map(async key => ({ key, client: product, token: await product.token(key), base: `/${key}/shop/v1` })),
    )
    if (!first || !second) throw new Error('Two tenants are needed')
    return { exchange: request => exchange(request, peers, [first, second], tables), close }
  } catch (error) {
    await close()
    throw error
  }
}

interface Side {
  readonly client: Pick<Client, 'ask'>
  readonly token: string
  readonly base: string
}

interface Peers {
  readonly plain: Side
  readonly withoutAggregates: Side
}

async function openPeer({ url, token, close }: Postgrest, undo: (() => unknown)[]): Promise<Side> {
  const client = createClient(url)
  undo.push(close, () => client.end())
  return { client, token, base: '' }
}

function ask({ client, token, base }: Side, { method, path, headers, body }: Request) {
  const question: Question = { method, token, headers, ...(body !== undefined && { body }) }
  return client.ask(`${base}/${wirePath(path)}`, question)
}

async function exchange(
  request: Request,
  peers: Peers,
  [first, second]: readonly [Side, Side],
  tables: Tables,
): Promise<Exchange> {
  const chosen = request.withoutAggregates ? peers.withoutAggregates : peers.plain
  const answers = await Promise.all([ask(chosen, request), ask(first, request), ask(second, request)])
  const [fromPeer, fromFirst, fromSecond] = answers
  const [peer, ours] = await withErrors(request, [
    { side: chosen, answer: readAnswer(fromPeer, chosen.base) },
    { side: first, answer: readAnswer(fromFirst, first.base) },
  ])
  const unlike: Part[] = unlikeParts(peer, ours)
  const notes: string[] = []
  const plain = stableText(fromFirst)
  const other = stableText(fromSecond).replaceAll(second.base, first.base)
  if (plain !== other) {
    unlike.push('second tenant')
    const at = Math.max(0, firstDifference(plain, other) - 100)
    notes.push(`first tenant:  ${plain.slice(at)}`, `second tenant: ${other.slice(at)}`)
  }
  if (changesRows(request)) {
    const rows = await tables.compare()
    if (rows.unlike.length > 0) {
      unlike.push('rows')
      notes.push(...rows.unlike)
    }
    if (rows.touched.length > 0) await tables.reset(rows.touched)
  }
  return { request, peer, ours, toSecond: readAnswer(fromSecond, second.base), unlike, notes }
}

/** What HEAD does not say of an error, GET does; it is asked only where the answers part. */
async function withErrors(request: Request, [peer, ours]: readonly [Asked, Asked]): Promise<readonly [Answer, Answer]> {
  if (request.method !== 'HEAD' || peer.answer.status === ours.answer.status) return [peer.answer, ours.answer]
  // A range means something to GET only.
  const { Range: _, ...headers } = request.headers
  const withError = async ({ side, answer }: Asked): Promise<Answer> => {
    const { error } = readAnswer(await ask(side, { ...request, headers, method: 'GET' }), side.base)
    return { ...answer, error }
  }
  return [await withError(peer), await withError(ours)]
}

interface Asked {
  readonly side: Side
  readonly answer: Answer
}

/** Status, all headers and body; a length may change with the digits of a time. */
function stableText({ plain }: HttpAnswer): string {
  return maskMade(plain).replace(/^content-length: .*\n/im, '')
}
