import { TenantryError } from '../../core/errors.ts'
import { Callers } from './callers.ts'
import { Connection, enoughToSend, type Job, type Sharing } from './connection.ts'
import type { ConnectionTarget } from './driver.ts'
import { abandoned, isConnectionError, isStalePreparation, isStrayCancel, toError, unknownOutcome } from './errors.ts'
import { type Answer, FairQueue, isWithinShare } from './fair-queue.ts'
import type { Settings } from './settings.ts'
import { SlowLane } from './slow-lane.ts'
import { SlowTenants } from './slow-tenants.ts'
import type { Statement } from './sql/writer.ts'
import { isPrompt, learnCost, learnLeast, type StatementShape, StatementShapes } from './statement-shapes.ts'
import { notRun, type StatementRow } from './tenant-statement.ts'

export interface PoolOptions {
  /** Connections to hold. */
  readonly size: number
  /** Connections at the most, while slow statements hold the others. Absent: no more than `size`. */
  readonly most?: number
  /** Statements that one connection takes before the first of them has answered. */
  readonly depth?: number
  /** Statements that may wait for a connection. When it is one more, `unavailable` is answered to a tenant that has most of them. */
  readonly queue?: number
  /** How many of them may be one tenant's, of what is prompt and of what may take long each. Absent: all. */
  readonly tenantQueue?: number
  /** How many statements of one tenant that are known to take long run at once. Absent: on half of the connections. */
  readonly tenantSlow?: number
  /** Milliseconds that a statement may wait for a connection. */
  readonly patience?: number
  /**
   * Makes the server process of a connection give way to all others, for good; false when that cannot be had at the moment.
   * With it what takes long has connections of its own, as many as there may be above `size`. Absent: the server is elsewhere.
   */
  readonly lowerPriority?: ((processId: number) => boolean) | undefined
}

export interface PoolRun {
  readonly settings: Settings
  readonly statement: Statement
  /** True when running it twice is the same as running it once, so that it may be sent again after a lost connection. */
  readonly repeatable: boolean
  /** With which others it may share a transaction. Absent: with none. */
  readonly sharing?: Sharing | undefined
  readonly signal?: AbortSignal | undefined
}

/** A head that has run longer than this many milliseconds is slow: its connection takes nothing new. */
const slowHead = 4

/** A statement of unknown cost that has run for this many milliseconds gives way to all others from then on. */
const yieldAfter = 25

/** Milliseconds of work that one connection may have while others sleep: to wake another process costs more than so short a wait. */
const shortWait = 2

/** So many inserts of a tenant that gather are sent behind its transaction under way, for the server to go on at once. */
const gathering = 14

/** How often a statement is sent that others have cancelled or whose preparation they have taken away. */
const mostAttempts = 10

/** Milliseconds for which a tenant's inserts share no transaction after one that they shared has failed. */
const apartTime = 1_000

/** Milliseconds after which a connection above `size` that has nothing to do is closed. */
const idleTime = 10_000

interface Waiting extends PoolRun {
  readonly shape: StatementShape
  /** Where it waits. */
  queue: FairQueue<Waiting> | undefined
  attempts: number
  /** Set when it has to be run again: it shares no transaction, so that nobody else's fate is its own. */
  alone: boolean
  readonly resolve: (row: StatementRow) => void
  readonly reject: (error: unknown) => void
  /** Set while it waits in the queue. */
  expires: NodeJS.Timeout | undefined
  /** Set while a connection has it. */
  sent: { connection: Connection; job: Job } | undefined
  settled: boolean
}

/** Few pipelined connections that statements of all tenants share. */
export class Pool {
  readonly #target: ConnectionTarget
  readonly #options: Required<Omit<PoolOptions, 'lowerPriority'>> & Pick<PoolOptions, 'lowerPriority'>
  #connections: Connection[] = []
  readonly #slowLane: SlowLane | undefined
  #opening = 0
  #backoff = 0
  #closed = false
  readonly #prompt = new FairQueue<Waiting>(tenantOf)
  readonly #slow = new FairQueue<Waiting>(tenantOf)
  readonly #shapes = new StatementShapes(2_000)
  readonly #slowTenants: SlowTenants
  readonly #callers = new Callers<Waiting>(waiting => this.#abandon(waiting))
  /** Takes nothing prompt until it has nothing to do, for what may take long and waits for that. */
  #reserved: Connection | undefined
  /** True when what is prompt has been sent since something that may take long was. */
  #isSlowsTurn = true
  #draining = false
  /** Where inserts of a tenant share a transaction, and how many. */
  readonly #inserts = new Map<string, { readonly connection: Connection; count: number }>()
  /** Tenants whose inserts share no transaction at the moment. */
  readonly #apart = new Set<string>()
  #recheck: NodeJS.Timeout | undefined
  #shrink: NodeJS.Timeout | undefined
  #looking: NodeJS.Timeout | undefined

