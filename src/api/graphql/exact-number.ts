/** ECMAScript 2026, in Node since 21 and not yet in TypeScript's library. */
const { rawJSON, isRawJSON } = JSON as typeof JSON & {
  rawJSON(text: string): { readonly rawJSON: string }
  isRawJSON(value: unknown): value is { readonly rawJSON: string }
}

/** Numbers of fewer digits are exact in JavaScript, too. What looks like one inside a text only takes longer. */
const longNumber = /[[:,\s]-?(?:[\d.]{16}|[\d.]+[eE])/

/** JSON in which numbers keep their digits: those that JavaScript would round stand as raw JSON. */
export function parseExact(text: string): unknown {
  if (!longNumber.test(text)) return JSON.parse(text)
  return JSON.parse(text, ((_name: string, value: unknown, context?: { readonly source?: string }) =>
    typeof value === 'number' && context?.source !== undefined ? exactJson(context.source) : value) as Parameters<
    typeof JSON.parse
  >[1])
}

/** A number as JavaScript has it, or as raw JSON where it would be rounded. */
export function exactJson(source: string): unknown {
  const value = Number(source)
  const whole = Number.isSafeInteger(value)
  return (whole && source.length < 16) || (String(value) === source && (whole || !Number.isInteger(value)))
    ? value
    : rawJSON(source)
}

/** A number's digits; undefined for what is none, or was rounded already. */
export function exactText(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : undefined
  return isRawJSON(value) ? value.rawJSON : undefined
}
