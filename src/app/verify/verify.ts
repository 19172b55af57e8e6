import type { AttackClass } from '../../verify/attack.ts'
import { createClient } from '../../verify/client.ts'
import { createRandom } from '../../verify/random.ts'
import type { AttackReport } from '../../verify/report.ts'
import { restProtocol } from '../../verify/rest/rest.ts'
import { runAttacks } from '../../verify/run.ts'
import { mostT, type Timing } from '../../verify/timing.ts'
import type { Platform } from '../platform.ts'
import type { Verified, VerifyClass } from './classes.ts'
import { prepareScratch } from './prepare-scratch.ts'
import { ScratchTenants } from './scratch-tenants.ts'
import { findServer } from './serving.ts'
import { timeRows } from './time-rows.ts'

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
    const scratch = await prepareScratch(platform, tenants, client, signal)
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
