import type { Action, Entity } from '../core/module-set.ts'
import type { TenantKey } from '../core/tenant.ts'
import type { Random } from './random.ts'

/** What attacks are about, and what must hold. The order is that of the report. */
export const attackClasses = [
  ['ids', 'rows with the same ids in two tenants'],
  ['filters', 'conditions on every field'],
  ['embeds', 'related rows in every direction'],
  ['ordering', 'order by every field'],
  ['counts', 'counts, ranges and aggregates'],
  ['cursors', 'places in lists'],
  ['etags', 'conditional requests'],
  ['errors', 'what refusals tell'],
  ['views', 'tables, schemas and documents beside the entities'],
  ['functions', 'actions and functions'],
  ['settings', 'settings through names, values and headers'],
  ['roles', 'what no role allows, and changing the role'],
  ['tokens', 'tokens of others and forged ones'],
  ['existence', "the other tenant's row against no row"],
  ['payloads', 'a tenant in a payload'],
  ['upserts', 'inserts over rows of others'],
  ['bulk', 'many rows at once'],
  ['idempotency', 'kept answers'],
  ['leftovers', 'connections after errors and hang-ups'],
] as const

export type AttackClass = (typeof attackClasses)[number][0]

/** One of the two scratch tenants. */
export interface Side {
  readonly tenant: TenantKey
  /** Which texts stand in its rows: null for entities without instances, else by instance. */
  readonly canaries: ReadonlyMap<string | null, string>
}

/** Somebody of the own tenant: a service role that definitions map, one that none does, or nobody. */
export interface Attacker {
  /** `admin`, `admin in verify-north`, `anonymous`. */
  readonly name: string
  readonly role: string
  readonly instance: string | null
  /** Absent for `anonymous`. */
  readonly token?: string
}

/** What attacks are made of. */
export interface Scratch {
  /** Who attacks. */
  readonly own: Side
  /** Who must not be noticed. */
  readonly other: Side
  /** A key as long as `other.tenant` that no tenant has. */
  readonly nobody: TenantKey
  readonly entities: readonly Entity[]
  readonly actions: readonly Action[]
  /** Instances that have rows; none where no entity has any. */
  readonly instances: readonly string[]
  readonly rows: RowMaker
  readonly attackers: readonly Attacker[]
  /** By attacker's name: the same somebody of the other tenant. */
  readonly counterparts: ReadonlyMap<string, Attacker>
  /** Tokens that must be good for nothing, with what is wrong with each. */
  readonly forged: readonly (readonly [wrong: string, token: string])[]
}

/** Rows that both tenants have under the same key, rows that only the other one has, and keys that nobody has. */
export interface RowMaker {
  readonly shared: readonly number[]
  readonly foreign: readonly number[]
  /** As many as `foreign`, with as many digits. */
  readonly absent: readonly number[]
  /** The key of a row: texts as they stand in a filter. */
  keyOf(entity: Entity, number: number): Readonly<Record<string, string>>
  /** A whole row as JSON has it; undefined where none can be made. */
  rowOf(entity: Entity, number: number, canary: string): Readonly<Record<string, unknown>> | undefined
  /** As a row of this number has it, in JSON. */
  valueOf(entity: Entity, field: string, number: number, canary: string): unknown
}

export interface Request {
  readonly method?: string
  /** From the root, percent-encoded. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** A text is sent as it is, anything else as JSON. */
  readonly body?: unknown
  /** Absent: the attacker's own. Null: none. */
  readonly token?: string | null
  /** The other tenant asks: what must not be seen are the attacker's texts. */
  readonly asOther?: Attacker
  /** Hang up after so many milliseconds; the answer is then of status 0. */
  readonly hangUpAfter?: number
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly text: string
  /** Status, headers and body without what differs from request to request: its id and the time. */
  readonly plain: string
  /** Every byte that came. */
  readonly raw: string
}

/** Asks, and looks at every byte of the answer. */
export type Ask = (request: Request) => Promise<Answer>

export interface Attack {
  readonly class: AttackClass
  /** The id of an entity or action; `-` for what is about none. */
  readonly target: string
  readonly operation: string
  /** Asks as often as it needs; answers what was given away, in a sentence, or undefined. */
  run(ask: Ask): Promise<string | undefined>
}

/** What a protocol's attacks are made from: one attacker's view of the scratch tenants. */
export interface AttackPlan {
  readonly scratch: Scratch
  readonly attacker: Attacker
  readonly random: Random
  /** False for classes of which nothing will be run, and so need not be made. */
  readonly wants: (name: AttackClass) => boolean
}

/** A way in. Given the definitions it makes attacks and judges their answers; the run is the same for all. */
export interface Protocol {
  readonly name: string
  /** Their answers must be the same to the byte whether or not the other tenant has rows. They may run at once. */
  reads(plan: AttackPlan): Iterable<Attack>
  /** Run one after another for each target, and must leave the other tenant's rows as they are. */
  writes(plan: AttackPlan): Iterable<Attack>
  /** The same, one after another at the very end: what changes and removes the attacker's own rows. */
  endings(plan: AttackPlan): Iterable<Attack>
  /** Asks for a tenant's rows of an entity, or for the one with this key: to see that there was something to attack, and how long it takes. */
  list(entity: Entity, tenant: TenantKey, key?: Readonly<Record<string, string>>): Request
}
