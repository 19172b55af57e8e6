/** Texts and what was made of them; what was asked for longest ago goes first. `most`: entries; `mostSize`: characters of all keys. */
export class Remembered<Value> {
  readonly #most: number
  readonly #mostSize: number
  readonly #entries = new Map<string, Value>()
  #size = 0

  constructor(most: number, mostSize = Number.POSITIVE_INFINITY) {
    this.#most = most
    this.#mostSize = mostSize
  }

  get count(): number {
    return this.#entries.size
  }

  get(key: string): Value | undefined {
    const value = this.#entries.get(key)
    if (value === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, value)
    return value
  }

  set(key: string, value: Value): void {
    if (this.#entries.delete(key)) this.#size -= key.length
    this.#entries.set(key, value)
    this.#size += key.length
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#most && this.#size <= this.#mostSize) return
      this.#entries.delete(oldest)
      this.#size -= oldest.length
    }
  }
}
