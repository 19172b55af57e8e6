import type { Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { collect } from '../src/testing/heap.ts'
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
  /** The longest time for which the load itself stood still; what it shows in the others is its own. */
  readonly pause: number
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

/** A connection that has one request on its way at a time. */
class Line {
  readonly #socket: Socket
  #answered: ((isGood: boolean) => void) | undefined

  private constructor(port: number, opened: (line: Line) => void, failed: (error: Error) => void) {
    const reader = new AnswerReader()
    this.#socket = connectLoad(port, chunk => {
      if (!reader.take(chunk)) return
      const answered = this.#answered
      this.#answered = undefined
      answered?.(reader.isGood)
    })
    this.#socket.on('error', failed)
    this.#socket.on('connect', () => opened(this))
  }

  static open(port: number): Promise<Line> {
    return new Promise((resolve, reject) => new Line(port, resolve, reject))
  }

  get isFree(): boolean {
    return this.#answered === undefined && !this.#socket.destroyed
  }

  send(bytes: Buffer, answered: (isGood: boolean) => void): void {
    this.#answered = answered
    this.#socket.write(bytes)
  }

  close(): void {
    this.#answered = undefined
    this.#socket.destroy()
  }
}

/** Connections that are still open for the next round: what opening them does to others is not asked for here. */
let kept: { readonly port: number; readonly lines: readonly Line[] } = { port: 0, lines: [] }

/** Sends requests when they are due by a fixed schedule, so that a slow answer delays none of those behind it unseen. */
export async function loadOpen({ port, requests, rate, seconds, connections, begin }: OpenLoad): Promise<OpenMeasured> {
  const texts = requests.map(request => Buffer.from(request))
  const all = Math.floor(rate * seconds)
  // Made before, and what the round before has left is collected: the load must not stand still while it measures.
  const times = new Float64Array(all)
  const waiting: { bytes: Buffer; due: number }[] = []
  collect()
  let next = 0
  let answered = 0
  let refused = 0
  let sent = 0
  let pause = 0

  const old = kept.port === port ? kept.lines.filter(({ isFree }) => isFree).slice(0, connections) : []
  const missing = Array.from({ length: connections - old.length }, () => Line.open(port))
  const lines = [...old, ...(await Promise.all(missing))]
  const free = [...lines]
  const send = (line: Line, bytes: Buffer, due: number) =>
    line.send(bytes, isGood => {
      if (!isGood) refused++
      times[answered++] = performance.now() - due
      const first = waiting[next]
      if (!first) return void free.push(line)
      next++
      send(line, first.bytes, first.due)
    })

  if (begin !== undefined) await setTimeout(begin - Date.now())

  const started = performance.now()
  let before = started
  await new Promise<void>(resolve => {
    const timer = setInterval(() => {
      const now = performance.now()
      pause = Math.max(pause, now - before)
      before = now
      for (let due = started + (sent / rate) * 1_000; sent < all && due <= now; due = started + (sent / rate) * 1_000) {
        const bytes = texts[sent++ % texts.length] ?? Buffer.alloc(0)
        // The one that has rested the longest: a server closes those that rest for long.
        const line = free.shift()
        if (line) send(line, bytes, due)
        else waiting.push({ bytes, due })
      }
      // Whoever waits for the queue of a pool is answered within its patience.
      if (answered < all && now < started + seconds * 1_000 + 8_000) return
      clearInterval(timer)
      resolve()
    }, 1)
  })
  for (const line of lines) if (!line.isFree) line.close()
  kept = { port, lines }
  const sorted = times.subarray(0, answered).sort()
  const at = (share: number) => sorted[Math.floor(answered * share)] ?? 0
  return { requests: all, refused, lost: all - answered, p50: at(0.5), p99: at(0.99), p999: at(0.999), pause }
}
