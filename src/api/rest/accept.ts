import { TenantryError } from '../../core/errors.ts'

export type MediaType = 'application/json' | 'application/vnd.pgrst.object+json'

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
    { reason: 'PGRST107', hint: 'Accept application/json or application/vnd.pgrst.object+json' },
  )
}

/** As it stands in `Content-Type`. */
export function contentType(type: MediaType): string {
  return `${type}; charset=utf-8`
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
      return 'application/json'
    case 'application/vnd.pgrst.array':
    case 'application/vnd.pgrst.array+json':
      return stripsNulls ? undefined : 'application/json'
    case 'application/vnd.pgrst.object':
    case 'application/vnd.pgrst.object+json':
      return stripsNulls ? undefined : 'application/vnd.pgrst.object+json'
    default:
      return undefined
  }
}
