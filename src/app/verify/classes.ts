import { type AttackClass, attackClasses } from '../../verify/attack.ts'
import type { AttackReport } from '../../verify/report.ts'
import type { Timing } from '../../verify/timing.ts'

/** What `--only` takes: the classes of attacks, and the look into the database. */
export type VerifyClass = AttackClass | 'catalog'
export const verifyClasses: readonly VerifyClass[] = ['catalog', ...attackClasses.map(([name]) => name)]

/** What was tried and what came of it. */
export interface Verified {
  /** Nothing was found, and something was tried. */
  readonly isolated: boolean
  /** Of the server that was attacked; null where none was. */
  readonly url: string | null
  readonly seed: number
  /** What is wrong with the database, one sentence each; null when it was not looked at. */
  readonly faults: readonly string[] | null
  readonly attacks: AttackReport | null
  readonly timing: Timing | null
  readonly seconds: number
}
