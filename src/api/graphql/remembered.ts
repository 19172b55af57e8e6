/** What was made of texts; what was asked for longest ago goes first. `most`: entries; `mostWeight`: of all of them together. */
export class Remembered<Value> {
  readonly #most: number
  readonly #mostWeight: number
  readonly #entries = new Map<string, { readonly value: Value; readonly weight: number }>()
  #weight = 0

  constructor(most: number, mostWeight = Number.POSITIVE_INFINITY) {
    this.#most = most
    this.#mostWeight = mostWeight
  }

  get count(): number {
    return this.#entries.size
  }

  get(key: string): Value | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return entry.value
  }

  /** The newest stays, however much it weighs. */
  set(key: string, value: Value, weight = 1): void {
    this.#weight += weight - (this.#entries.get(key)?.weight ?? 0)
    this.#entries.delete(key)
    this.#entries.set(key, { value, weight })
    for (const [oldest, entry] of this.#entries) {
      if (oldest === key || (this.#entries.size <= this.#most && this.#weight <= this.#mostWeight)) return
      this.#entries.delete(oldest)
      this.#weight -= entry.weight
    }
  }
}
