import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  compareVersions,
  formatVersion,
  parseMajorFolder,
  parseVersion,
  parseWantedVersion,
  satisfiesVersion,
} from '../../src/core/version.ts'

const version = (text: string) => parseVersion(text) ?? assert.fail(text)

test('versions compare part by part as numbers', () => {
  const ordered = ['1.0.0', '1.0.1', '1.0.10', '1.2.0', '1.9.0', '1.10.0', '2.0.0', '10.0.0']
  const shuffled = ordered.toReversed().map(version).sort(compareVersions)
  assert.deepEqual(shuffled.map(formatVersion), ordered)
  assert.equal(compareVersions(version('1.2.3'), version('1.2.3')), 0)
})

test('a full version has exactly three plain numbers', () => {
  for (const text of [
    '1.0',
    '1',
    'v1.0.0',
    '1.0.0 ',
    '01.0.0',
    '1.0.0-a',
    '1.0.0+b',
    '-1.0.0',
    '1.0.1234567',
    '1.0.0\n',
    '',
  ])
    assert.equal(parseVersion(text), undefined, JSON.stringify(text))
})

test('a wanted version is a least one inside its major', () => {
  assert.deepEqual(parseWantedVersion('1.4'), { major: 1, minor: 4, patch: 0 })
  for (const text of ['0', '0.1.0', 'v1', '1.', '1.x', '']) assert.equal(parseWantedVersion(text), undefined, text)
  const satisfies = (present: string, wanted: string) =>
    satisfiesVersion(version(present), parseWantedVersion(wanted) ?? assert.fail())
  assert.deepEqual(
    [satisfies('1.4.0', '1.4'), satisfies('1.10.0', '1.9'), satisfies('1.3.9', '1.4'), satisfies('2.0.0', '1')],
    [true, true, false, false],
  )
})

test('v1, v4 and v64 are folders of a major; 1, V1, v1.1, v1z and v01 are not', () => {
  assert.deepEqual(['v1', 'v4', 'v64'].map(parseMajorFolder), [1, 4, 64])
  for (const text of ['1', 'V1', 'v1.1', 'v1z', 'v01', 'v0', 'v', 'v-1', 'v1\n', 'xv1'])
    assert.equal(parseMajorFolder(text), undefined, JSON.stringify(text))
})
