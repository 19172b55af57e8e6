import type { Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { AnswerReader, connectLoad } from './http-load.ts'

/** What one round of arrivals measured; times are milliseconds from when a request was due to when it was answered. */
export interface OpenMeasured {
  readonly requests: number
  /** Answered with another status than 2xx. */
  readonly refused: number
  /** Not answered some seconds after the last was due. */
  readonly lost: number
  readonly p50: number
  readonly p99: number
  readonly p999: number
}

export interface OpenLoad {
  readonly port: number
  /** Taken in turns. */
  readonly requests: readonly string[]
  /** Requests that are due each second, whether or not those before were answered. */
  readonly rate: number
  readonly seconds: number
  /** Connections at the most, one request on each at a time; what is due when none is free waits, and its time runs. */
  readonly connections: number
  /** When the first is due, in milliseconds since 1970. Absent: as soon as all connections are open. */
  readonly begin?: number
}

interface Free {
  send(bytes: Buffer, due: number): void
}

/** Sends requests when they are due by a fixed schedule, so that a slow answer delays none of those behind it unseen. */
export async function loadOpen({ port, requests, rate, seconds, connections, begin }: OpenLoad): Promise<OpenMeasured> {
  const texts = requests.map(request => Buffer.from(request))
  const times: number[] = []
  const sockets: Socket[] = []
  const free: Free[] = []
  const waiting: { bytes: Buffer; due: number }[] = []
  let refused = 0
  let sent = 0

  const open = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const reader = new AnswerReader()
      const socket = connectLoad(port, chunk => {
        if (!reader.take(chunk)) return
        if (!reader.isGood) refused++
        times.push(performance.now() - due)
        const next = waiting.shift()
        if (next) self.send(next.bytes, next.due)
        else free.push(self)
      })
      sockets.push(socket)
      let due = 0
      const self: Free = {
        send: (bytes, at) => {
          due = at
          socket.write(bytes)
        },
      }
      socket.on('error', reject)
      socket.on('connect', () => {
        free.push(self)
        resolve()
      })
    })
  await Promise.all(Array.from({ length: connections }, open))

  if (begin !== undefined) await setTimeout(begin - Date.now())

  const all = Math.floor(rate * seconds)
  const started = performance.now()
  await new Promise<void>(resolve => {
    const timer = setInterval(() => {
      const now = performance.now()
      for (let due = started + (sent / rate) * 1_000; sent < all && due <= now; due = started + (sent / rate) * 1_000) {
        const bytes = texts[sent++ % texts.length] ?? Buffer.alloc(0)
        const connection = free.pop()
        if (connection) connection.send(bytes, due)
        else waiting.push({ bytes, due })
      }
      // Whoever waits for the queue of a pool is answered within its patience.
      if (times.length < all && now < started + seconds * 1_000 + 8_000) return
      clearInterval(timer)
      resolve()
    }, 1)
  })
  for (const socket of sockets) socket.destroy()
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? 0
  return { requests: all, refused, lost: all - times.length, p50: at(0.5), p99: at(0.99), p999: at(0.999) }
}
