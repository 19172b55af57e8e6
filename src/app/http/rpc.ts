import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { argumentNames } from '../../api/rest/call.ts'
import { createCallMemory } from '../../api/rest/call-memory.ts'
import { onceOf } from '../../api/rest/idempotency.ts'
import { limitsOf } from '../../api/rest/limits.ts'
import { respondCall } from '../../api/rest/respond-call.ts'
import { noSuchAction } from '../../core/call-check.ts'
import type { TransactionRunner } from '../../core/datasource.ts'
import { TenantryError } from '../../core/errors.ts'
import { type Action, type Exposure, type Module, quote } from '../../core/module-set.ts'
import { anonymousRole } from '../../core/principal.ts'
import { runCall } from '../../core/run-action.ts'
import type { TenantContext } from '../../core/tenant-context.ts'
import { TenantData } from '../../core/tenant-data.ts'
import type { Platform } from '../platform.ts'
import { openContext, refuseAnonymous } from './context.ts'
import { signalOf } from './disconnect.ts'
import { chooseProfile, keptFor, sendRest } from './rest.ts'
import { keepBodiesAsText, partsOf, restMethods } from './rest-request.ts'

interface ActionParams {
  readonly tenant: string
  readonly module: string
  readonly version: string
  readonly action: string
}

/** Actions: of one module, and of all modules of the tenant as PostgREST clients call them. */
export async function rpcRoutes(app: FastifyInstance, platform: Platform): Promise<void> {
  keepBodiesAsText(app)
  const serving: Serving = { platform, parse: createCallMemory() }
  // Arguments belong to no entity, so what counts is the product's limit.
  const { bodyBytes: bodyLimit } = limitsOf({}, platform.product.config.limits ?? {})
  app.route<{ Params: ActionParams }>({
    method: restMethods,
    bodyLimit,
    url: '/:tenant/:module/:version/rpc/:action',
    handler: async (request, reply) => {
      const { tenant, module, version, action: name } = request.params
      const context = await openContext(platform, request, tenant, module, version)
      const action = context.module?.actions.find(action => action.name === name)
      refuseAnonymous(context, accessOf(action))
      if (!action) throw unknownAction(request, name, context.module)
      return serve(serving, request, reply, withinModule(context, action.module), action)
    },
  })
  app.route<{ Params: Pick<ActionParams, 'tenant' | 'action'> }>({
    method: restMethods,
    bodyLimit,
    url: '/:tenant/rest/v1/rpc/:action',
    handler: async (request, reply) => {
      const context = await openContext(platform, request, request.params.tenant)
      const found = findAction(context, request, request.params.action)
      refuseAnonymous(context, found instanceof TenantryError ? undefined : accessOf(found.action))
      if (found instanceof TenantryError) throw found
      const { action, exposure } = found
      return serve(serving, request, reply, withinModule({ ...context, exposure }, action.module), action)
    },
  })
}

/** Where another API shows the action, its code is still that of its own module. */
function withinModule(context: TenantContext, module: Module): TenantContext {
  return context.module?.id === module.id ? context : { ...context, module, version: module.version }
}

interface Serving {
  readonly platform: Platform
  readonly parse: ReturnType<typeof createCallMemory>
}

async function serve(
  { platform, parse }: Serving,
  request: FastifyRequest,
  reply: FastifyReply,
  context: TenantContext,
  action: Action,
): Promise<FastifyReply | undefined> {
  const { postgres, product } = platform
  const { datasource } = postgres
  const { allowRollback = false, limits = {} } = product.config
  const asking = { ...partsOf(request), action, allowRollback, limits: limitsOf(action.output.entity.limits, limits) }
  const parsed = parse(asking)
  const { plan, like } = parsed
  const signal = signalOf(reply)
  const dataOf = (runner: TransactionRunner) => new TenantData(context, product.modules, datasource, runner)
  const run = (runner?: TransactionRunner) =>
    runCall(plan, { context, datasource, dataOf, ...(runner && { runner }) }, { signal, ...(like && { like }) })
  const deed = { target: action.id, writes: !action.readOnly, rollback: plan.rollback ?? false }
  const once = onceOf(asking, deed, context)
  if (!once) return sendRest(reply, respondCall(parsed, await run()))
  const { answer, replayed } = await datasource.runOnce(context, plan, keptFor(platform, once), { signal, work: run })
  if (replayed) reply.header('Idempotency-Replayed', 'true')
  return sendRest(reply, respondCall(parsed, answer))
}

/** By profile, as entities are; else the name must be unique. */
function findAction(
  { exposure }: TenantContext,
  request: FastifyRequest,
  name: string,
): { readonly action: Action; readonly exposure: Exposure } | TenantryError {
  const found = chooseProfile(exposure, request)
  if (found instanceof TenantryError) return found
  if (found) {
    const action = found.module.actions.find(action => action.name === name)
    return action ? { action, exposure: found.exposure } : unknownAction(request, name, found.module)
  }
  const [only, ...others] = exposure.findActions(name)
  if (!only) return unknownAction(request, name, null)
  if (others.length === 0) return { action: only, exposure }
  return new TenantryError('invalid', `More than one module has an action ${quote(name)}`, {
    reason: 'PGRST106',
    details: [only, ...others].map(({ module }) => module.id).join(', '),
    hint: 'Choose a module with Accept-Profile, or Content-Profile for a POST',
  })
}

/** Who may call it without a token: whom all its entities, or it itself, map. */
function accessOf(action: Action | undefined): ReadonlyMap<string, unknown> | undefined {
  if (!action) return undefined
  const named = action.roles?.includes(anonymousRole) ?? true
  const mapped = action.uses.every(({ entity }) => entity.access.has(anonymousRole))
  return named && mapped ? new Map([[anonymousRole, true]]) : undefined
}

function unknownAction(request: FastifyRequest, name: string, module: Module | null): TenantryError {
  return noSuchAction(`${module?.schema ?? 'public'}.${name}`, argumentNames(partsOf(request)), undefined)
}
