import type { BenchCase } from '../cases.ts'
import { type Measured, median } from '../http-load.ts'
import type { Competitor } from './competitor.ts'

/** What one round measured, with microseconds of processor time for one request. */
export interface Round extends Measured {
  readonly serverCpu: number
  readonly databaseCpu: number
}

const titles = [
  'request',
  'server',
  'per second',
  'p50 / p99',
  'CPU: server + database',
  'load',
  'Tenantry is faster by',
  'needs less CPU by',
]

/** As Markdown. `measured` has the rounds of each competitor; the first one is compared with the others. */
export function table(
  competitors: readonly Competitor[],
  results: readonly { readonly bench: BenchCase; readonly measured: readonly (readonly Round[])[] }[],
): string {
  const rows = results.flatMap(({ bench, measured }) =>
    competitors.map(({ name }, index) => {
      const rounds = measured[index] ?? []
      const middle = (of: (round: Round) => number) => median(rounds.map(of))
      const [server, database] = [middle(({ serverCpu }) => serverCpu), middle(({ databaseCpu }) => databaseCpu)]
      const cpu = Number.isNaN(server)
        ? '–'
        : `${Math.round(server)} + ${Math.round(database)} = ${Math.round(server + database)} µs`
      return [
        index === 0 ? bench.name : '',
        name,
        `${Math.round(middle(({ perSecond }) => perSecond))}`,
        `${middle(({ p50 }) => p50).toFixed(1)} / ${middle(({ p99 }) => p99).toFixed(1)} ms`,
        cpu,
        `${Math.round(middle(({ loadCpu }) => loadCpu))} µs`,
        ...(index === 0
          ? ['', '']
          : [
              ratios(measured[0] ?? [], rounds, (ours, theirs) => ours.perSecond / theirs.perSecond),
              ratios(measured[0] ?? [], rounds, (ours, theirs) => cpuOf(theirs) / cpuOf(ours)),
            ]),
      ]
    }),
  )
  const rule = titles.map((_, index) => (index < 2 ? '---' : '---:'))
  return [titles, rule, ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n')
}

function cpuOf({ serverCpu, databaseCpu }: Round): number {
  return serverCpu + databaseCpu
}

/** Of rounds that followed each other: the median with the least and the greatest. */
function ratios(ours: readonly Round[], theirs: readonly Round[], of: (ours: Round, theirs: Round) => number): string {
  const found = ours.flatMap((round, index) => {
    const other = theirs[index]
    return other ? [of(round, other)] : []
  })
  if (found.some(Number.isNaN)) return '–'
  return `**${median(found).toFixed(1)}x** (${Math.min(...found).toFixed(1)}–${Math.max(...found).toFixed(1)})`
}
