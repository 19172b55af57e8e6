/** What is known of all statements with the same text and role. */
export interface StatementShape {
  /** The short name under which connections prepare it. */
  readonly name: string
  /** Milliseconds that it usually takes; undefined until it has run once, or for a while. */
  cost: number | undefined
  /** True when it has run to its end. */
  ran: boolean
}

/** Milliseconds up to which a statement may share a connection with others that wait behind it. */
const promptCost = 20
/** How much the newest run counts. */
const weight = 0.2

/** Statements seen so far, the oldest forgotten first. A cached plan belongs to the role it was made under, so the role counts. */
export class StatementShapes {
  readonly #limit: number
  readonly #byRole = new Map<string, Map<string, StatementShape>>()
  #count = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  of(role: string, text: string): StatementShape {
    let shapes = this.#byRole.get(role)
    if (!shapes) {
      shapes = new Map()
      this.#byRole.set(role, shapes)
    }
    const known = shapes.get(text)
    if (known) return known
    if (shapes.size >= this.#limit) {
      const [oldest] = shapes.keys()
      if (oldest !== undefined) shapes.delete(oldest)
    }
    const shape = { name: `s${++this.#count}`, cost: undefined, ran: false }
    shapes.set(text, shape)
    return shape
  }
}

/** True when others may wait behind it. What never ran is not trusted: it could be anything. */
export function isPrompt({ cost }: StatementShape): boolean {
  return cost !== undefined && cost <= promptCost
}

export function learnCost(shape: StatementShape, milliseconds: number): void {
  shape.cost = averaged(shape.ran ? shape.cost : undefined, milliseconds)
  shape.ran = true
}

/** Newer ones count more. */
export function averaged(before: number | undefined, milliseconds: number): number {
  return before === undefined ? milliseconds : before + weight * (milliseconds - before)
}

/** It has never ended, and runs for so long already. */
export function learnLeast(shape: StatementShape, milliseconds: number): void {
  shape.cost ??= milliseconds
}
