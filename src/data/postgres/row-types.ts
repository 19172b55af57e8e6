import pg from 'pg'

type Parse = (text: string) => unknown

const asText: Parse = text => text
/** As JSON has it: `2026-01-31T09:00:00.5+00:00`. */
const moment: Parse = text => text.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00')

/** PostgreSQL's types whose values a `Row` has in another form than the driver gives them. */
const parsers = new Map<number, Parse>([
  [20, BigInt],
  [1700, asText],
  [1082, asText],
  [1114, moment],
  [1184, moment],
])
/** Arrays of them, and what they hold. */
const arrays = new Map([
  [1016, 20],
  [1231, 1700],
  [1182, 1082],
  [1115, 1114],
  [1185, 1184],
])
const textArray: number = 1009

/** How the driver reads values, so that an author's own statements answer what plans answer: exactly. */
export const rowTypes: pg.CustomTypesConfig = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    const element = arrays.get(oid)
    if (element === undefined) return parsers.get(oid) ?? pg.types.getTypeParser(oid, format)
    const parse = parsers.get(element) ?? asText
    const split: (text: string) => readonly (string | null)[] = pg.types.getTypeParser(textArray, 'text')
    return (text: string) => split(text).map(item => (item === null ? null : parse(item)))
  },
}
