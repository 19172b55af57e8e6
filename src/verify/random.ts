/** Numbers that look random and are the same for the same seed. */
export interface Random {
  /** A whole number from 0 to below `limit`. */
  below(limit: number): number
  pick<T>(items: readonly [T, ...T[]] | readonly T[], otherwise: T): T
  /** At most so many of them, in a new order. */
  sample<T>(items: readonly T[], most: number): T[]
  letters(length: number): string
}

const alphabet = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ'

/** mulberry32 */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (limit: number) => Math.floor(next() * limit)
  return {
    below,
    pick: (items, otherwise) => items[below(items.length)] ?? otherwise,
    sample(items, most) {
      if (most >= items.length && most === Number.POSITIVE_INFINITY) return [...items]
      const left = [...items]
      const taken: (typeof left)[number][] = []
      while (taken.length < most && left.length > 0) taken.push(...left.splice(below(left.length), 1))
      return taken
    },
    letters: length => Array.from({ length }, () => alphabet[below(alphabet.length)]).join(''),
  }
}
