import type { Hostile } from './hostile.ts'
import type { Random } from './random.ts'
import { parcelCount, parcelId } from './yard.ts'

/** What answers gave to go on with: links to next pages and whole rows. */
export interface Memory {
  readonly links: string[]
  readonly rows: string[]
}

/** Remembers the last of what an answer gives. */
export function remember(memory: Memory, answer: string): void {
  const [, link] = /^link: <([^>]+)>/im.exec(answer) ?? []
  if (link !== undefined) memory.links.push(link)
  const [row] = /\{"id":"0{8}-0000-7000[^{}]*"revision":\d+[^{}]*(?:\{[^{}]*\}[^{}]*)*\}/.exec(answer) ?? []
  if (row !== undefined && row.length < 2_000) memory.rows.push(row)
  for (const list of [memory.links, memory.rows]) if (list.length > 50) list.splice(0, 10)
}

type Made = Pick<Hostile, 'method' | 'path' | 'headers' | 'body'>

const base = '/acme/yard/v1'
const orders = [
  'title',
  'weight.desc',
  'rank,title.desc',
  'state.nullsfirst,weight',
  'created_at',
  'deleted_at,rank',
  'pin',
]
const selects = [
  '*',
  'id,title,revision',
  '*,parcels(*)',
  'id,within:within_id(title,revision)',
  '*,scrolls(id)',
  'pin',
  'parcels(pin)',
]
const tags = ['"1"', '"2"', '"3"', 'W/"1"', '"1", "2"', '*', '"1-csv"', '"99999999999"', '"-1"', '""', '"1" "2"', '1']
const forms = ['application/json', 'text/csv', 'application/vnd.pgrst.object+json', '*/*']

/** Requests for what needs a memory: pages, conditions, repeated writes, whole rows, actions. Most of them are well-formed. */
export function yardRequest(marker: string, memory: Memory, random: Random): Made {
  const id = parcelId(1 + random.below(parcelCount + 2))
  const one = `${base}/parcels?id=eq.${id}`
  const get = (path: string, headers: Made['headers'] = []): Made => ({
    method: random.onceIn(8) ? 'HEAD' : 'GET',
    path,
    headers,
    body: undefined,
  })
  const send = (method: string, path: string, body: unknown, headers: Made['headers'] = []): Made => ({
    method,
    path,
    headers: [['Content-Type', 'application/json'], ...headers],
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  const full = ['Prefer', 'return=representation'] as const
  const value = random.pick([marker, `${marker}'"\\`, `%${marker}_`, '', ' ', `\u00e9${marker}`, `{"${marker}":1}`])
  // So few that they are repeated.
  const key = ['Idempotency-Key', random.pick(['a', 'b', 'c', 'd', `${marker}`, 'x'.repeat(256), ''])] as const
  const match = ['If-Match', random.onceIn(9) ? marker : random.pick(tags)] as const

  switch (random.below(12)) {
    case 0:
    case 1: {
      const query = [
        `select=${marker}:title,${random.pick(selects)}`,
        `order=${random.pick(orders)}`,
        `limit=${1 + random.below(9)}`,
        ...(random.onceIn(9) ? [`pin=like.kan*`] : []),
      ]
      return get(`${base}/parcels?${query.join('&')}`, [['Prefer', 'paging=keyset'], ...accepted(random)])
    }
    case 2:
      return get(memory.links.length === 0 ? `${base}/parcels` : altered(random.pick(memory.links), marker, random))
    case 3:
      return get(`${one}&select=${marker}:rank,${random.pick(['*', 'title', 'revision'])}`, [
        [random.pick(['If-None-Match', 'If-Match']), random.pick(tags)],
        ...accepted(random),
      ])
    case 4:
    case 5: {
      const method = random.pick(['PATCH', 'PATCH', 'PUT', 'DELETE'])
      const body =
        method === 'DELETE' ? '' : { ...(method === 'PUT' && { id }), title: value || 'x', rank: random.below(9) }
      return send(method, one, body, [match, ...(random.onceIn(2) ? [full] : []), ...(random.onceIn(4) ? [key] : [])])
    }
    case 6: {
      const body = random.onceIn(3) ? { title: 'the same' } : { title: marker, about: { [marker]: value } }
      return send('POST', `${base}/parcels`, body, [key, full])
    }
    case 7: {
      const row = memory.rows.length === 0 ? '{}' : random.pick(memory.rows)
      const body = random.pick([
        row.replace(/"title":"[^"]*"/, `"title":"${marker}"`),
        row.replace(/"revision":\d+/, `"revision":${random.pick([1, 2, 1e9, 'null', `"${marker}"`])}`),
        row.replace(/"created_by":[^,}]*/, `"created_by":"${marker}"`),
        row.replace(/"id":/, '"tenant_id":"globex","id":'),
        row.replace(/"id":/, '"pin":"mine","id":'),
      ])
      return send(random.pick(['PATCH', 'PUT', 'POST']), random.onceIn(5) ? `${base}/parcels` : one, body, [full])
    }
    case 8: {
      const query = random.pick([
        `heavier?least=${random.below(9)}&select=${marker}:title,rank&order=rank,id&limit=4`,
        `heavier?least=1&in_state=sent&title=neq.${marker}&select=*,parcels(id)`,
        `search?pattern=${encodeURIComponent(value)}`,
        `search?pattern=*&about=${encodeURIComponent(`{"${marker}":[1]}`)}&select=id,about->${marker}`,
        `echo?text=${encodeURIComponent(value)}`,
        `ship?parcel=${id}`,
        `heavier?least=${marker}`,
      ])
      return get(`${base}/rpc/${query}`, accepted(random))
    }
    case 9: {
      const [name, input] = random.pick<readonly [string, object]>([
        ['rename', { parcel: id, title: value }],
        ['ship', { parcel: id, remark: value }],
        ['ship', { parcel: id }],
        ['search', { pattern: value, about: { [marker]: value } }],
        ['echo', { text: value }],
        ['heavier', { least: random.pick(['1e400', 1e300, -0, '1.005', marker]) }],
        ['rename', { parcel: id, title: value, tenant_id: 'globex' }],
      ])
      return send('POST', `${base}/rpc/${name}`, input, random.onceIn(3) ? [key] : [])
    }
    case 10:
      return send('DELETE', `${one}&title=neq.${marker}`, '', [
        ['Prefer', random.pick(['purge', 'count=exact', full[1]])],
      ])
    default:
      // Megabytes each.
      return random.onceIn(25)
        ? get(`${base}/scrolls?select=id,title,${marker}:created_at&order=id`, accepted(random))
        : get(`${base}/scrolls?select=id,${marker}:created_at&title=like.${random.below(9)}*`, accepted(random))
  }
}

function accepted(random: Random): Made['headers'] {
  return random.onceIn(3) ? [['Accept', random.pick(forms)]] : []
}

/** A link as it is, or with something changed in its token or its query. */
function altered(link: string, marker: string, random: Random): string {
  const at = random.below(link.length)
  return random.pick([
    link,
    link,
    link.slice(0, at) + random.pick(['A', '.', '-', '', '%00', marker]) + link.slice(at + 1),
    link.replace('acme', 'globex'),
    link.replace('parcels', 'scrolls'),
    `${link}&rank=gt.${random.below(5)}`,
    link.replace(/limit=\d+/, 'limit=1'),
    link.replace(/\$after=[^.]*/, `$after=${Buffer.from(JSON.stringify([marker, null])).toString('base64url')}`),
    `${link}&${link.slice(link.indexOf('$after'))}`,
  ])
}
