import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Actor } from '../../core/audit.ts'
import type { Platform } from '../platform.ts'

interface Guards {
  readonly mayRead: (request: FastifyRequest) => Promise<void>
  readonly mayWrite: (request: FastifyRequest) => Promise<void>
  readonly actorOf: (request: FastifyRequest) => Actor
}

const flag = { type: 'boolean' } as const
const upSchema = {
  body: {
    type: ['object', 'null'],
    additionalProperties: false,
    properties: { allowDestructive: flag, baseline: flag },
  },
} as const

/** `/-/migrations`: what `tenantry migrate status` and `migrate up` do. */
export function migrationRoutes(
  app: FastifyInstance,
  { migrations, log }: Platform,
  { mayRead, mayWrite, actorOf }: Guards,
): void {
  app.get('/migrations', { onRequest: mayRead }, async () => (await migrations()).status())
  app.post<{ Body: { allowDestructive?: boolean; baseline?: boolean } | null }>(
    '/migrations',
    { onRequest: mayWrite, schema: upSchema },
    async request => {
      const { allowDestructive = false, baseline = false } = request.body ?? {}
      return (await migrations()).up({
        allowDestructive,
        baseline,
        actor: actorOf(request),
        onProgress: progress => {
          if (progress.kind === 'done') log.info({ migration: progress.migration.name }, 'a migration was run')
        },
      })
    },
  )
}
