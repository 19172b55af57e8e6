import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deliberateDifferences } from './deliberate.ts'

test('each deliberate difference stands once and has a reason', () => {
  assert.equal(new Set(deliberateDifferences.map(({ name }) => name)).size, deliberateDifferences.length)
  for (const { name, reason } of deliberateDifferences) assert.ok(name && reason, name)
})
