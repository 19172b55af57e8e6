import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { openCursor } from '../../api/rest/cursor.ts'
import { onceOf } from '../../api/rest/idempotency.ts'
import { limitsOf, type RestLimits } from '../../api/rest/limits.ts'
import { createParseMemory } from '../../api/rest/parse-memory.ts'
import type { ParsedRest, RestRequest, RestResponse } from '../../api/rest/request.ts'
import { respondRest } from '../../api/rest/respond.ts'
import type { Once } from '../../core/datasource.ts'
import { TenantryError } from '../../core/errors.ts'
import { type Entity, type Exposure, type Opened, quote } from '../../core/module-set.ts'
import { sightFor } from '../../core/sight.ts'
import type { TenantContext } from '../../core/tenant-context.ts'
import type { Log } from '../log.ts'
import type { Platform } from '../platform.ts'
import { openContext, refuseAnonymous } from './context.ts'
import { signalOf } from './disconnect.ts'
import { keepBodiesAsText, partsOf, restMethods } from './rest-request.ts'
import { sendTogether } from './send-together.ts'

interface ModuleParams {
  readonly tenant: string
  readonly module: string
  readonly version: string
  readonly entity: string
}

type AnyModuleParams = Omit<ModuleParams, 'module' | 'version'>

/** REST over all entities: of one module, and of all modules of the tenant as PostgREST clients call it. */
export async function restRoutes(app: FastifyInstance, platform: Platform): Promise<void> {
  keepBodiesAsText(app)
  const rest = createRest(platform)
  app.route<{ Params: ModuleParams }>({
    method: restMethods,
    bodyLimit: rest.bodyLimit,
    url: '/:tenant/:module/:version/:entity',
    handler: async (request, reply) => {
      const { tenant, module, version, entity: name } = request.params
      const context = await openContext(platform, request, tenant, module, version)
      const entity = context.module?.entities.find(entity => entity.name === name && !entity.internal)
      refuseAnonymous(context, entity?.access)
      return serve(rest, request, reply, context, entity ?? noSuchEntity(name))
    },
  })
  app.route<{ Params: AnyModuleParams }>({
    method: restMethods,
    bodyLimit: rest.bodyLimit,
    url: '/:tenant/rest/v1/:entity',
    handler: async (request, reply) => {
      const context = await openContext(platform, request, request.params.tenant)
      const found = findEntity(context, request)
      refuseAnonymous(context, found instanceof TenantryError ? undefined : found.entity.access)
      if (found instanceof TenantryError) throw found
      const { entity, exposure } = found
      const { module } = entity
      return serve(rest, request, reply, { ...context, exposure, module, version: module.version }, entity)
    },
  })
}

/** What all requests share. */
interface Rest {
  readonly platform: Platform
  readonly parse: (request: RestRequest) => ParsedRest
  readonly limitsOf: (entity: Entity) => RestLimits
  /** The most that any entity takes; what takes less is looked at again. */
  readonly bodyLimit: number
}

function createRest(platform: Platform): Rest {
  const { config, modules } = platform.product
  const entities = [modules, platform.system.modules].flatMap(({ modules }) =>
    modules.flatMap(module => module.entities),
  )
  const limits = new Map(entities.map(entity => [entity, limitsOf(entity.limits, config.limits ?? {})]))
  const rest = limitsOf({}, config.limits ?? {})
  return {
    platform,
    parse: createParseMemory(),
    limitsOf: entity => limits.get(entity) ?? rest,
    bodyLimit: Math.max(rest.bodyBytes, ...[...limits.values()].map(({ bodyBytes }) => bodyBytes)),
  }
}

