import { TenantryError } from '../../core/errors.ts'

/** How rows become text. */
export interface MediaType {
  /** As it stands in `Content-Type`, without the charset. */
  readonly name: string
  readonly format: 'json' | 'csv'
  /** One object instead of a list. */
  readonly single: boolean
  /** Members that are null are left out. */
  readonly stripNulls: boolean
}

const json: MediaType = { name: 'application/json', format: 'json', single: false, stripNulls: false }
const csv: MediaType = { ...json, name: 'text/csv', format: 'csv' }
const object: MediaType = { ...json, name: 'application/vnd.pgrst.object+json', single: true }
const strippedObject: MediaType = { ...object, name: `${object.name};nulls=stripped`, stripNulls: true }
const strippedArray: MediaType = {
  ...json,
  name: 'application/vnd.pgrst.array+json;nulls=stripped',
  stripNulls: true,
}

interface Accepted {
  readonly range: string
  readonly quality: number
  readonly specificity: number
}

/** The media type to answer with. Throws `PGRST107` (406) when none of the accepted ones can be made. */
export function negotiate(accept: string | undefined): MediaType {
  const wanted = parseAccept(accept ?? '*/*')
  for (const { range } of wanted) {
    const type = mediaTypeOf(range)
    if (type) return type
  }
  throw new TenantryError(
    'invalid',
    `None of these media types are available: ${wanted.map(({ range }) => range).join(', ')}`,
    { reason: 'PGRST107', hint: 'Accept application/json, application/vnd.pgrst.object+json or text/csv' },
  )
}

/** As it stands in `Content-Type`. */
export function contentType(type: MediaType): string {
  return `${type.name}; charset=utf-8`
}

/** By quality, then the more specific first; what has quality 0 is not accepted (RFC 9110, 12.5.1). */
function parseAccept(header: string): Accepted[] {
  return header
    .split(',')
    .map(part => part.replaceAll(' ', '').split(/;q=/i))
    .map(([range = '', rest]) => ({ range, quality: qualityOf(rest), specificity: specificityOf(range) }))
    .filter(({ range, quality }) => range !== '' && quality > 0)
    .sort((a, b) => b.quality - a.quality || b.specificity - a.specificity)
}

function qualityOf(text: string | undefined): number {
  const quality = Number.parseFloat(text ?? '1')
  return Number.isNaN(quality) ? 1 : quality
}

function specificityOf(range: string): number {
  return range.split(';').length - range.split('*').length
}

function mediaTypeOf(range: string): MediaType | undefined {
  const [type, ...parameters] = range.toLowerCase().split(';')
  const stripsNulls = parameters.includes('nulls=stripped') || parameters.includes('nulls="stripped"')
  switch (type) {
    case '*/*':
    case 'application/*':
    case 'application/json':
      return json
    case 'application/vnd.pgrst.array':
    case 'application/vnd.pgrst.array+json':
      return stripsNulls ? strippedArray : json
    case 'application/vnd.pgrst.object':
    case 'application/vnd.pgrst.object+json':
      return stripsNulls ? strippedObject : object
    case 'text/csv':
    case 'text/*':
      return csv
    default:
      return undefined
  }
}
