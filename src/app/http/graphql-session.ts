import {
  type DocumentNode,
  type ExecutionArgs,
  type ExecutionResult,
  type FormattedExecutionResult,
  GraphQLError,
  Kind,
  OperationTypeNode,
} from 'graphql'
import { makeServer, type Server, type WebSocket } from 'graphql-ws'
import { exactJson, parseExact } from '../../api/graphql/exact-number.ts'
import type { KeptSchema } from '../../api/graphql/graphql.ts'
import type { PreparedOperation } from '../../api/graphql/prepared.ts'
import { type ErrorEntry, entryOf, GraphqlRefusal } from '../../api/graphql/refusal.ts'
import { sourceOfBody } from '../../api/graphql/request.ts'
import type { PreparedSubscription } from '../../api/graphql/subscription.ts'
import { TenantryError, toTenantryError } from '../../core/errors.ts'
import type { TenantContext } from '../../core/tenant-context.ts'
import { followGraphql } from '../graphql-follow.ts'
import { runGraphql } from '../graphql-run.ts'
import { type ContextRequest, openContext } from './context.ts'
import { hostFor, type LiveGraphql, type SocketTarget, schemaFor } from './live-graphql.ts'
import { watchAccess } from './watch-access.ts'

type Close = (code: number, reason: string) => void
type Operation = PreparedOperation | PreparedSubscription

/** Milliseconds for which a socket waits for `connection_init`. */
const initWait = 5_000

/** One connection: who is at its other end, and what runs for him. */
export class SocketSession {
  readonly #live: LiveGraphql
  readonly #asked: ContextRequest
  readonly #target: SocketTarget
  readonly #close: Close
  readonly #server: Server<SocketSession>
  readonly #gone = new AbortController()
  #caller: { readonly context: TenantContext; readonly schema: KeptSchema } | undefined
  #running = 0
  #leave: (() => void)[] = []

