import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Entity } from '../core/module-set.ts'
import {
  type Answer,
  type Ask,
  type Attack,
  type AttackClass,
  type Attacker,
  attackClasses,
  type Protocol,
  type Request,
  type Scratch,
} from './attack.ts'
import type { Client } from './client.ts'
import { createRandom, type Random } from './random.ts'
import { type AttackReport, Tally } from './report.ts'
import { createWatch } from './watch.ts'

export interface AttackRun {
  readonly scratch: Scratch
  readonly protocols: readonly Protocol[]
  readonly client: Client
  readonly seed: number
  /** Only these; empty: all. */
  readonly only: ReadonlySet<AttackClass>
  /** Attacks of one case: protocol, class, target, operation and role. */
  readonly most: number
  /** Requests under way at once. */
  readonly concurrency: number
  readonly signal: AbortSignal
  /** False: nothing is written, because a hole could lead to rows of tenants that are none of ours. */
  readonly mayWrite: boolean
  /** Gives the other tenant its rows; answers the ids of entities where it could not have what the own tenant has. */
  fillOther(): Promise<readonly string[]>
  /** A digest of all rows of the other tenant, by entity. */
  stateOfOther(): Promise<ReadonlyMap<string, string>>
  /** Where it is, for people. */
  onStage(text: string): void
}

/** An attack and who attacks. */
interface Turn {
  readonly attack: Attack
  readonly attacker: Attacker
  readonly protocol: Protocol
}

/**
 * Everything that reads is asked twice, before and after the other tenant has rows, and the answers are compared; then
 * everything that writes, with a look at the other tenant's rows after each class. Throws when the server does not answer.
 */
export async function runAttacks(run: AttackRun): Promise<AttackReport> {
  return new Attacks(run).run()
}

class Attacks {
  readonly #run: AttackRun
  readonly #tally = new Tally()
  readonly #watch: ReturnType<typeof createWatch>
  readonly #random: Random

  constructor(run: AttackRun) {
    this.#run = run
    this.#watch = createWatch(run.scratch)
    this.#random = createRandom(run.seed)
  }

