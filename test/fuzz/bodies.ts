import type { Hostile } from './hostile.ts'
import type { Random } from './random.ts'

const writes = ['POST', 'POST', 'PATCH', 'PUT'] as const

/** Bodies of rows; the marker stands for a name or a value in each. */
const wholes: readonly ((marker: string) => string)[] = [
  marker => `[{"n":1,"body":"${marker}"},{"n":2,"body":"${marker}"}]`,
  marker => `{"n":3,"body":"x","${marker}":1}`,
  marker => `{"__proto__":{"n":4},"n":4,"body":"${marker}"}`,
  marker => `{"constructor":{"prototype":{"x":1}},"n":5,"body":"${marker}"}`,
  marker => `{"n":6,"n":7,"body":"x","body":"${marker}"}`,
  marker => `{"n":8,"body":"\\ud800${marker}"}`,
  marker => `{"n":9,"body":"\\u0000${marker}"}`,
  marker => `{"n":1e400,"body":"${marker}"}`,
  marker => `{"n":${'9'.repeat(5_000)},"body":"${marker}"}`,
  marker => `{"n":-0.0e-9999,"body":"${marker}"}`,
  marker => `{"n":11,"body":"${marker}","tenant_id":"globex"}`,
  marker => `{"n":12,"body":"${marker}","data":${'['.repeat(3_000)}${']'.repeat(3_000)}}`,
  marker => `{"n":13,"body":"${marker}","data":${'{"a":'.repeat(9_000)}1${'}'.repeat(9_000)}}`,
  marker => `[${'{},'.repeat(2_000)}{"n":14,"body":"${marker}"}]`,
  marker => `{"slug":"${marker}","title":"'); drop table shop_v1.labels; --"}`,
  marker => `n,body\n15,${marker}\n16,"a""b"\n17`,
  marker => `n,${marker}\n18,x`,
  marker => `n=19&body=${marker}&list=%7Bx%7D`,
  marker => `n=%00&body=%ED%A0%80${marker}`,
  marker => `\xef\xbb\xbf{"n":20,"body":"${marker}"}`,
  marker => `null${marker}`,
  () => '[]',
  () => '{}',
  () => '',
  () => '[[]]',
]

/** Another body: one from the list, or the one that is there cut short, doubled or with bytes in it. */
export function hostileBody(
  { method, path, body, headers }: Hostile,
  marker: string,
  random: Random,
): Pick<Hostile, 'method' | 'path' | 'body' | 'headers'> {
  const writing = method === 'POST' || method === 'PATCH' || method === 'PUT'
  const typed = headers.some(([name]) => name.toLowerCase() === 'content-type')
  const change = {
    method: writing ? method : random.pick(writes),
    path: random.onceIn(2)
      ? path.replace(/v1\/\w+/, `v1/${random.pick(['texts', 'labels', 'makers', 'products', 'rates'])}`)
      : path,
    headers: typed && !random.onceIn(4) ? headers : withType(headers, random),
  }
  if (!body || random.onceIn(2)) return { ...change, body: random.pick(wholes)(marker) }
  const at = random.below(body.length)
  return {
    ...change,
    body: random.pick([
      body.slice(0, at),
      body.slice(0, at) + random.bytes(3) + body.slice(at),
      body.slice(0, at) + marker + body.slice(at),
      body.replace(/"(\w+)":/, `"${marker}":`),
      body.replace(/:\s*("[^"]*"|\d+)/, `:"${marker}"`),
      body + body,
      body.slice(at) + body.slice(0, at),
    ]),
  }
}

function withType(headers: Hostile['headers'], random: Random): Hostile['headers'] {
  const others = headers.filter(([name]) => name.toLowerCase() !== 'content-type')
  const type = random.pick([
    'application/json',
    'application/json',
    'text/csv',
    'application/x-www-form-urlencoded',
    'a/b',
  ])
  return [...others, ['Content-Type', type]]
}
