import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { GreetingSchema } from '../../test/stores/generated/greeting_pb.ts'
import type { DataCase } from './case.ts'
import { type DataWorld, greetings } from './open-world.ts'

const size = 500
const kept = 1_000

/** Documents, and by hand a table that holds the same bytes. */
export function documentCases({ acme, ask, pool }: DataWorld, callers: number): DataCase[] {
  const store = greetings.of(acme)
  const message = create(GreetingSchema, { text: 'x'.repeat(size), count: 1n })
  const ids: string[] = []
  let next = 0
  const byHandId = () => ids[next++ % ids.length]
  const table = 'bench_v1.blobs'
  const insert = `insert into ${table} (tenant_id, payload) values ($1, $2) returning id`
  const put = () => ask<{ id: string }>('insert blob', insert, ['acme', toBinary(GreetingSchema, message)])
  const prepare = async () => {
    await pool.query(`truncate ${table}, bench_v1.greetings`)
    next = kept
    await store.insert(Array.from({ length: kept }, (_, n) => ({ id: `d${n}`, message })))
    const rows = await Promise.all(Array.from({ length: kept }, put))
    ids.splice(0, ids.length, ...rows.map(([row]) => row?.id ?? ''))
  }
  return [
    {
      name: `documents of ${size} bytes: insert`,
      callers,
      prepare,
      ours: () => store.insert({ id: `d${next++}`, message }),
      byHand: put,
    },
    {
      name: 'documents: find',
      callers,
      prepare,
      ours: () => store.findById(`d${next++ % kept}`),
      byHand: async () => {
        const text = `select payload from ${table} where tenant_id = $1 and id = $2 and deleted_at is null`
        const [row] = await ask<{ payload: Buffer }>('find blob', text, ['acme', byHandId()])
        return fromBinary(GreetingSchema, row?.payload ?? new Uint8Array())
      },
    },
    {
      name: 'documents: update',
      callers,
      prepare,
      ours: () => store.update({ id: `d${next++ % kept}`, message }),
      byHand: () => {
        const text = `update ${table} set payload = $3 where tenant_id = $1 and id = $2 and deleted_at is null`
        return ask('update blob', text, ['acme', byHandId(), toBinary(GreetingSchema, message)])
      },
    },
  ]
}