  constructor(live: LiveGraphql, asked: ContextRequest, target: SocketTarget, close: Close) {
    this.#live = live
    this.#asked = asked
    this.#target = target
    this.#close = close
    this.#server = makeServer<Record<string, unknown>, SocketSession>({
      connectionInitWaitTimeout: initWait,
      // Numbers keep their digits on their way to the database.
      jsonMessageReviver: ((_name: string, value: unknown, context?: { readonly source?: string }) =>
        typeof value === 'number' && context?.source !== undefined ? exactJson(context.source) : value) as Reviver,
      onConnect: ({ connectionParams }) => this.#connect(connectionParams),
      onSubscribe: (_context, _id, payload) => this.#prepare(payload),
      execute: ({ contextValue }) => this.#run(contextValue),
      subscribe: async ({ contextValue }) => this.#follow(contextValue),
      // It is formatted already.
      onNext: (_context, _id, _payload, _args, result) => result as FormattedExecutionResult,
      onError: (_context, _id, _payload, errors) => errors.flatMap(entriesOf),
    })
  }

  opened(socket: WebSocket): (code?: number, reason?: string) => Promise<void> {
    return this.#server.opened(socket, this)
  }

  /** The socket is closed. */
  end(): void {
    this.#gone.abort()
    for (const leave of this.#leave.splice(0)) leave()
  }

  async #connect(given: Readonly<Record<string, unknown>> | undefined): Promise<boolean> {
    const { platform, graphql, connections } = this.#live
    const { tenant, module, version } = this.#target
    try {
      const asked = { ...this.#asked, headers: headersWith(this.#asked.headers, given) }
      const open = () => openContext(platform, asked, tenant, module, version)
      const context = await open()
      const schema = schemaFor(graphql, context)
      if (this.#gone.signal.aborted) return false
      this.#leave.push(
        connections.take(context.tenant),
        watchAccess(open, context, error => this.#refuse(error)),
      )
      this.#caller = { context, schema }
      return true
    } catch (error) {
      this.#refuse(toTenantryError(error))
      return false
    }
  }

  #refuse(error: TenantryError): void {
    if (error.code === 'internal') this.#tell(error)
    this.#gone.abort()
    this.#close(closeCode(error), error.code === 'internal' ? 'Something went wrong' : error.message)
  }

  #prepare(payload: object): ExecutionArgs | readonly GraphQLError[] {
    const { graphql, connections } = this.#live
    try {
      if (!this.#caller) throw new TenantryError('unauthenticated', 'A token is needed')
      if (this.#running >= connections.limits.operationsPerConnection) throw tooMany()
      const { schema } = this.#caller
      const prepared = graphql.prepareAny(schema, sourceOfBody(JSON.stringify(payload), 'application/json'))
      // Counted here already: many may come at once.
      this.#running++
      return { schema: schema.schema, document: documentOf(prepared), contextValue: prepared }
    } catch (error) {
      if (!(error instanceof GraphqlRefusal)) this.#tell(error)
      return [new Told(error)]
    }
  }

  async #run(operation: unknown): Promise<ExecutionResult> {
    try {
      const { context } = this.#callerNow()
      const host = hostFor(this.#live.platform, context, this.#gone.signal, error => this.#tell(error))
      return parseExact((await runGraphql(operation as PreparedOperation, host)).text) as ExecutionResult
    } finally {
      this.#running--
    }
  }

  /** Each answer is asked for when the one before was sent. `return` ends what waits, which a generator's own would wait for. */
  #follow(operation: unknown): AsyncGenerator<ExecutionResult, void, void> {
    const { platform } = this.#live
    const stop = new AbortController()
    const signal = AbortSignal.any([stop.signal, this.#gone.signal])
    const { datasource } = platform.postgres
    const { context } = this.#callerNow()
    const host = { context, datasource, sealer: platform.identity.secrets, signal }
    const answers = followGraphql(operation as PreparedSubscription, host)
    let isOpen = true
    const end = () => {
      if (isOpen) this.#running--
      isOpen = false
      stop.abort()
      return { done: true, value: undefined } as const
    }
    return {
      async next() {
        try {
          const { done, value } = await answers.next()
          return done ? end() : { done: false, value: parseExact(value) as ExecutionResult }
        } catch (error) {
          end()
          throw new Told(error)
        }
      },
      return: async () => end(),
      throw: async () => end(),
      [Symbol.asyncIterator]() {
        return this
      },
      async [Symbol.asyncDispose]() {
        end()
      },
    }
  }

  #callerNow(): { readonly context: TenantContext } {
    if (this.#caller) return this.#caller
    throw new TenantryError('unauthenticated', 'A token is needed')
  }

  #tell(thrown: unknown): void {
    const error = toTenantryError(thrown)
    const { log } = this.#live.platform
    if (error.code === 'internal') log.error({ reqId: this.#asked.id, err: error }, 'an operation failed')
    else if (error.code === 'unavailable')
      log.warn({ reqId: this.#asked.id, err: error }, 'an operation was turned away')
  }
}

type Reviver = (this: unknown, name: string, value: unknown) => unknown

/** An error on its way through the library. */
class Told extends GraphQLError {
  readonly entries: readonly ErrorEntry[]

  constructor(error: unknown) {
    super('The operation failed')
    this.entries = error instanceof GraphqlRefusal ? error.errors : [entryOf(error)]
  }
}

function entriesOf(error: GraphQLError): readonly ErrorEntry[] {
  if (error instanceof Told) return error.entries
  const { originalError } = error
  return originalError instanceof Told ? originalError.entries : [entryOf(originalError ?? error)]
}

/** Browsers cannot set headers, so that the token may come in the payload; not with another one beside it. */
function headersWith(headers: ContextRequest['headers'], given: Readonly<Record<string, unknown>> = {}) {
  const [token, ...others] = Object.entries(given).flatMap(([name, value]) =>
    name.toLowerCase() === 'authorization' && value !== '' ? [value] : [],
  )
  if (token === undefined) return headers
  const { authorization = token } = headers
  if (typeof token === 'string' && others.length === 0 && authorization === token)
    return { ...headers, authorization: token }
  throw new TenantryError('unauthenticated', 'There is more than one token, or one that is no text')
}

/** All that the library looks at in a document. */
function documentOf({ kind }: Operation): DocumentNode {
  const operation =
    OperationTypeNode[kind === 'subscription' ? 'SUBSCRIPTION' : kind === 'query' ? 'QUERY' : 'MUTATION']
  const selectionSet = { kind: Kind.SELECTION_SET, selections: [] } as const
  return { kind: Kind.DOCUMENT, definitions: [{ kind: Kind.OPERATION_DEFINITION, operation, selectionSet }] }
}

/** 4401 and 4403 end it for good; after the others clients come again. */
function closeCode({ code }: TenantryError): number {
  if (code === 'unauthenticated') return 4401
  if (code === 'conflict') return 1012
  if (code === 'unavailable') return 1013
  return code === 'internal' ? 1011 : 4403
}

function tooMany(): TenantryError {
  return new TenantryError('limited', 'Too many operations are under way on this connection', {
    reason: 'graphql_connections',
    hint: 'End some of them first',
  })
}
