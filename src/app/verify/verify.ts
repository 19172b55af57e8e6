import { setTimeout as sleep } from 'node:timers/promises'
import { TenantryError } from '../../core/errors.ts'
import type { Entity } from '../../core/module-set.ts'
import type { AttackClass, Attacker, Scratch } from '../../verify/attack.ts'
import { type Client, createClient } from '../../verify/client.ts'
import { forgeTokens } from '../../verify/forge.ts'
import { createRandom } from '../../verify/random.ts'
import type { AttackReport } from '../../verify/report.ts'
import { restProtocol } from '../../verify/rest/rest.ts'
import { createRowMaker } from '../../verify/rows.ts'
import { runAttacks } from '../../verify/run.ts'
import { measureTiming, mostT, type Timing, type TimingOptions } from '../../verify/timing.ts'
import type { Platform } from '../platform.ts'
import type { Verified, VerifyClass } from './classes.ts'
import { ScratchTenants } from './scratch-tenants.ts'
import { findServer } from './serving.ts'

export interface VerifyWish {
  /** The server to attack; absent: the one that runs, or one that is started. */
  readonly url?: string
  readonly seed: number
  /** Classes of attacks, and `catalog`; none: all of them. */
  readonly only?: readonly VerifyClass[]
  /** Attacks of one case (class, target, operation, role), chosen by the seed; absent: all of them. */
  readonly most?: number
  /** Pairs of requests whose times are compared; absent: none. */
  readonly timingPairs?: number
  readonly concurrency?: number
  readonly signal?: AbortSignal
  readonly onStage?: (text: string) => void
}

const protocols = [restProtocol]
/** Requests under way at once; a node takes more without queueing. */
const usualConcurrency = 16
const patience = 20_000
const timedRows = 100

/**
 * Proves that tenants are kept apart, or finds where they are not: looks into the database, then attacks a server as one of
 * two scratch tenants, which are removed again whatever happens. Where the database has faults only attacks that read are run.
 */
export async function verifyIsolation(platform: Platform, wish: VerifyWish): Promise<Verified> {
  const began = performance.now()
  const { seed, only = [], onStage = () => {} } = wish
  const wants = (name: VerifyClass) => only.length === 0 || only.includes(name)
  const faults = wants('catalog') ? await platform.postgres.inspect() : null
  if (faults) onStage(`the database: ${faults.length} faults`)
  const classes = only.filter(name => name !== 'catalog')
  const attacked =
    only.length > 0 && classes.length === 0 && wish.timingPairs === undefined
      ? undefined
      : await attackServer(platform, wish, new Set(classes), faults?.length === 0 || faults === null)
  const attacks = attacked?.report ?? null
  const timing = attacked?.timing ?? null
  return {
    isolated:
      (faults?.length ?? 0) === 0 &&
      (attacked !== undefined || (only.length > 0 && classes.length === 0)) &&
      (attacks === null || (attacks.leaks.length === 0 && attacks.reached.length > 0)) &&
      (timing === null || Math.abs(timing.t) < mostT),
    ...{ url: attacked?.url ?? null, seed, faults, attacks, timing },
    seconds: Math.round(performance.now() - began) / 1_000,
  }
}

