import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wholeOnly } from '../whole.ts'
import { fuzz } from './fuzz.ts'

test('some seconds of hostile requests break nothing, show nothing of another tenant and write no SQL', {
  skip: wholeOnly,
}, async context => {
  const { requests, statements, faults } = await fuzz({ seed: 20_261_120, seconds: 5 })
  context.diagnostic(`${requests} requests, ${statements} texts of statements`)
  assert.deepEqual(faults, [])
  assert.ok(requests > 50, `only ${requests} requests`)
  assert.ok(statements > 10, `only ${statements} statements`)
})
