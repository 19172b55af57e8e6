// What a connection writes for statements that leave together, as the server reads it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Connection } from '../../src/data/postgres/connection.ts'
import {
  PreparedStatements,
  type SharedStatement,
  SharedTransaction,
} from '../../src/data/postgres/tenant-statement.ts'
import { WireBuffer } from '../../src/data/postgres/wire.ts'
import { Pools, poolModule } from './pools.ts'

/** The messages that name a statement: `P` prepares it, `B` runs it, `C` closes it. */
function messagesOf(bytes: Buffer): string[] {
  const messages: string[] = []
  for (let at = 0; at < bytes.length; at += 1 + bytes.readInt32BE(at + 1)) {
    const type = String.fromCharCode(bytes[at] ?? 0)
    const [first = '', second = ''] = bytes.toString('latin1', at + 5, at + 200).split('\0')
    if (type === 'P') messages.push(`P ${first}`)
    if (type === 'B') messages.push(`B ${second}`)
    if (type === 'C') messages.push(`C ${first.slice(1)}`)
  }
  return messages
}

/** Statements on one connection whose server is not there. */
class Written {
  /** How many statements the last ones that left count for, when their time is learned. */
  runs = 0
  readonly #prepared = new PreparedStatements(500)
  readonly #wire = new WireBuffer()

  statement(name: string, key: string, isLookup = true, tenant = 'acme'): SharedStatement {
    const lookup = isLookup ? { lookup: () => `lookup of ${name}` } : {}
    return {
      settings: ['reader', tenant, '', 'somebody', '1000'],
      name,
      statement: { text: name, values: [key], ...lookup },
      done() {},
    }
  }

  insert(): SharedStatement {
    const { settings, done } = this.statement('i', '')
    return { settings, name: 'i', statement: { text: 'i', values: ['[{}]'], takesRows: true }, done }
  }

  /** What is written for statements that leave together. */
  turn(first: SharedStatement, ...others: readonly SharedStatement[]): string[] {
    const transaction = new SharedTransaction(first, !first.statement.takesRows, this.#wire, this.#prepared)
    transaction.submit()
    for (const other of others) {
      assert.ok(transaction.takes(other))
      transaction.add(other)
    }
    transaction.end()
    this.runs = transaction.runs
    return messagesOf(this.#wire.take())
  }

  pair(name: string): string[] {
    return this.turn(this.statement(name, '1'), this.statement(name, '2'))
  }
}

test('keys are looked up together from the third time on, and what does that is prepared before', () => {
  const written = new Written()
  written.turn(written.statement('v', '0'))
  assert.deepEqual(written.pair('v'), ['B tenantry_settings', 'B v', 'B v'])
  assert.deepEqual(written.pair('v'), ['C v_keys', 'B tenantry_settings', 'P v_keys', 'B v_keys'])
  assert.deepEqual(written.pair('v'), ['B tenantry_settings', 'B v_keys'])
})

test('a statement of the same text that is no lookup prepares none', () => {
  const written = new Written()
  written.turn(written.statement('v', '0'))
  written.pair('v')
  // As another tenant may ask for it, since all share the names.
  const list = written.statement('v', '1', false, 'globex')
  assert.deepEqual(written.turn(list), ['B tenantry_settings', 'B v'])
  assert.deepEqual(written.turn(list, written.statement('v', '2', false, 'globex')), [
    'B tenantry_settings',
    'B v',
    'B v',
  ])
  assert.deepEqual(written.pair('v'), ['C v_keys', 'B tenantry_settings', 'P v_keys', 'B v_keys'])
})

test('each row and each key counts, and what all of them ask for counts once', () => {
  const written = new Written()
  const [insert, same, other] = [written.insert(), written.statement('v', '1'), written.statement('v', '2')]
  written.turn(insert)
  assert.deepEqual(written.turn(insert, insert, insert), ['B tenantry_settings', 'B i'])
  assert.equal(written.runs, 3)
  written.turn(same)
  assert.deepEqual(written.turn(same, same, same), ['B tenantry_settings', 'B v'])
  assert.equal(written.runs, 1)
  written.turn(same, other)
  written.turn(same, other)
  assert.deepEqual(written.turn(same, other), ['B tenantry_settings', 'B v_keys'])
  assert.equal(written.runs, 2)
})

test('however many lookups somebody invents, those of others are prepared', () => {
  const written = new Written()
  const invented = Array.from({ length: 150 }, (_, number) => `invented${number}`)
  for (const name of ['v', 'first', ...invented]) written.turn(written.statement(name, '0'))
  // Behind another statement, so that they never are.
  for (const name of invented)
    written.turn(written.statement('first', '0'), written.statement(name, '1'), written.statement(name, '2'))
  written.pair('v')
  assert.ok(written.pair('v').includes('B v_keys'))
})

let pools: Pools
before(async () => {
  pools = await Pools.over({ modules: [poolModule], settings: { connections: 1, writeConnections: 1 } })
})
after(() => pools.end())

test('the server keeps no statement of those that failed, whoever invents them', async () => {
  const pool = await pools.open()
  const kept = async () => Number((await pools.ask(pool, 'select count(*)::text from pg_prepared_statements'))[0])
  const before = await kept()
  for (let number = 0; number < 60; number++) {
    const statement = `select (1 / $1::int)::text as "${number}"`
    const tenant = number % 2 ? 'acme' : 'globex'
    await assert.rejects(pools.ask(pool, statement, { tenant, values: ['0'], sharing: 'reads', repeatable: true }))
  }
  assert.ok((await kept()) <= before + 3, `${before} statements became ${await kept()}`)
})

test('what was never sent has taken a time that can be counted with', async () => {
  const connection = await Connection.open(pools.target, { free() {}, lost() {} })
  const closed = connection.close()
  const ran = await new Promise<number>(resolve => {
    connection.send({
      settings: ['reader', 'acme', '', 'somebody', '1000'],
      name: 'v',
      statement: { text: 'select 1', values: [] },
      cancelled: false,
      isPrompt: true,
      sharing: 'reads',
      done: (_error, _row, ran) => resolve(ran),
    })
  })
  assert.ok(Number.isFinite(ran), String(ran))
  await closed
})
