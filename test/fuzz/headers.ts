import type { Random } from './random.ts'

type Header = readonly [name: string, value: string]

const values: Readonly<Record<string, readonly string[]>> = {
  Prefer: [
    ...[
      'return=representation',
      'return=headers-only',
      'count=exact',
      'count=planned',
      'tx=rollback',
      'missing=default',
    ],
    ...[
      'handling=strict',
      'handling=strict, max-affected=1',
      'resolution=merge-duplicates',
      'deleted=include',
      'purge',
    ],
    ...['max-affected=99999999999999999999', 'return=representation,return=minimal', '=', ',,,', 'timezone=x'],
  ],
  Range: ['0-', '5-2', '0-99999999999999999999', '-5', 'items=0-1', '0-0,1-1'],
  'Range-Unit': ['items', 'bytes'],
  Accept: [
    ...['text/csv', 'application/vnd.pgrst.object+json', 'application/vnd.pgrst.array+json;nulls=stripped', '*/*;q=0'],
    ...['application/vnd.pgrst.plan+json', 'text/html', 'application/octet-stream', ';;;', 'a/b;q=x,*/*'],
  ],
  'Accept-Profile': ['shop', 'shop@1', 'shop@x', 'tenantry', 'pg_catalog', 'public', '__proto__'],
  'Content-Profile': ['shop', 'shop@99999999999', 'information_schema', '@', ''],
  'Content-Type': [
    'text/csv',
    'application/x-www-form-urlencoded',
    'application/json; charset=utf-16',
    'multipart/form-data',
    '/',
  ],
  'X-Tenant': ['globex', 'acme', 'system', '', 'acme,globex'],
  Host: ['globex', 'globex.example', '', 'x:99999'],
  'If-Match': ['*', '"1"', 'W/"x"'],
  'X-Instance': ['eu', '', "'"],
  'X-HTTP-Method-Override': ['DELETE'],
  'Transfer-Encoding': ['identity'],
  Expect: ['100-continue'],
  Origin: ['null', 'http://evil.example'],
}

/** The headers with one more, or with one that is broken: a value that means something, bytes, length, a marker. */
export function hostileHeaders(headers: readonly Header[], marker: string, random: Random): readonly Header[] {
  if (random.onceIn(6)) {
    return headers.map(([name, value]) =>
      name === 'authorization' ? [name, brokenToken(value, random)] : [name, value],
    )
  }
  const name = random.pick(Object.keys(values))
  const value = random.pick([
    random.pick(values[name] ?? ['']),
    random.pick(values[name] ?? ['']),
    `${random.pick(values[name] ?? [''])}${marker}`,
    marker.repeat(1 + random.below(random.onceIn(10) ? 900 : 3)),
    random.bytes(8).replace(/[^\x20-\x7e\x80-\xff]/g, '~'),
  ])
  return [...headers.filter(header => random.onceIn(4) || header[0] !== name), [name, value]]
}

function brokenToken(value: string, random: Random): string {
  const at = 8 + random.below(value.length - 8)
  return random.pick([
    value.slice(0, at) + random.pick(['A', '.', '=', '', '~']) + value.slice(at + 1),
    value.slice(0, at),
    `Basic ${value.slice(7)}`,
    'Bearer',
    'Bearer eyJhbGciOiJub25lIn0.eyJ0ZW5hbnQiOiJnbG9iZXgiLCJyb2xlcyI6WyJhZG1pbiJdfQ.',
    `${value}, ${value}`,
  ])
}
