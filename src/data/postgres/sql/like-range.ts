/** From the least text that may match (inclusive) to one that no longer can (exclusive; null: there is none). */
export interface TextRange {
  readonly from: string
  readonly to: string | null
}

const surrogates = { first: 0xd800, afterLast: 0xe000 }

/**
 * The range, in the order of bytes of UTF-8 (collation "C"), in which every text lies that a pattern of `like` matches;
 * undefined when it could be any text, or when PostgreSQL will refuse the pattern.
 */
export function likeRange(pattern: string): TextRange | undefined {
  const prefix = prefixOf(pattern)
  if (!prefix?.isWellFormed() || prefix.includes('\0')) return undefined
  return { from: prefix, to: afterAll(prefix) }
}

/** The characters before the first wildcard; undefined when there are none, or when the escape at the end escapes nothing. */
function prefixOf(pattern: string): string | undefined {
  if (/(?<!\\)(\\\\)*\\$/.test(pattern)) return undefined
  const prefix = /^(?:\\.|[^\\%_])*/s.exec(pattern)?.[0].replace(/\\(.)/gs, '$1')
  return prefix === '' ? undefined : prefix
}

/** The least text that comes after everything with this prefix: bytes of UTF-8 sort as code points do. */
function afterAll(prefix: string): string | null {
  const points = Array.from(prefix, character => character.codePointAt(0) ?? 0)
  while (points.at(-1) === 0x10ffff) points.pop()
  const last = points.pop()
  if (last === undefined) return null
  const next = last + 1 === surrogates.first ? surrogates.afterLast : last + 1
  return String.fromCodePoint(...points, next)
}

/** Ranges that together hold what the given ones hold, none touching another, in order. */
export function mergeRanges(ranges: readonly TextRange[]): TextRange[] {
  const merged: TextRange[] = []
  for (const range of [...ranges].sort((a, b) => compareBytes(a.from, b.from))) {
    const last = merged.at(-1)
    if (!last || (last.to !== null && compareBytes(last.to, range.from) < 0)) merged.push(range)
    else merged[merged.length - 1] = { from: last.from, to: later(last.to, range.to) }
  }
  return merged
}

/** What lies in all of the ranges; empty when `to` is not after `from`. */
export function intersectRanges(ranges: readonly [TextRange, ...TextRange[]]): TextRange {
  return ranges.reduce((a, b) => ({
    from: compareBytes(a.from, b.from) < 0 ? b.from : a.from,
    to: a.to !== null && (b.to === null || compareBytes(a.to, b.to) < 0) ? a.to : b.to,
  }))
}

function later(a: string | null, b: string | null): string | null {
  if (a === null || b === null) return null
  return compareBytes(a, b) < 0 ? b : a
}

export function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
