import type { Verified } from '../app/verify/classes.ts'
import { count, indent, table } from './output.ts'

const mostShown = 20

/** What was tried, what was found, and the verdict, for people. */
export function verifiedText(verified: Verified): string {
  const { faults, attacks, timing } = verified
  const rows = [
    ...(faults ? [['catalog', 'the database, beside the definitions', '', '', String(faults.length)]] : []),
    ...(attacks?.classes ?? []).map(({ class: name, about, cases, requests, leaks }) => [
      ...[name, about, String(cases), String(requests), String(leaks)],
    ]),
    ...(timing
      ? [['timing', `t = ${timing.t.toFixed(2)} over ${timing.pairs} pairs`, '', String(timing.pairs * 2), '']]
      : []),
  ]
  const leaks = attacks?.leaks ?? []
  return [
    table([['CLASS', 'ABOUT', 'CASES', 'REQUESTS', 'FOUND'], ...rows]),
    ...(faults ?? []).map(fault => `\nThe database: ${indent(fault).trimStart()}`),
    ...leaks
      .slice(0, mostShown)
      .map(
        ({ class: name, role, target, operation, request, found }) =>
          `\n${name}: ${found}\n${indent(`${operation} of ${target} as ${role}\n${request}`)}`,
      ),
    ...(leaks.length > mostShown ? [`\nand ${leaks.length - mostShown} more kinds, which --json shows`] : []),
    ...(attacks && attacks.notReached.length > 0
      ? [`\nNobody was seen to read rows of ${attacks.notReached.join(', ')}: of these little is proven.`]
      : []),
    `\n${verdictOf(verified)}`,
  ].join('\n')
}

function verdictOf({ isolated, faults, attacks, timing, url, seed, seconds }: Verified): string {
  const tried = attacks
    ? `${attacks.requests} requests in ${attacks.cases} cases at ${url}, seed ${seed}, ${seconds.toFixed(1)} s`
    : `${seconds.toFixed(1)} s`
  if (isolated) return `Isolated: nothing was found (${tried}).`
  const kinds = attacks?.leaks.length ?? 0
  return [
    `NOT proven: ${[
      ...(faults && faults.length > 0 ? [`${count(faults.length, 'fault')} in the database`] : []),
      ...(kinds > 0 ? [`${count(kinds, 'kind')} of leaks`] : []),
      ...(timing && Math.abs(timing.t) >= 4.5 ? ['times that can be told apart'] : []),
      ...(attacks && attacks.reached.length === 0 ? ['nobody could read anything, so nothing was attacked'] : []),
    ].join(', ')} (${tried}).`,
    ...(attacks && !attacks.wrote ? ['Nothing was written, since a hole could lead to rows of other tenants.'] : []),
    ...(url === null && (faults?.length ?? 0) > 0
      ? ['No server runs, and none is started on such a database: nothing was attacked.']
      : []),
  ].join('\n')
}
