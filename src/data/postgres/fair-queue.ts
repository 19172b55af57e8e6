/** To an item of a queue; `full`: it is refused, and so would all others be. */
export type Answer = 'taken' | 'refused' | 'full'

const nothing: readonly never[] = []

/**
 * True when one more in a lane that has `own` of them is within its share of a queue for `limit`, of which `lanes` have some: in a
 * full one another lane has more then. Who has as much as most others does not make anybody look for the one that has more.
 */
export function isWithinShare(own: number, lanes: number, limit: number): boolean {
  return own + 1 <= limit / (own > 0 ? lanes : lanes + 1)
}

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

  /** How many lanes have something in them. */
  get lanes(): number {
    return this.#queues.size
  }

  /** What is in the longest lane. */
  get longest(): readonly T[] {
    let longest: readonly T[] = []
    for (const queue of this.#queues.values()) if (queue.length > longest.length) longest = queue
    return longest
  }

  /** What is in a lane, the first that came first. */
  of(lane: string): readonly T[] {
    return this.#queues.get(lane) ?? nothing
  }

  sizeOf(lane: string): number {
    return this.of(lane).length
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
   * Offers the first item of each lane in turn and takes out what is accepted. Whose item was taken goes to the end and is asked
   * again then; whose was refused is not, since what others have got leaves less for it.
   */
  drain(offer: (item: T) => Answer): void {
    // What is put in while a Map is walked through comes at its end.
    for (const [lane, queue] of this.#queues) {
      let answer = this.#offerFirst(queue, offer)
      // Whoever is alone is at the end already: to be taken out and put in for each item would cost more than the offer.
      while (answer === 'taken' && queue.length > 0 && this.#queues.size === 1) answer = this.#offerFirst(queue, offer)
      if (answer === 'full') return
      if (answer === 'refused') continue
      this.#queues.delete(lane)
      if (queue.length > 0) this.#queues.set(lane, queue)
    }
  }

  #offerFirst(queue: T[], offer: (item: T) => Answer): Answer {
    const [item] = queue
    const answer = item === undefined ? 'refused' : offer(item)
    if (answer !== 'taken') return answer
    queue.shift()
    this.#size--
    return answer
  }

  /** Takes out everything. */
  takeAll(): T[] {
    const items = [...this.#queues.values()].flat()
    this.#queues.clear()
    this.#size = 0
    return items
  }
}
