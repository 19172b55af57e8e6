/** Keeps entries that weigh `limit` together at the most; of those that were not used lately the oldest goes first. */
export interface LruCache<K, V> {
  readonly size: number
  get(key: K): V | undefined
  /** Answers the keys of what had to go for it. What weighs more than `limit` is not kept. `weight`: 1 if absent. */
  set(key: K, value: V, weight?: number): readonly K[]
  delete(key: K): void
  deleteWhere(matches: (value: V) => boolean): void
}

export function createLruCache<K, V>(limit: number): LruCache<K, V> {
  // A Map keeps the order of insertion: what is used goes to the end, what is dropped comes from the front.
  const entries = new Map<K, { readonly value: V; readonly weight: number; readonly turn: number }>()
  let turn = 0
  let total = 0
  const remove = (key: K) => {
    total -= entries.get(key)?.weight ?? 0
    entries.delete(key)
  }
  const put = (key: K, value: V, weight: number) => {
    remove(key)
    total += weight
    turn += weight
    entries.set(key, { value, weight, turn })
  }
  return {
    get size() {
      return entries.size
    },
    get(key) {
      const entry = entries.get(key)
      if (entry === undefined) return undefined
      // Moving costs more than finding, and a map that is changed all the time is made anew all the time: garbage that is old
      // from the start. So what is in the newer half stays where it is.
      if (turn - entry.turn > limit / 2) put(key, entry.value, entry.weight)
      return entry.value
    },
    set(key, value, weight = 1) {
      if (weight > limit) {
        remove(key)
        return [key]
      }
      put(key, value, weight)
      const gone: K[] = []
      for (const oldest of entries.keys()) {
        if (total <= limit) break
        remove(oldest)
        gone.push(oldest)
      }
      return gone
    },
    delete(key) {
      remove(key)
    },
    deleteWhere(matches) {
      for (const [key, { value }] of entries) if (matches(value)) remove(key)
    },
  }
}
