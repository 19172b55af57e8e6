import { type AttackClass, attackClasses } from './attack.ts'

/** What an attack found out that it should not. */
export interface Leak {
  readonly class: AttackClass
  readonly protocol: string
  /** Who attacked. */
  readonly role: string
  readonly target: string
  readonly operation: string
  /** The last request, without its token. */
  readonly request: string
  readonly found: string
}

export interface ClassReport {
  readonly class: AttackClass
  readonly about: string
  /** Distinct protocols, targets, operations and roles. */
  readonly cases: number
  readonly requests: number
  readonly leaks: number
}

export interface AttackReport {
  readonly classes: readonly ClassReport[]
  readonly cases: number
  readonly requests: number
  /** The first of each kind. */
  readonly leaks: readonly Leak[]
  /** Entities whose rows somebody was seen to read, and the others. */
  readonly reached: readonly string[]
  readonly notReached: readonly string[]
  /** False: there were leaks before, so nothing was written. */
  readonly wrote: boolean
}

/** Counts while attacks run. */
export class Tally {
  readonly leaks: Leak[] = []
  readonly #cases = new Map<AttackClass, Set<string>>()
  readonly #requests = new Map<AttackClass, number>()
  readonly #leaks = new Map<AttackClass, number>()
  readonly #kinds = new Set<string>()

  begin(attack: Pick<Leak, 'class' | 'target' | 'operation'>, role: string, protocol: string): void {
    const cases = this.#cases.get(attack.class) ?? new Set()
    cases.add(`${protocol} ${attack.target} ${attack.operation} ${role}`)
    this.#cases.set(attack.class, cases)
  }

  asked(kind: AttackClass): void {
    this.#requests.set(kind, (this.#requests.get(kind) ?? 0) + 1)
  }

  leaked(leak: Leak): void {
    this.#leaks.set(leak.class, (this.#leaks.get(leak.class) ?? 0) + 1)
    const kind = [leak.class, leak.protocol, leak.target, leak.operation, leak.found].join(' ')
    if (!this.#kinds.has(kind)) this.leaks.push(leak)
    this.#kinds.add(kind)
  }

  /** Where nothing was asked of a class, the class is left out. */
  report(): Pick<AttackReport, 'classes' | 'cases' | 'requests' | 'leaks'> {
    const classes = attackClasses.map(([name, about]) => ({
      ...{ class: name, about, cases: this.#cases.get(name)?.size ?? 0 },
      ...{ requests: this.#requests.get(name) ?? 0, leaks: this.#leaks.get(name) ?? 0 },
    }))
    const sum = (of: 'cases' | 'requests') => classes.reduce((sum, each) => sum + each[of], 0)
    return {
      classes: classes.filter(({ requests }) => requests > 0),
      ...{ cases: sum('cases'), requests: sum('requests'), leaks: this.leaks },
    }
  }
}
