/** Keeps the order of arrival in each lane (a tenant's), and lanes take turns. */
export class FairQueue<T> {
  readonly #laneOf: (item: T) => string
  readonly #queues = new Map<string, T[]>()
  #size = 0

  constructor(laneOf: (item: T) => string) {
    this.#laneOf = laneOf
  }

  get size(): number {
    return this.#size
  }

  sizeOf(lane: string): number {
    return this.#queues.get(lane)?.length ?? 0
  }

  add(item: T): void {
    const lane = this.#laneOf(item)
    const queue = this.#queues.get(lane)
    if (queue) queue.push(item)
    else this.#queues.set(lane, [item])
    this.#size++
  }

  remove(item: T): void {
    const lane = this.#laneOf(item)
    const queue = this.#queues.get(lane)
    const place = queue?.indexOf(item) ?? -1
    if (!queue || place < 0) return
    queue.splice(place, 1)
    if (queue.length === 0) this.#queues.delete(lane)
    this.#size--
  }

  /**
   * Offers the first item of each lane in turn and takes out what is accepted, until a whole round accepts nothing. Whose
   * item was taken goes to the end.
   */
  drain(accept: (item: T) => boolean): void {
    for (let taken = true; taken && this.#size > 0; ) {
      taken = false
      for (const [lane, queue] of [...this.#queues]) {
        const [item] = queue
        if (item === undefined || !accept(item)) continue
        taken = true
        queue.shift()
        this.#size--
        this.#queues.delete(lane)
        if (queue.length > 0) this.#queues.set(lane, queue)
      }
    }
  }

  /** Takes out everything. */
  takeAll(): T[] {
    const items = [...this.#queues.values()].flat()
    this.#queues.clear()
    this.#size = 0
    return items
  }
}
