/** Shapes of requests remembered for each entity or action; those that nobody asked for lately go first. */
const limit = 500

interface Known<T> {
  /** Asked for since the others were found to be too many. */
  recent: Map<string, T>
  older: ReadonlyMap<string, T>
}

/**
 * What is known of the requests of a shape, by what they are alike by. To find one changes nothing as a rule: a map that is
 * changed with each request is made anew all the time.
 */
export class ShapeMemory<Owner extends WeakKey, T> {
  readonly #byOwner = new WeakMap<Owner, Known<T>>()

  find(owner: Owner, key: string): T | undefined {
    const known = this.#byOwner.get(owner)
    if (!known) return undefined
    const recent = known.recent.get(key)
    if (recent !== undefined) return recent
    const older = known.older.get(key)
    if (older !== undefined) this.keep(owner, key, older)
    return older
  }

  keep(owner: Owner, key: string, one: T): void {
    let known = this.#byOwner.get(owner)
    if (!known) {
      known = { recent: new Map(), older: new Map() }
      this.#byOwner.set(owner, known)
    }
    if (known.recent.size >= limit / 2) {
      known.older = known.recent
      known.recent = new Map()
    }
    known.recent.set(key, one)
  }
}