  constructor(target: ConnectionTarget, options: PoolOptions) {
    this.#target = target
    const { size, most = size, queue = 2_000 } = options
    const tenantSlow = Math.max(1, Math.floor(most / 2))
    this.#options = { depth: 24, most, queue, tenantQueue: queue, tenantSlow, patience: 5_000, ...options }
    this.#slowTenants = new SlowTenants({
      share: this.#options.tenantSlow,
      waiting: tenant => this.#slow.of(tenant),
    })
    const { lowerPriority } = options
    if (lowerPriority && most > size) {
      this.#slowLane = new SlowLane(target, { most: most - size, lowerPriority, free: () => this.#drainSoon() })
    }
  }

  /** Opens all connections. Rejects when the first cannot be opened. */
  async open(): Promise<void> {
    await this.#openOne()
    await Promise.all(Array.from({ length: this.#options.size - 1 }, () => this.#openOne()))
  }

  /** Statements that wait for a connection. */
  get waiting(): number {
    return this.#prompt.size + this.#slow.size
  }

  get connections(): number {
    return this.#connections.length + (this.#slowLane?.size ?? 0)
  }

  /** Runs one statement; answers its row. Rejects with a TenantryError. */
  run(run: PoolRun): Promise<StatementRow> {
    const { signal } = run
    if (signal?.aborted) return Promise.reject(abandoned())
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        ...run,
        shape: this.#shapes.of(run.settings[0], run.statement.text),
        queue: undefined,
        attempts: 0,
        alone: false,
        resolve,
        reject,
        expires: undefined,
        sent: undefined,
        settled: false,
      }
      if (signal) this.#callers.begin(signal, waiting)
      this.#submit(waiting)
    })
  }

  #submit(waiting: Waiting): void {
    // Whoever waits already comes first.
    if (this.#draining || !this.#trySend(waiting)) this.#enqueue(waiting)
  }

  #trySend(waiting: Waiting): boolean {
    const prompt = isPrompt(waiting.shape)
    if (!prompt && this.#hasItsShare(waiting)) return false
    const connection = prompt ? this.#pickPrompt(waiting) : this.#pickSlow(waiting)
    if (connection) this.#send(waiting, connection, prompt)
    return connection !== undefined
  }

  /** For what may take long. What is known to has connections of its own, where these can give way to the others. */
  #pickSlow({ shape }: Waiting): Connection | undefined {
    if (this.#slowLane?.serves && shape.cost !== undefined) return this.#slowLane.pick()
    if (!this.#leavesRoom) return undefined
    const idle = this.#pickIdle()
    if (!idle && this.#isSlowsTurn)
      this.#reserved = this.#connections.findLast(({ isOpen, isHeld }) => isOpen && !isHeld)
    return idle
  }

  #hasItsShare(waiting: Waiting): boolean {
    return this.#slowTenants.holdsOf(tenantOf(waiting)) >= this.#shareOf(waiting)
  }

  /**
   * How many connections one tenant may hold with statements that take long. What never ran may be quick, so it may have all
   * but one.
   */
  #shareOf({ shape }: Waiting): number {
    return shape.cost === undefined ? Math.max(1, this.#options.most - 1) : this.#options.tenantSlow
  }

  /** True when what takes long may have a connection and one is left for what is prompt. */
  get #leavesRoom(): boolean {
    if (this.#options.size === 1) return true
    return this.#connections.reduce((free, { isOpen, isHeld }) => free + (isOpen && !isHeld ? 1 : 0), 0) > 1
  }

  /**
   * For what is prompt: the connection that is being filled in this turn of the event loop, else for a read one that works and
   * will soon be done, else the least loaded. What leaves together is one write and wakes one process; what shares a
   * transaction is begun and committed once.
   */
  #pickPrompt(waiting: Waiting): Connection | undefined {
    const { settings, statement, shape } = waiting
    const sharing = this.#sharingOf(waiting)
    const { name, cost = 0 } = shape
    const asking = { settings, statement, name, sharing }
    const now = performance.now()
    let filling: Connection | undefined
    let awake: Connection | undefined
    let best: Connection | undefined
    for (const connection of this.#connections) {
      const { load } = connection
      if (!connection.isOpen || connection.isHeld || connection.headAge(now) > slowHead) continue
      if (this.#isReserved(connection)) continue
      const hasRoom = load < this.#options.depth
      // What shares a commit is as good as one.
      if ((hasRoom || sharing === 'inserts') && connection.takes(asking)) return connection
      if (!hasRoom) continue
      if (connection.isFilling && load < enoughToSend) filling ??= connection
      if (sharing === 'reads' && connection.isReading && load * cost < shortWait) awake ??= connection
      if (!best || load < best.load) best = connection
    }
    if (sharing === 'inserts' && this.#isInserting(waiting, now)) return this.#behindInserts(waiting)
    return filling ?? awake ?? best
  }

  /**
   * True while inserts of the same tenant are being committed: the next ones gather meanwhile, to share a transaction, too.
   * So two of one tenant's transactions do not wait for each other's keys. One that is held up itself holds up nobody.
   */
  #isInserting(waiting: Waiting, now: number): boolean {
    const under = this.#inserts.get(tenantOf(waiting))
    return under !== undefined && under.connection.headAge(now) <= slowHead
  }

  /** The connection of the transaction that inserts of the same tenant gather for, when they are many and none is behind it. */
  #behindInserts(waiting: Waiting): Connection | undefined {
    if (this.#prompt.sizeOf(tenantOf(waiting)) < gathering - 1) return undefined
    const connection = this.#inserts.get(tenantOf(waiting))?.connection
    if (!connection?.isOpen || connection.isAhead || this.#isReserved(connection)) return undefined
    // Those that have gathered share its transaction.
    this.#drainSoon()
    return connection
  }

  #isReserved(connection: Connection): boolean {
    return connection === this.#reserved && this.#slow.size > 0
  }

  /** For what may take long: an idle one, as far as possible from those that prompt statements go to. */
  #pickIdle(): Connection | undefined {
    return this.#connections.findLast(({ isOpen, load }) => isOpen && load === 0)
  }

  #enqueue(waiting: Waiting): void {
    const { queue: limit, tenantQueue, patience } = this.#options
    const tenant = tenantOf(waiting)
    const queue = this.#queueOf(waiting)
    const own = queue.sizeOf(tenant)
    // What could not be served in time is refused at once: it would only hold memory, which all others' pauses to collect grow with.
    const late = isPrompt(waiting.shape) ? 0 : this.#slowTenants.waitOf(tenant, waiting.shape) - patience
    const isRefused = this.#closed || late > 0 || own >= tenantQueue
    if (isRefused || (this.waiting >= limit && !this.#makeRoom(own))) {
      this.#refuse(waiting, Math.min(late, patience))
      return
    }
    waiting.expires = setTimeout(() => this.#refuse(waiting), patience)
    waiting.queue = queue
    queue.add(waiting)
    this.#grow()
    this.#lookLater()
  }

  /** Who has fewer waiting than others is not refused for them: the one that came last of those who have most is. */
  #makeRoom(own: number): boolean {
    if (!isWithinShare(own, this.#prompt.lanes + this.#slow.lanes, this.#options.queue)) return false
    const [prompt, slow] = [this.#prompt.longest, this.#slow.longest]
    const last = (prompt.length >= slow.length ? prompt : slow).at(-1)
    if (last) this.#refuse(last)
    return last !== undefined
  }

  /** `late`: milliseconds after which there is room to wait. */
  #refuse(waiting: Waiting, late = 0): void {
    clearTimeout(waiting.expires)
    waiting.queue?.remove(waiting)
    this.#settle(waiting)
    waiting.reject(overloaded(late))
  }

  /** What is prompt does not wait behind the same tenant's slow statements. */
  #queueOf({ shape }: Waiting): FairQueue<Waiting> {
    return isPrompt(shape) ? this.#prompt : this.#slow
  }

  /** While somebody waits: what is at a head now may turn out to be slow, and what gathers behind it waits no longer. */
  #lookLater(): void {
    this.#looking ??= setTimeout(() => {
      this.#looking = undefined
      this.#drain()
      if (this.waiting === 0) return
      this.#grow()
      this.#lookLater()
    }, slowHead * 2)
  }

  #send(waiting: Waiting, connection: Connection, prompt: boolean): void {
    clearTimeout(waiting.expires)
    waiting.expires = undefined
    waiting.queue = undefined
    // What the slow lane takes has had nobody's turn.
    if (prompt || this.#connections.includes(connection)) this.#isSlowsTurn = prompt
    if (!prompt) this.#slowTenants.hold(tenantOf(waiting))
    const sharing = prompt ? this.#sharingOf(waiting) : undefined
    if (sharing === 'inserts') this.#beginInsert(waiting, connection)
    const job: Job = {
      settings: waiting.settings,
      name: waiting.shape.name,
      statement: waiting.statement,
      cancelled: false,
      isPrompt: prompt,
      sharing,
      done: (error, row, ran, wasPrepared) => {
        if (!prompt) this.#slowTenants.release(tenantOf(waiting), ran)
        if (sharing === 'inserts') this.#endInsert(waiting, connection)
        if (hasEnded(error) || ran > (waiting.shape.cost ?? Number.POSITIVE_INFINITY))
          learnCost(waiting.shape, ran, wasPrepared)
        this.#answer(waiting, job, error, row)
      },
    }
    waiting.sent = { connection, job }
    waiting.attempts++
    connection.send(job)
    if (!prompt && waiting.shape.cost === undefined) this.#yieldLater(waiting)
  }

  /**
   * What never ran has a connection like all others. When it takes long, others like it are not sent as if they could be quick,
   * that connection gives way, and another takes its place.
   */
  #yieldLater(waiting: Waiting): void {
    const { sent } = waiting
    if (!sent) return
    setTimeout(() => {
      const { connection } = sent
      if (waiting.sent !== sent) return
      learnLeast(waiting.shape, yieldAfter)
      if (!this.#connections.includes(connection) || !this.#slowLane?.take(connection)) return
      this.#connections = this.#connections.filter(other => other !== connection)
      this.#reopen()
    }, yieldAfter).unref()
  }

  /** With which others it may share a transaction now. */
  #sharingOf(waiting: Waiting): Sharing | undefined {
    const { alone, sharing } = waiting
    return alone || (sharing === 'inserts' && this.#apart.has(tenantOf(waiting))) ? undefined : sharing
  }

  /** A transaction that was shared has failed. Who writes what is refused now and then is better off alone for a while. */
  #keepApart(waiting: Waiting): void {
    const tenant = tenantOf(waiting)
    if (waiting.sharing !== 'inserts' || this.#apart.has(tenant)) return
    this.#apart.add(tenant)
    setTimeout(() => this.#apart.delete(tenant), apartTime).unref()
  }

  #beginInsert(waiting: Waiting, connection: Connection): void {
    const tenant = tenantOf(waiting)
    const under = this.#inserts.get(tenant)
    if (under?.connection === connection) under.count++
    // Else the one before is held up: the newest is what others wait for.
    else this.#inserts.set(tenant, { connection, count: 1 })
  }

  #endInsert(waiting: Waiting, connection: Connection): void {
    const tenant = tenantOf(waiting)
    const under = this.#inserts.get(tenant)
    if (under?.connection === connection && --under.count === 0) this.#inserts.delete(tenant)
  }

  #answer(waiting: Waiting, job: Job, error: unknown, row: StatementRow | undefined): void {
    waiting.sent = undefined
    if (waiting.settled) return
    if (error === undefined && row) {
      this.#settle(waiting)
      waiting.resolve(row)
      return
    }
    const lost = isConnectionError(error)
    if (error === notRun) this.#keepApart(waiting)
    const again =
      error === notRun ||
      isStalePreparation(error) ||
      // A cancel request meant for the statement ahead hit this one, which has rolled back.
      (isStrayCancel(error) && !job.cancelled) ||
      (lost && waiting.repeatable)
    // A server that dies takes all connections with it, one after the other.
    if (again && waiting.attempts < (lost ? this.#options.size + 3 : mostAttempts) && !this.#closed) {
      waiting.alone = true
      this.#submit(waiting)
      return
    }
    this.#settle(waiting)
    waiting.reject(lost && !waiting.repeatable ? unknownOutcome(error) : toError(error))
  }

  #settle(waiting: Waiting): void {
    waiting.settled = true
    if (waiting.signal) this.#callers.end(waiting.signal, waiting)
  }

  /** Its caller has gone: taken out of the queue, or stopped where it runs. */
  #abandon(waiting: Waiting): void {
    if (waiting.settled) return
    this.#settle(waiting)
    clearTimeout(waiting.expires)
    waiting.queue?.remove(waiting)
    waiting.sent?.connection.cancel(waiting.sent.job)
    waiting.reject(abandoned())
  }

  /** When all answers that have come together are told: whoever waits then leaves together, too. */
  #drainSoon(): void {
    if (this.#draining || this.waiting === 0) return
    this.#draining = true
    queueMicrotask(() => {
      this.#draining = false
      this.#drain()
    })
  }

  #drain(): void {
    // Who waits now says whether one is needed.
    this.#reserved = undefined
    const [first, second] = this.#isSlowsTurn ? [this.#slow, this.#prompt] : [this.#prompt, this.#slow]
    first.drain(waiting => this.#offer(waiting))
    second.drain(waiting => this.#offer(waiting))
  }

  #offer(waiting: Waiting): Answer {
    if (this.#trySend(waiting)) return 'taken'
    const queue = this.#queueOf(waiting)
    if (waiting.queue !== queue) {
      // Others of its shape have shown meanwhile what it is.
      waiting.queue = queue
      queue.add(waiting)
      return 'taken'
    }
    // Where one has no room, none has, but inserts that share a transaction with others of their tenant.
    return queue === this.#prompt && this.#sharingOf(waiting) !== 'inserts' ? 'full' : 'refused'
  }

  /** While somebody waits and slow statements hold what is there, more connections are opened, one at a time. */
  #grow(): void {
    if (this.#closed || this.#opening > 0 || this.#connections.length >= this.#options.most) return
    const now = performance.now()
    const slow = this.#connections.filter(connection => connection.isHeld && connection.headAge(now) > slowHead)
    if (slow.length === 0 || this.#connections.length < this.#options.size) return
    this.#openOne().then(
      () => {
        if (this.waiting > 0) this.#grow()
      },
      () => {}, // Those that are there go on serving.
    )
    this.#shrink ??= setInterval(() => this.#closeIdle(), idleTime).unref()
  }

  #closeIdle(): void {
    const surplus = this.#connections.length - this.#options.size
    for (const connection of this.#connections.filter(({ load }) => load === 0).slice(0, Math.max(0, surplus))) {
      this.#connections = this.#connections.filter(other => other !== connection)
      connection.close().catch(() => {}) // It was on its way out.
    }
    if (this.#connections.length > this.#options.size) return
    clearInterval(this.#shrink)
    this.#shrink = undefined
  }

  async #openOne(): Promise<void> {
    this.#opening++
    try {
      const connection = await Connection.open(this.#target, {
        free: () => this.#drainSoon(),
        lost: () => {
          this.#connections = this.#connections.filter(other => other !== connection)
          this.#slowLane?.forget(connection)
          this.#reopen()
        },
      })
      if (this.#closed) return await connection.close()
      this.#backoff = 0
      this.#connections.push(connection)
      this.#drain()
    } finally {
      this.#opening--
    }
  }

  /** Opens what is missing, waiting longer after each failure: 25 ms to 1 s. */
  #reopen(): void {
    if (this.#closed || this.#recheck) return
    this.#recheck = setTimeout(async () => {
      const missing = this.#options.size - this.#connections.length - this.#opening
      const opened = await Promise.allSettled(Array.from({ length: missing }, () => this.#openOne()))
      this.#recheck = undefined
      if (opened.some(({ status }) => status === 'rejected'))
        this.#backoff = Math.min(1_000, Math.max(25, this.#backoff * 2))
      // Others may have been lost meanwhile.
      if (this.#connections.length + this.#opening < this.#options.size) this.#reopen()
    }, this.#backoff)
  }

  /** Replaces every connection, so that no plan survives a change of roles or policies; statements under way finish. */
  async renew(): Promise<void> {
    const old = new Set(this.#connections)
    // What takes long there must not keep the others waiting for theirs.
    const slow = this.#slowLane?.renew()
    // One after the other: a new connection serves before an old one goes, and a failure leaves the rest as they are.
    for (const connection of old) {
      await this.#openOne()
      this.#connections = this.#connections.filter(other => other !== connection)
      await connection.close()
    }
    await slow
  }

  /** Takes nothing new, lets what was sent finish, ends the connections. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#recheck)
    clearInterval(this.#shrink)
    clearTimeout(this.#looking)
    for (const waiting of [...this.#prompt.takeAll(), ...this.#slow.takeAll()]) this.#refuse(waiting)
    await Promise.all([this.#slowLane?.close(), ...this.#connections.map(connection => connection.close())])
    this.#connections = []
  }
}

function tenantOf({ settings: [, tenant] }: PoolRun): string {
  return tenant
}

/** True when a run took its time: one that was stopped, or whose connection was lost, would have taken longer. */
function hasEnded(error: unknown): boolean {
  return error === undefined || !(error === notRun || isConnectionError(error) || isStrayCancel(error))
}

/** `late`: milliseconds after which there is room to wait. */
function overloaded(late = 0): TenantryError {
  return new TenantryError('unavailable', 'The database is busy or out of reach', {
    hint: 'Try again in a moment',
    retryAfter: Math.max(1, Math.ceil(late / 1_000)),
  })
}
