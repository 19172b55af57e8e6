import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Actor } from '../../core/audit.ts'
import type { MigrationProgress } from '../migrations.ts'
import type { Operations } from '../operations.ts'
import type { Platform } from '../platform.ts'
import { checkSeeding, refuseUnseedable, type SeedingWish, seedAfter, seedAllAfter } from '../seeding/seed-after.ts'
import { text } from './schemas.ts'

interface Guards {
  readonly mayRead: (request: FastifyRequest) => Promise<void>
  readonly mayWrite: (request: FastifyRequest) => Promise<void>
  readonly actorOf: (request: FastifyRequest) => Actor
  /** The operations as whoever asks. */
  readonly operationsBy: (request: FastifyRequest) => Operations
}

const flag = { type: 'boolean' } as const
const losing = { allowDestructive: flag, ignoreNodes: flag } as const
const upSchema = {
  body: {
    type: ['object', 'null'],
    additionalProperties: false,
    properties: { ...losing, baseline: flag, seed: flag, deseed: flag, force: flag },
  },
} as const
const downSchema = {
  body: {
    type: 'object',
    additionalProperties: false,
    required: ['module', 'to'],
    properties: { ...losing, module: text, to: { type: 'integer', minimum: 0, maximum: 9_999 } },
  },
} as const

interface LosingBody {
  readonly allowDestructive?: boolean
  readonly ignoreNodes?: boolean
}

type UpBody = (LosingBody & { readonly baseline?: boolean } & Partial<SeedingWish>) | null

/** `/-/migrations` and `/-/tenants/{tenant}/migrations`: what `tenantry migrate` and `tenantry seed` do. */
export function migrationRoutes(
  app: FastifyInstance,
  { migrations, log }: Platform,
  { mayRead, mayWrite, actorOf, operationsBy }: Guards,
): void {
  const acting = (request: FastifyRequest, { allowDestructive = false, ignoreNodes = false }: LosingBody) => ({
    ...{ allowDestructive, ignoreNodes, actor: actorOf(request) },
    onProgress: (progress: MigrationProgress) => {
      if (progress.kind === 'done') log.info({ migration: progress.migration.name }, 'a migration was run')
    },
  })
  const up = async (request: FastifyRequest, { baseline = false, ...body }: NonNullable<UpBody>) =>
    (await migrations()).up({ ...acting(request, body), baseline })

  app.get('/migrations', { onRequest: mayRead }, async () => (await migrations()).status())
  app.get('/migrations/plan', { onRequest: mayRead }, async () =>
    (await (await migrations()).plan()).map(({ note, ...step }) => ({ ...step, note: note ?? null })),
  )
  app.post<{ Body: UpBody }>('/migrations', { onRequest: mayWrite, schema: upSchema }, async request => {
    const body = request.body ?? {}
    const wish = seedingOf(body)
    const result = await up(request, body)
    const seeding = await seedAllAfter(operationsBy(request), wish)
    return seeding ? { ...result, seeding } : result
  })
  app.post<{ Body: LosingBody & { readonly module: string; readonly to: number } }>(
    '/migrations/down',
    { onRequest: mayWrite, schema: downSchema },
    async request => {
      const { module, to } = request.body
      return (await migrations()).down(module, to, acting(request, request.body))
    },
  )
  // Where the tenant's rows are: in tables that it shares, so that what is pending there is run for all who do.
  app.post<{ Params: { readonly tenant: string }; Body: UpBody }>(
    '/tenants/:tenant/migrations',
    { onRequest: mayWrite, schema: upSchema },
    async request => {
      const { tenant } = request.params
      const body = request.body ?? {}
      const wish = seedingOf(body)
      const operations = operationsBy(request)
      refuseUnseedable(operations, tenant)
      const result = await up(request, body)
      return { tenant, ...result, ...(await seedAfter(operations, tenant, wish)) }
    },
  )
}

function seedingOf({ seed = false, deseed = false, force = false }: Partial<SeedingWish>): SeedingWish {
  const wish = { seed, deseed, force }
  checkSeeding(wish)
  return wish
}