async function attackServer(
  platform: Platform,
  wish: VerifyWish,
  only: ReadonlySet<AttackClass>,
  isSound: boolean,
): Promise<{ readonly url: string; readonly report: AttackReport; readonly timing: Timing | null } | undefined> {
  const {
    seed,
    most = Number.POSITIVE_INFINITY,
    concurrency = usualConcurrency,
    signal = new AbortController().signal,
    onStage = () => {},
  } = wish
  const server = await findServer(platform, wish.url, isSound)
  if (!server) return undefined
  const random = createRandom(seed)
  const tenants = new ScratchTenants(platform, random)
  const client = createClient(server.url, concurrency)
  try {
    onStage(`${server.started ? 'a server started for this' : 'the server'} at ${server.url}, as ${tenants.own.tenant}`)
    await tenants.make()
    const scratch = await prepare(platform, tenants, client, signal)
    const { rows, own, other } = scratch
    await tenants.fill(own, rows, rows.shared)
    const report = await runAttacks({
      ...{ scratch, protocols, client, seed, only, most, concurrency, signal, onStage, mayWrite: isSound },
      async fillOther() {
        await tenants.fill(other, rows, [...rows.shared, ...rows.foreign])
        const [mine, theirs] = [await tenants.stateOf(own), await tenants.stateOf(other)]
        return [...mine].filter(([id, { rows }]) => (theirs.get(id)?.rows ?? 0) < rows).map(([id]) => id)
      },
      stateOfOther: async () => new Map([...(await tenants.stateOf(other))].map(([id, { digest }]) => [id, digest])),
    })
    const timing =
      wish.timingPairs === undefined
        ? null
        : await timeRows(tenants, scratch, server.url, report, { pairs: wish.timingPairs, random, signal }, onStage)
    return { url: server.url, report, timing }
  } finally {
    client.close()
    onStage('removing the scratch tenants')
    await tenants.remove().finally(() => server.close())
  }
}

/** Waits until the server knows the tenants; makes tokens of every kind. */
async function prepare(
  { product }: Platform,
  tenants: ScratchTenants,
  client: Client,
  signal: AbortSignal,
): Promise<Scratch> {
  const { own, other, nobody, instances } = tenants
  const attackers = await tenants.attackers(own)
  const counterparts = await tenants.attackers(other)
  const { modules } = product.modules
  const entities = modules.flatMap(({ entities }) => entities).filter(({ internal }) => !internal)
  for (const { tenant, token } of [
    { tenant: own.tenant, token: attackers.at(-1)?.token },
    { tenant: other.tenant, token: counterparts.at(-1)?.token },
  ])
    await untilServed(client, tenant, token ?? null, signal)
  const globals = new Map<Entity, string>()
  for (const entity of modules.flatMap(({ entities }) => entities).filter(({ global }) => global)) {
    const key = await keyOfShared(client, entity, own.tenant, attackers)
    if (key !== undefined) globals.set(entity, key)
  }
  const tokenOf = (some: readonly Attacker[]) => some.at(-1)?.token ?? ''
  return {
    ...{ own, other, nobody, entities, instances, attackers },
    actions: modules.flatMap(({ actions }) => actions),
    rows: createRowMaker(product.modules, tenants.mark, globals),
    counterparts: new Map(counterparts.map(attacker => [attacker.name, attacker])),
    forged: forgeTokens(tokenOf(attackers), tokenOf(counterparts)),
  }
}

async function untilServed(client: Client, tenant: string, token: string | null, signal: AbortSignal): Promise<void> {
  for (const began = performance.now(); ; await sleep(100)) {
    signal.throwIfAborted()
    const { status } = await client.send({ path: `/${tenant}/openapi.json` }, token)
    if (status === 200) return
    if (performance.now() - began > patience) {
      throw new TenantryError('unavailable', `The server does not serve the scratch tenants (${status})`, {
        hint: 'It must be of this installation: the same database, master key and PUBLIC_URL',
      })
    }
  }
}

/** The key of any row that all tenants share, for rows that must name one. */
async function keyOfShared(
  client: Client,
  entity: Entity,
  tenant: string,
  attackers: readonly Attacker[],
): Promise<string | undefined> {
  const [key = 'id'] = entity.key
  for (const { token = null } of attackers) {
    const { name, module } = entity
    const path = `/${tenant}/${module.name}/v${module.version.major}/${name}?select=${key}&limit=1`
    const { status, text } = await client.send({ path }, token)
    const [row]: readonly Readonly<Record<string, unknown>>[] = status === 200 ? JSON.parse(text) : []
    if (row) return String(row[key])
  }
  return undefined
}

async function timeRows(
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
