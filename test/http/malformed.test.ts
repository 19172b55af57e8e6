import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openDesk } from './desk.ts'
import type { OpenProduct } from './open-product.ts'

let product: OpenProduct
let token: string

before(async () => {
  product = await openDesk()
  token = await product.token('acme')
})
after(() => product?.close())

const secret = 'kAnArI7q3'
const host = 'Host: x\r\n'
const papers = '/acme/desk/v1/papers'
const chunked = `${host}Transfer-Encoding: chunked\r\n`

/** Looks at the one answer in what came, and at every byte of it. */
async function refused(bytes: string): Promise<readonly [status: number, code: unknown]> {
  const text = await product.sendRaw(bytes)
  const [head = '', body = ''] = text.split('\r\n\r\n')
  const shown = JSON.stringify([bytes.slice(0, 100), text])
  assert.match(head, /\r\ncontent-type: application\/json; charset=utf-8(\r|$)/i, shown)
  assert.match(head, /\r\nconnection: close(\r|$)/i, shown)
  assert.equal(Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1]), Buffer.byteLength(body), shown)
  const error: Readonly<Record<string, unknown>> = JSON.parse(body)
  assert.deepEqual(Object.keys(error), ['code', 'message', 'details', 'hint'])
  assert.doesNotMatch(text, new RegExp(`${secret}|HPE_|node:|Parse Error|\\bat \\w+ \\(`))
  return [Number(head.split(' ')[1]), error.code]
}

test('bytes that are no request are answered in the form of every error', async () => {
  const invalid = [400, 'invalid']
  const large = 'a'.repeat(20_000)
  const cases: readonly (readonly [bytes: string, expected: readonly (number | string)[]])[] = [
    [`${secret}\r\n\r\n`, invalid],
    [`\x16\x03\x01\x02${secret}`, invalid],
    [`${secret} / HTTP/1.1\r\n${host}\r\n`, invalid],
    [`get / HTTP/1.1\r\n${host}\r\n`, invalid],
    [`GET / HTTP/9.9\r\n${host}\r\n`, invalid],
    [`GET /\x00 HTTP/1.1\r\n${host}\r\n`, invalid],
    [`GET / HTTP/1.1\r\n${host}${secret}\r\n\r\n`, invalid],
    [`GET / HTTP/1.1\r\n${host}X: a\x00b\r\n\r\n`, invalid],
    [`POST ${papers} HTTP/1.1\r\n${host}Content-Length: ${secret}\r\n\r\n`, invalid],
    [`POST ${papers} HTTP/1.1\r\n${chunked}\r\n${secret}\r\n`, invalid],
    [`POST ${papers} HTTP/1.1\r\n${chunked}\r\n1;${large}\r\nx\r\n`, [413, 'too_large']],
    [`GET / HTTP/1.1\r\n${host}X: ${large}\r\n\r\n`, [431, 'headers_too_large']],
    [`GET /${large} HTTP/1.1\r\n${host}\r\n`, [431, 'headers_too_large']],
    ['GET / HTTP/1.1\r\nConnection: close\r\n\r\n', invalid],
    [`GET / HTTP/1.1\r\n${host}Expect: ${secret}\r\n\r\n`, [417, 'expectation_failed']],
  ]
  for (const [bytes, expected] of cases) assert.deepEqual(await refused(bytes), expected, bytes.slice(0, 100))
  assert.doesNotMatch(product.logged(), new RegExp(secret))
})

test('HTTP/1.0 needs no host', async () => {
  assert.match(await product.sendRaw('GET /-/health/live HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 200 /)
})

test('what follows a request as nonsense is no answer to that request', async () => {
  const asked = `GET ${papers} HTTP/1.1\r\n${host}Authorization: Bearer ${token}\r\n\r\n`
  // It closes the connection, before or after the answer; nothing else stands in its place.
  assert.match(await product.sendRaw(`${asked}${secret}\r\n\r\n`), /^(HTTP\/1\.1 200 |$)/)
})

test('requests that are sent before the first is answered are answered in their order', async () => {
  const ask = (query: string, last = '') =>
    `GET ${papers}?${query} HTTP/1.1\r\n${host}Authorization: Bearer ${token}\r\n${last}\r\n`
  const text = await product.sendRaw(ask('limit=1') + ask('limit=2') + ask('limit=3', 'Connection: close\r\n'))
  assert.deepEqual(
    text.match(/HTTP\/1\.1 \d+|limit=\d/g),
    ['1', '2', '3'].flatMap(n => ['HTTP/1.1 200', `limit=${n}`]),
  )
})
