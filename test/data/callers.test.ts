// Who waits for what runs, by the signal with which a caller goes.
import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { beforeEach, describe, mock, test } from 'node:test'
import { Callers } from '../../src/data/postgres/callers.ts'

const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length

describe('a caller', () => {
  let left: string[]
  let callers: Callers<string>
  let acme: AbortController
  let globex: AbortController
  beforeEach(() => {
    left = []
    callers = new Callers(run => left.push(run))
    acme = new AbortController()
    globex = new AbortController()
  })

  test('that goes takes with it all that runs for it, and nothing of another one', () => {
    callers.begin(acme.signal, 'first')
    callers.begin(globex.signal, 'of another')
    callers.begin(acme.signal, 'second')
    acme.abort()
    assert.deepEqual(left, ['first', 'second'])
  })

  test('that goes takes nothing with it that has ended, whatever began in its place', () => {
    callers.begin(acme.signal, 'first')
    callers.begin(acme.signal, 'second')
    callers.end(acme.signal, 'first')
    callers.begin(acme.signal, 'third')
    callers.end(acme.signal, 'second')
    callers.end(acme.signal, 'never begun')
    acme.abort()
    assert.deepEqual(left, ['third'])
  })

  test('is listened to once, however much it asks for', () => {
    for (let number = 0; number < 1_000; number++) {
      callers.begin(acme.signal, String(number))
      callers.begin(acme.signal, `${number} at the same time`)
      assert.equal(listeners(acme.signal), 1)
      callers.end(acme.signal, String(number))
      callers.end(acme.signal, `${number} at the same time`)
    }
  })

  test('that asks for nothing for a while is let go, and known again when it comes back', () => {
    mock.timers.enable({ apis: ['setInterval'] })
    try {
      callers.begin(acme.signal, 'long')
      callers.begin(globex.signal, 'short')
      callers.end(globex.signal, 'short')
      mock.timers.tick(5_000)
      assert.deepEqual([listeners(acme.signal), listeners(globex.signal)], [1, 1])
      mock.timers.tick(5_000)
      assert.deepEqual([listeners(acme.signal), listeners(globex.signal)], [1, 0])
      callers.begin(globex.signal, 'again')
      assert.equal(callers.size, 2)
      globex.abort()
      acme.abort()
      assert.deepEqual(left, ['again', 'long'])
      assert.equal(callers.size, 0)
    } finally {
      mock.timers.reset()
    }
  })

  test('that comes back in time stays known', () => {
    mock.timers.enable({ apis: ['setInterval'] })
    try {
      for (let round = 0; round < 3; round++) {
        callers.begin(acme.signal, 'short')
        callers.end(acme.signal, 'short')
        mock.timers.tick(5_000)
        assert.equal(listeners(acme.signal), 1)
      }
    } finally {
      mock.timers.reset()
    }
  })

  test('is let go at once where somebody comes as a new one each time', () => {
    callers.begin(globex.signal, 'long')
    const signals = Array.from({ length: 10_010 }, () => new AbortController().signal)
    for (const signal of signals) {
      callers.begin(signal, 'short')
      callers.end(signal, 'short')
    }
    assert.equal(callers.size, 10_000)
    assert.equal(signals.filter(signal => listeners(signal) > 0).length, 9_999)
    callers.begin(acme.signal, 'first')
    callers.begin(acme.signal, 'second')
    callers.end(acme.signal, 'first')
    globex.abort()
    acme.abort()
    assert.deepEqual(left, ['long', 'second'])
  })

  test('that comes and goes is looked for no longer when nobody is left', () => {
    mock.timers.enable({ apis: ['setInterval'] })
    const stopped = mock.method(globalThis, 'clearInterval')
    try {
      for (const { signal } of [acme, globex]) {
        callers.begin(signal, 'short')
        callers.end(signal, 'short')
        mock.timers.tick(5_000)
        mock.timers.tick(5_000)
        assert.deepEqual([callers.size, listeners(signal)], [0, 0])
      }
      assert.equal(stopped.mock.callCount(), 2)
    } finally {
      stopped.mock.restore()
      mock.timers.reset()
    }
  })
})
