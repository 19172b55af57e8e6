import type { Scratch } from '../../verify/attack.ts'
import { createClient } from '../../verify/client.ts'
import type { AttackReport } from '../../verify/report.ts'
import { restProtocol } from '../../verify/rest/rest.ts'
import { measureTiming, type Timing, type TimingOptions } from '../../verify/timing.ts'
import type { ScratchTenants } from './scratch-tenants.ts'

const timedRows = 100

/** Compares the times of rows of the other tenant and of none, of an entity that was seen to be read; null where there is none. */
export async function timeRows(
  tenants: ScratchTenants,
  { entities, attackers, rows, own, other }: Scratch,
  url: string,
  { reached }: AttackReport,
  options: Omit<TimingOptions, 'now'>,
  onStage: (text: string) => void,
): Promise<Timing | null> {
  const entity = entities.find(
    ({ id, global, instanced, references }) => reached.includes(id) && !global && !instanced && references.length === 0,
  )
  const reader = attackers.find(({ role, token }) => token && entity?.access.get(role)?.startsWith('tenant_'))
  if (!entity || reader?.token === undefined) return null
  onStage(`the times of ${options.pairs} pairs of requests for ${entity.id}`)
  const numbersFrom = (first: number) => Array.from({ length: timedRows }, (_, index) => first + index)
  await tenants.fill(other, rows, numbersFrom(400), [entity])
  const requestFor = (number: number) => restProtocol.list(entity, own.tenant, rows.keyOf(entity, number))
  const client = createClient(url, 1)
  try {
    return await measureTiming(
      client,
      reader.token,
      { foreign: numbersFrom(400).map(requestFor), absent: numbersFrom(600).map(requestFor) },
      { ...options, now: () => Number(process.hrtime.bigint()) / 1_000 },
    )
  } finally {
    client.close()
  }
}
