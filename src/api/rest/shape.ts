import { type Parameter, parseQueryString } from './query-string.ts'

/** A query string apart from the values that its filters compare with: queries of one shape have plans that are alike. */
export interface Shape {
  readonly text: string
  /** By slot; as they are on the wire and decoded, which is the same. */
  readonly values: readonly string[]
}

/**
 * A filter of the root whose value the statement takes as it is, whatever it is. It is written out in characters that mean
 * only themselves. `&` begins each, so that names are whole.
 */
const filter =
  /(?<=^|&)((?!(?:select|order|limit|offset|columns|on_conflict|and|or)=)\w+=(?:eq|neq|gte?|lte?)\.)([\w.~:-]+)(?=&|$)/g
const onlyFilter = new RegExp(`^${filter.source}`)

/** Stands for a value; in no query string (RFC 3986, 3.4). */
const mark = '\0'

export function shapeOf(query: string): Shape {
  const values: string[] = []
  const text = query.replace(filter, (_, head: string, value: string) => {
    values.push(value)
    return head + mark
  })
  return { text, values }
}

/** The parameters of a query string, with the slots that its shape has. */
export function slottedParameters(query: string): readonly Parameter[] {
  // As there are parameters: what says nothing is none.
  const pairs = query.split('&').filter(pair => pair.includes('='))
  let slots = 0
  return parseQueryString(query).map((parameter, index) =>
    onlyFilter.test(pairs[index] ?? '') ? { ...parameter, slot: slots++ } : parameter,
  )
}

/** True when the text can be told from a shape. */
export function isShapeable(query: string): boolean {
  return !query.includes(mark)
}
