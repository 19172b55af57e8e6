import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isWhole } from '../whole.ts'
import { fuzz } from './fuzz.ts'

test('some seconds of hostile requests break nothing, show nothing of another tenant and write no SQL', async context => {
  const { requests, statements, faults } = await fuzz({ seed: 20_261_120, seconds: isWhole ? 5 : 2 })
  context.diagnostic(`${requests} requests, ${statements} texts of statements`)
  assert.deepEqual(faults, [])
  assert.ok(requests > 50, `only ${requests} requests`)
  assert.ok(statements > 10, `only ${statements} statements`)
})
