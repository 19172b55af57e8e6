import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { createParseMemory } from '../../api/rest/parse-memory.ts'
import type { RestResponse } from '../../api/rest/request.ts'
import { respondRest } from '../../api/rest/respond.ts'
import { TenantryError } from '../../core/errors.ts'
import { type Entity, type Exposure, type Module, quote } from '../../core/module-set.ts'
import type { TenantContext } from '../../core/tenant-context.ts'
import type { Log } from '../log.ts'
import type { Platform } from '../platform.ts'
import { openContext, refuseAnonymous } from './context.ts'
import { signalOf } from './disconnect.ts'

const parse = createParseMemory()
const methods = ['GET', 'HEAD', 'POST', 'PATCH', 'PUT', 'DELETE']

interface ModuleParams {
  readonly tenant: string
  readonly module: string
  readonly version: string
  readonly entity: string
}

type AnyModuleParams = Omit<ModuleParams, 'module' | 'version'>

/** REST over all entities: of one module, and of all modules of the tenant as PostgREST clients call it. */
export async function restRoutes(app: FastifyInstance, platform: Platform): Promise<void> {
  // The body stays text: numbers keep their digits on the way to the database.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body))

  app.route<{ Params: ModuleParams }>({
    method: methods,
    url: '/:tenant/:module/:version/:entity',
    handler: async (request, reply) => {
      const { tenant, module, version, entity: name } = request.params
      const context = await openContext(platform, request, tenant, module, version)
      const entity = context.module?.entities.find(entity => entity.name === name)
      refuseAnonymous(context, entity?.access)
      return serve(platform, request, reply, context, entity ?? noSuchEntity(name))
    },
  })
  app.route<{ Params: AnyModuleParams }>({
    method: methods,
    url: '/:tenant/rest/v1/:entity',
    handler: async (request, reply) => {
      const context = await openContext(platform, request, request.params.tenant)
      const found = findEntity(context, request)
      refuseAnonymous(context, found instanceof TenantryError ? undefined : found.access)
      if (found instanceof TenantryError) throw found
      return serve(platform, request, reply, { ...context, module: found.module, version: found.module.version }, found)
    },
  })
}

/** The chain of stages: request, plan, statement (in the datasource), answer. */
async function serve(
  platform: Platform,
  request: FastifyRequest,
  reply: FastifyReply,
  context: TenantContext,
  entity: Entity,
): Promise<FastifyReply> {
  const { originalUrl, headers, method, body } = request
  // As the client wrote it: on a tenant's own host without the tenant in front.
  const question = originalUrl.indexOf('?')
  const path = question < 0 ? originalUrl : originalUrl.slice(0, question)
  const parsed = parse({
    method,
    entity,
    query: question < 0 ? '' : originalUrl.slice(question + 1),
    headers,
    body: typeof body === 'string' && body !== '' ? body : undefined,
    locationBase: path,
    allowRollback: platform.product.config.allowRollback ?? false,
  })
  const answer = await platform.postgres.datasource.run(context, parsed.plan, {
    signal: signalOf(reply),
    large: parsed.head ? 'omit' : 'stream',
  })
  const response = respondRest(parsed, answer)
  return sendRest(
    reply,
    response.stream ? { ...response, stream: told(response.stream, platform.log, request.id) } : response,
  )
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

export function sendRest(reply: FastifyReply, { status, headers, body, stream }: RestResponse): FastifyReply {
  reply.code(status)
  for (const name in headers) reply.header(name, headers[name])
  return reply.send(stream ? Readable.from(stream) : (body ?? undefined))
}

/** By profile; else the name must be unique. */
function findEntity(
  { exposure }: TenantContext,
  request: FastifyRequest<{ Params: AnyModuleParams }>,
): Entity | TenantryError {
  const name = request.params.entity
  const module = chooseProfile(exposure, request)
  if (module instanceof TenantryError) return module
  if (module) return module.entities.find(entity => entity.name === name) ?? entityError(name)
  const [only, ...others] = exposure.findEntities(name)
  if (!only) return entityError(name)
  return others.length === 0 ? only : ambiguousEntity(name, [only, ...others])
}

/** The module that `Accept-Profile` (reading) or `Content-Profile` (writing) names: `module` or `module@2`. */
export function chooseProfile(
  exposure: Exposure,
  { headers, method }: Pick<FastifyRequest, 'headers' | 'method'>,
): Module | TenantryError | undefined {
  const profile = headers[method === 'GET' || method === 'HEAD' ? 'accept-profile' : 'content-profile']
  // `public` is what clients send that were told of none.
  if (typeof profile !== 'string' || profile === 'public') return undefined
  const [name = '', major] = profile.split('@')
  const module = major === undefined ? exposure.findLatest(name) : exposure.findModule(name, Number(major))
  return module ?? noSuchProfile([...exposure.exposed].map(({ id }) => id))
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

function noSuchEntity(name: string): never {
  throw entityError(name)
}

function entityError(name: string): TenantryError {
  return new TenantryError('not_found', `Could not find the table ${quote(name)} in the schema cache`, {
    reason: 'PGRST205',
  })
}
