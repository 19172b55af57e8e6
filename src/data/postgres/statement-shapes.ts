import { createLruCache, type LruCache } from '../../core/lru-cache.ts'

/** What is known of all statements with the same text and role. */
export interface StatementShape {
  /** The short name under which connections prepare it. */
  readonly name: string
  /** Milliseconds that it usually takes; undefined until it has run once, or for a while. */
  cost: number | undefined
  /** How often it has run to its end in the time that it needs where it is prepared, without being parsed and planned. */
  usualRuns: number
  /** When it was last found to be slow while it was thought quick. */
  slowAt: number
}

/** Milliseconds up to which a statement may share a connection with others that wait behind it. */
const promptCost = 20
/** Of so many runs the quickest says what a statement costs: machines stand still now and then, most of all when they start. */
const firstRuns = 3
/** How much the newest run counts. */
const weight = 0.2

/**
 * Statements seen lately; of each role as many as `limit`, and what is asked for again and again stays, however many others
 * somebody invents. A cached plan belongs to the role it was made under, so the role counts.
 */
export class StatementShapes {
  readonly #limit: number
  readonly #byRole = new Map<string, LruCache<string, StatementShape>>()
  #count = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  of(role: string, text: string): StatementShape {
    let shapes = this.#byRole.get(role)
    if (!shapes) {
      shapes = createLruCache(this.#limit)
      this.#byRole.set(role, shapes)
    }
    const known = shapes.get(text)
    if (known) return known
    const shape = { name: `s${++this.#count}`, cost: undefined, usualRuns: 0, slowAt: 0 }
    shapes.set(text, shape)
    return shape
  }
}

/** True when others may wait behind it. What never ran is not trusted: it could be anything. */
export function isPrompt({ cost }: StatementShape): boolean {
  return cost !== undefined && cost <= promptCost
}

/** True when its cost is what others may be refused for. */
export function isKnown({ usualRuns }: StatementShape): boolean {
  return usualRuns > firstRuns
}

/**
 * `milliseconds`: what a run took that has just ended; `wasPrepared`: where it was prepared before. One that used to be quick has to be
 * slow twice: the first time it may be the machine that stood still, and then all that ran beside it say the same. One that was
 * slow where it had to be prepared may be quick where it is.
 */
export function learnCost(shape: StatementShape, milliseconds: number, wasPrepared: boolean): void {
  const { cost = 0, usualRuns } = shape
  const now = performance.now()
  const turnsSlow = usualRuns > 0 && cost <= promptCost && milliseconds > promptCost
  if (turnsSlow && now - milliseconds < shape.slowAt) return
  if (turnsSlow) shape.slowAt = now
  // What was quick although it had to be prepared is quick.
  if (wasPrepared || milliseconds <= promptCost) shape.usualRuns++
  const next =
    usualRuns === 0 ? milliseconds : isKnown(shape) ? averaged(cost, milliseconds) : Math.min(cost, milliseconds)
  shape.cost = turnsSlow && cost < promptCost / 2 ? Math.min(next, promptCost) : next
}

/** Newer ones count more. */
export function averaged(before: number | undefined, milliseconds: number): number {
  return before === undefined ? milliseconds : before + weight * (milliseconds - before)
}

/** It has never ended, and runs for so long already. */
export function learnLeast(shape: StatementShape, milliseconds: number): void {
  shape.cost ??= milliseconds
}