  async run(): Promise<AttackReport> {
    const { onStage, fillOther, mayWrite } = this.#run
    const reads = this.#turns('reads')
    onStage(`${reads.length} attacks that read, before the other tenant has rows`)
    const before = await this.#readAll(reads)
    for (const target of await fillOther())
      this.#tally.leaked({
        ...{
          class: 'ids',
          protocol: 'rows',
          role: 'platform',
          target,
          operation: 'insert',
          request: 'rows to begin with',
        },
        found: 'the other tenant cannot have the rows that the own one has',
      })
    onStage('the same once more, now that it has')
    await this.#compare(reads, before)
    const reached = await this.#look()
    const wrote = mayWrite && this.#tally.leaks.length === 0
    if (wrote) await this.#write()
    const { entities } = this.#run.scratch
    const names = (some: readonly Entity[]) => some.map(({ id }) => id)
    return {
      ...this.#tally.report(),
      reached: names(entities.filter(entity => reached.has(entity))),
      notReached: names(entities.filter(entity => !reached.has(entity))),
      wrote,
    }
  }

  #turns(kind: 'reads' | 'writes' | 'endings'): Turn[] {
    const { protocols, scratch, only, most } = this.#run
    const wants = (name: AttackClass) => only.size === 0 || only.has(name)
    return protocols.flatMap(protocol =>
      scratch.attackers.flatMap(attacker => {
        const wanted = [...protocol[kind]({ scratch, attacker, random: this.#random, wants })].filter(attack =>
          wants(attack.class),
        )
        const cases = Map.groupBy(wanted, attack => `${attack.class} ${attack.target} ${attack.operation}`)
        const chosen = new Set([...cases.values()].flatMap(attacks => this.#random.sample(attacks, most)))
        return wanted.filter(attack => chosen.has(attack)).map(attack => ({ attack, attacker, protocol }))
      }),
    )
  }

  async #readAll(turns: readonly Turn[]): Promise<Map<Turn, readonly string[]>> {
    const said = new Map<Turn, readonly string[]>()
    await this.#atOnce(
      this.#random.sample(turns, turns.length).map(turn => async () => void said.set(turn, await this.#take(turn))),
    )
    return said
  }

  async #compare(turns: readonly Turn[], before: ReadonlyMap<Turn, readonly string[]>): Promise<void> {
    const globals = new Set(this.#run.scratch.entities.filter(({ global }) => global).map(({ id }) => id))
    const after = await this.#readAll(turns)
    for (const turn of turns) {
      const [first, second] = [before.get(turn) ?? [], after.get(turn) ?? []]
      // What all tenants share may have been changed by anybody.
      if (first.join() === second.join() || globals.has(turn.attack.target)) continue
      this.#leak(turn, 'the answer is another one since the other tenant has rows')
    }
  }

  /** Sees that both tenants read rows of their own: where nobody reads any, nothing is proven. */
  async #look(): Promise<ReadonlySet<Entity>> {
    const { scratch, protocols } = this.#run
    const reached = new Set<Entity>()
    for (const protocol of protocols)
      for (const attacker of scratch.attackers)
        for (const entity of scratch.entities) {
          const attack: Attack = { class: 'ids', target: entity.id, operation: 'read', run: async () => undefined }
          const ask = this.#asker({ attack, attacker, protocol }, [])
          const { status, text } = await ask(protocol.list(entity, scratch.own.tenant))
          if (status < 300 && text.length > 2) reached.add(entity)
          const asOther = scratch.counterparts.get(attacker.name)
          if (asOther) await ask({ ...protocol.list(entity, scratch.other.tenant), asOther })
        }
    return reached
  }

  async #write(): Promise<void> {
    const { onStage } = this.#run
    const writes = this.#turns('writes')
    onStage(`${writes.length} attacks that write`)
    for (const [kind] of attackClasses) {
      const ofClass = writes.filter(({ attack }) => attack.class === kind)
      const chains = Map.groupBy(ofClass, ({ attack }) => attack.target)
      await this.#unchanged(ofClass, () => this.#atOnce([...chains.values()].map(chain => () => this.#inTurn(chain))))
    }
    const endings = this.#turns('endings')
    await this.#unchanged(endings, () => this.#inTurn(endings))
  }

  async #inTurn(turns: readonly Turn[]): Promise<void> {
    for (const turn of turns) await this.#take(turn)
  }

  /** Sees that the other tenant's rows are afterwards as they were, to the byte. */
  async #unchanged([turn]: readonly Turn[], work: () => Promise<unknown>): Promise<void> {
    if (!turn) return
    const before = await this.#run.stateOfOther()
    await work()
    const after = await this.#run.stateOfOther()
    for (const [target, state] of after)
      if (before.get(target) !== state)
        this.#tally.leaked({
          ...{ class: turn.attack.class, protocol: turn.protocol.name, role: 'somebody', target, operation: 'write' },
          ...{ request: 'one of this class', found: "the other tenant's rows have changed" },
        })
  }

  async #atOnce(work: readonly (() => Promise<unknown>)[]): Promise<void> {
    const list = work[Symbol.iterator]()
    const worker = async () => {
      for (const next of list) await next()
    }
    await Promise.all(Array.from({ length: this.#run.concurrency }, worker))
  }

  /** Runs one attack; digests of its answers. */
  async #take(turn: Turn): Promise<readonly string[]> {
    const { attack, attacker, protocol } = turn
    this.#tally.begin(attack, attacker.name, protocol.name)
    const said: string[] = []
    const found = await attack.run(this.#asker(turn, said))
    if (found !== undefined) this.#leak(turn, found)
    return said
  }

  readonly #last = new Map<Attack, Request>()

  #asker(turn: Turn, said: string[]): Ask {
    const { attack, attacker } = turn
    return async request => {
      this.#run.signal.throwIfAborted()
      this.#last.set(attack, request)
      this.#tally.asked(attack.class)
      const answer = await this.#send(request, attacker)
      const seen = this.#watch(request, answer, attacker)
      if (seen !== undefined) this.#leak(turn, seen)
      said.push(digest(answer, attack.class))
      return answer
    }
  }

  async #send(request: Request, attacker: Attacker): Promise<Answer> {
    const { token, asOther } = request
    const given = asOther ? asOther.token : token === undefined ? attacker.token : token
    for (let pause = 50; ; pause *= 2) {
      const answer = await this.#run.client.send(request, given ?? null)
      if (![429, 503].includes(answer.status) || pause > 2_000) return answer
      await sleep(pause)
    }
  }

  #leak({ attack, attacker, protocol }: Turn, found: string): void {
    const { method, path = '', body } = this.#last.get(attack) ?? {}
    this.#tally.leaked({
      ...{ class: attack.class, protocol: protocol.name, role: attacker.name, target: attack.target },
      ...{ operation: attack.operation, found },
      request: `${method ?? (body === undefined ? 'GET' : 'POST')} ${shown(path)}`.slice(0, 400),
    })
  }
}

/** Rows without an order may come in another one; where the order is what it is about, it counts. */
function digest({ plain }: Answer, kind: AttackClass): string {
  const bytes = Buffer.from(plain)
  if (kind === 'ordering' || kind === 'cursors') return createHash('sha1').update(bytes).digest('base64')
  const counts = new Uint32Array(256)
  for (const byte of bytes) counts[byte] = (counts[byte] ?? 0) + 1
  return createHash('sha1').update(counts).digest('base64')
}

/** Without the place in a list: where there is a leak, it may be one of somebody else's rows. */
function shown(path: string): string {
  return path.replace(/((?:\$|%24)after=)[\w.-]+/g, '$1…')
}