/** The chain of stages: request, plan, statement (in the datasource), answer. */
async function serve(
  { platform, parse, limitsOf, bodyLimit }: Rest,
  request: FastifyRequest,
  reply: FastifyReply,
  context: TenantContext,
  entity: Entity,
): Promise<FastifyReply | undefined> {
  const limits = limitsOf(entity)
  const { allowRollback = false } = platform.product.config
  const asking = { ...partsOf(request), entity, limits, allowRollback }
  const { body = '' } = asking
  if (limits.bodyBytes < bodyLimit && Buffer.byteLength(body) > limits.bodyBytes) {
    throw bodyTooLarge(entity, limits.bodyBytes)
  }
  const read = parse(asking)
  const parsed = entity.ruled ? { ...read, sight: sightFor(context, read.plan) } : read
  const asked = parsed.cursor ? openCursor(parsed, parsed.cursor, context, platform.cursors) : parsed
  const { datasource } = platform.postgres
  const signal = signalOf(reply)
  const like = asked.like && { like: asked.like }
  if (asked.plan.kind === 'read') {
    const answer = await datasource.run(context, asked.plan, {
      signal,
      large: asked.head ? 'omit' : 'stream',
      ...like,
    })
    const response = respondRest(asked, answer)
    if (!response.stream) return sendRest(reply, response)
    return sendRest(reply, { ...response, stream: told(response.stream, platform.log, request.id) })
  }
  const once = onceOf(asking, { target: entity.id, writes: true, rollback: asked.plan.rollback ?? false }, context)
  if (!once) return sendRest(reply, respondRest(asked, await datasource.run(context, asked.plan, { signal, ...like })))
  const { answer, replayed } = await datasource.runOnce(context, asked.plan, keptFor(platform, once), { signal })
  if (replayed) reply.header('Idempotency-Replayed', 'true')
  return sendRest(reply, respondRest(asked, answer))
}

/** Answers are kept as long as the product says. */
export function keptFor({ product }: Platform, once: Omit<Once, 'seconds'>): Once {
  return { ...once, seconds: (product.config.idempotencyHours ?? 24) * 3_600 }
}

/** What breaks off in the middle can be told to the caller only by ending the connection. */
async function* told(parts: AsyncIterable<string>, log: Log, reqId: string): AsyncGenerator<string, void, undefined> {
  try {
    yield* parts
  } catch (error) {
    log.warn({ reqId, err: error }, 'an answer broke off')
    throw error
  }
}

/**
 * Resolves when the answer is sent. Only for a stream to the reply, which Fastify then waits for: to wait costs more than to
 * write a text.
 */
export async function sendRest(
  reply: FastifyReply,
  { status, headers, body, stream }: RestResponse,
): Promise<FastifyReply | undefined> {
  reply.code(status)
  for (const name in headers) reply.header(name, headers[name])
  if (stream) return reply.send(Readable.from(stream))
  await sendTogether(() => reply.send(body ?? undefined))
  return undefined
}

/** By profile; else the name must be unique. */
function findEntity(
  { exposure }: TenantContext,
  request: FastifyRequest<{ Params: AnyModuleParams }>,
): { readonly entity: Entity; readonly exposure: Exposure } | TenantryError {
  const name = request.params.entity
  const found = chooseProfile(exposure, request)
  if (found instanceof TenantryError) return found
  if (found) {
    const entity = found.module.entities.find(entity => entity.name === name && !entity.internal)
    return entity ? { entity, exposure: found.exposure } : entityError(name)
  }
  const [only, ...others] = exposure.findEntities(name)
  if (!only) return entityError(name)
  return others.length === 0 ? { entity: only, exposure } : ambiguousEntity(name, [only, ...others])
}

/** What `Accept-Profile` (reading) or `Content-Profile` (writing) names: `module` or `module@2`, or a composed API. */
export function chooseProfile(
  exposure: Exposure,
  { headers, method }: Pick<FastifyRequest, 'headers' | 'method'>,
): Opened | TenantryError | undefined {
  const profile = headers[method === 'GET' || method === 'HEAD' ? 'accept-profile' : 'content-profile']
  // `public` is what clients send that were told of none.
  if (typeof profile !== 'string' || profile === 'public') return undefined
  const [name = '', major] = profile.split('@')
  return (
    exposure.find(name, major === undefined ? undefined : Number(major)) ??
    noSuchProfile([...exposure.exposed].map(({ id }) => id))
  )
}

function noSuchProfile(modules: readonly string[]): TenantryError {
  return new TenantryError('invalid', `The schema must be one of the following: ${modules.join(', ')}`, {
    reason: 'PGRST106',
  })
}

function ambiguousEntity(name: string, candidates: readonly Entity[]): TenantryError {
  return new TenantryError('invalid', `More than one module has an entity ${quote(name)}`, {
    reason: 'PGRST106',
    details: candidates.map(({ module }) => module.id).join(', '),
    hint: 'Choose a module with Accept-Profile, or Content-Profile for a write',
  })
}

function bodyTooLarge({ name }: Entity, most: number): TenantryError {
  return new TenantryError('too_large', `A body for ${name} has ${most} bytes at most`, {
    hint: 'Send the rows in several requests',
  })
}

function noSuchEntity(name: string): never {
  throw entityError(name)
}

function entityError(name: string): TenantryError {
  return new TenantryError('not_found', `Could not find the table ${quote(name)} in the schema cache`, {
    reason: 'PGRST205',
  })
}
