/** Numbers that are the same for the same seed. */
export interface Random {
  /** From 0 up to, and without, `limit`. */
  below(limit: number): number
  /** True once in so many times. */
  onceIn(times: number): boolean
  pick<T>(values: readonly [T, ...T[]] | readonly T[]): T
  /** Any bytes, as text of one character for each. */
  bytes(length: number): string
}

/** Mulberry32. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number) => Math.floor(next() * limit)
  return {
    below,
    onceIn: times => below(times) === 0,
    pick: <T>(values: readonly T[]) => {
      const [first] = values
      if (first === undefined) throw new Error('There is nothing to pick from')
      return values[below(values.length)] ?? first
    },
    bytes: length => Array.from({ length }, () => String.fromCharCode(below(256))).join(''),
  }
}
