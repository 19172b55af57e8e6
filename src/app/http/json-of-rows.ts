/** ECMAScript 2026, in Node since 21 and not yet in TypeScript's library. */
const { rawJSON } = JSON as typeof JSON & { rawJSON(text: string): unknown }

/** What a module's route answers, as JSON: a bigint as the number it is, bytes as PostgreSQL writes them (`\x…`). */
export function jsonOfRows(payload: unknown): string {
  if (typeof payload === 'string') return payload
  return JSON.stringify(payload, (_name, value: unknown) => {
    if (typeof value === 'bigint') return rawJSON(String(value))
    return value instanceof Uint8Array ? `\\x${Buffer.from(value).toString('hex')}` : value
  })
}
