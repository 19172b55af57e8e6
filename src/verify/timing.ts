import type { Request } from './attack.ts'
import type { Client } from './client.ts'
import type { Random } from './random.ts'

export interface Timing {
  readonly pairs: number
  /** Welch's t of the two; the further from 0, the better they can be told apart. */
  readonly t: number
  /** Mean microseconds. */
  readonly foreign: number
  readonly absent: number
}

/** Beyond it, the difference is no chance (as in TVLA and dudect). */
export const mostT = 4.5
const warmUp = 500
/** Of the slowest times this part is left out, of both kinds by the same bound: what they say is the machine's. */
const kept = 0.99

export interface TimingOptions {
  readonly pairs: number
  readonly random: Random
  readonly signal: AbortSignal
  /** Microseconds. */
  readonly now: () => number
}

/** Asks for rows of the other tenant and for rows that nobody has, in pairs of random order, one request at a time. */
export async function measureTiming(
  client: Client,
  token: string,
  requests: { readonly foreign: readonly Request[]; readonly absent: readonly Request[] },
  { pairs, random, signal, now }: TimingOptions,
): Promise<Timing> {
  const times = { foreign: new Float64Array(pairs), absent: new Float64Array(pairs) }
  for (let pair = -warmUp; pair < pairs; pair++) {
    signal.throwIfAborted()
    const index = random.below(requests.foreign.length)
    const order = random.below(2) === 0 ? (['foreign', 'absent'] as const) : (['absent', 'foreign'] as const)
    for (const kind of order) {
      const request = requests[kind][index]
      if (!request) continue
      const began = now()
      await client.send(request, token)
      const took = now() - began
      if (pair >= 0) times[kind][pair] = took
    }
  }
  const all = Float64Array.from([...times.foreign, ...times.absent]).sort()
  const bound = all[Math.floor(all.length * kept)] ?? Number.POSITIVE_INFINITY
  const [foreign, absent] = [times.foreign, times.absent].map(some => momentsOf(some.filter(time => time <= bound)))
  if (!foreign || !absent) return { pairs, t: 0, foreign: 0, absent: 0 }
  return { pairs, t: welch(foreign, absent), foreign: foreign.mean, absent: absent.mean }
}

interface Moments {
  readonly mean: number
  readonly variance: number
  readonly count: number
}

export function momentsOf(values: Iterable<number>): Moments {
  let [count, mean, squares] = [0, 0, 0]
  for (const value of values) {
    count++
    const away = value - mean
    mean += away / count
    squares += away * (value - mean)
  }
  return { mean, variance: count > 1 ? squares / (count - 1) : 0, count }
}

export function welch(one: Moments, two: Moments): number {
  const spread = Math.sqrt(one.variance / one.count + two.variance / two.count)
  return spread === 0 ? 0 : (one.mean - two.mean) / spread
}
