import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { GroupOperations } from '../group-operations.ts'

interface GroupParams {
  readonly Params: { readonly group: string }
}

interface MemberParams {
  readonly Params: { readonly group: string; readonly tenant: string }
}

export interface GroupRoutesDeps {
  readonly operations: GroupOperations
  /** The same, recorded as done by who sent the request. */
  readonly operationsBy: (request: FastifyRequest) => GroupOperations
  readonly mayRead: (request: FastifyRequest) => Promise<void>
  readonly mayWrite: (request: FastifyRequest) => Promise<void>
}

const createSchema = {
  body: {
    type: 'object',
    additionalProperties: false,
    required: ['name'],
    properties: { name: { type: 'string', maxLength: 200 } },
  },
} as const

/** `/-/groups`: groups of tenants, for the platform's own people. */
export function groupRoutes(
  app: FastifyInstance,
  { operations, operationsBy, mayRead, mayWrite }: GroupRoutesDeps,
): void {
  app.get('/groups', { onRequest: mayRead }, async () => operations.listGroups())
  app.get<GroupParams>('/groups/:group', { onRequest: mayRead }, async ({ params }) =>
    operations.showGroup(params.group),
  )
  app.post<{ Body: { name: string } }>(
    '/groups',
    { onRequest: mayWrite, schema: createSchema },
    async (request, reply) => {
      const group = await operationsBy(request).createGroup(request.body.name)
      return reply.code(201).header('Location', `/-/groups/${group.name}`).send(group)
    },
  )
  app.delete<GroupParams>('/groups/:group', { onRequest: mayWrite }, async (request, reply) => {
    await operationsBy(request).deleteGroup(request.params.group)
    return reply.code(204).send()
  })
  app.put<MemberParams>('/groups/:group/members/:tenant', { onRequest: mayWrite }, async request =>
    operationsBy(request).addToGroup(request.params.group, request.params.tenant),
  )
  app.delete<MemberParams>('/groups/:group/members/:tenant', { onRequest: mayWrite }, async request =>
    operationsBy(request).removeFromGroup(request.params.group, request.params.tenant),
  )
}
