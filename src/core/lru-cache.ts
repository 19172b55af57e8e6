/** Keeps at most `limit` entries; of those that were not used lately the oldest goes first. */
export interface LruCache<K, V> {
  readonly size: number
  get(key: K): V | undefined
  /** Answers the key of what had to go for it. */
  set(key: K, value: V): K | undefined
  delete(key: K): void
  deleteWhere(matches: (value: V) => boolean): void
}

export function createLruCache<K, V>(limit: number): LruCache<K, V> {
  // A Map keeps the order of insertion: what is used goes to the end, what is dropped comes from the front.
  const entries = new Map<K, { readonly value: V; readonly turn: number }>()
  let turn = 0
  const put = (key: K, value: V) => {
    entries.delete(key)
    entries.set(key, { value, turn: ++turn })
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
      if (turn - entry.turn > limit / 2) put(key, entry.value)
      return entry.value
    },
    set(key, value) {
      put(key, value)
      if (entries.size <= limit) return undefined
      const [oldest] = entries.keys()
      if (oldest !== undefined) entries.delete(oldest)
      return oldest
    },
    delete(key) {
      entries.delete(key)
    },
    deleteWhere(matches) {
      for (const [key, { value }] of entries) if (matches(value)) entries.delete(key)
    },
  }
}
