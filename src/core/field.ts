import type { GrantedRole } from './access-role.ts'
import type { JsonValue } from './json.ts'
import type { Limits } from './limits.ts'

export type FieldType =
  | 'text'
  | 'integer'
  | 'bigint'
  | 'decimal'
  | 'boolean'
  | 'timestamp'
  | 'date'
  | 'uuid'
  | 'json'
  | 'bytes'
  | 'oneOf'
  | 'reference'
  | 'range'
  | 'searchText'

/** What a range reaches over. */
export const rangeTypes = ['integer', 'bigint', 'decimal', 'date', 'timestamp'] as const
export type RangeType = (typeof rangeTypes)[number]

/** Languages that PostgreSQL 15 and newer know how to search text in; `simple` only ignores case. */
export const searchConfigs = [
  ...['simple', 'arabic', 'armenian', 'basque', 'catalan', 'danish', 'dutch', 'english', 'finnish', 'french', 'german'],
  ...['greek', 'hindi', 'hungarian', 'indonesian', 'irish', 'italian', 'lithuanian', 'nepali', 'norwegian'],
  ...['portuguese', 'romanian', 'russian', 'serbian', 'spanish', 'swedish', 'tamil', 'turkish', 'yiddish'],
] as const
export type SearchConfig = (typeof searchConfigs)[number]

/** What happens to a referencing row when the row it names is deleted. `setNull` clears only the reference column. */
export type OnDelete = 'restrict' | 'cascade' | 'setNull'

/** Service roles, any of which will do. Absent: everybody who may read (or write) the row. What one writes one may read too. */
export interface ReservedRule {
  readonly read?: readonly [string, ...string[]]
  readonly write?: readonly [string, ...string[]]
}

/** Who may read and write a field, beyond what the access to its entity says. */
export interface FieldRules {
  readonly readOnly?: true
  readonly writeOnce?: true
  readonly hidden?: true
  readonly reserved?: ReservedRule
}

/** A field as plain data: what its builder collected. */
export interface FieldSpec {
  readonly type: FieldType
  readonly array: boolean
  readonly optional: boolean
  readonly unique: boolean
  /** Absent: no default. `timestamp` and `date` also take `now`. */
  readonly default?: JsonValue
  /** Text: least length in characters. Numbers: least value. */
  readonly min?: number
  /** Text: greatest length in characters. Numbers: greatest value. Bytes: greatest length in bytes. */
  readonly max?: number
  /** Decimal: digits in all and digits after the point. */
  readonly precision?: number
  readonly scale?: number
  /** Text: a collation other than `C`. */
  readonly collation?: string
  /** oneOf: the allowed values. */
  readonly values?: readonly string[]
  /** Reference: the entity it names, or the name of one in the same module (for an entity that names itself). */
  readonly target?: (() => EntityDefinition) | string
  readonly onDelete?: OnDelete
  /** Range: the type of its bounds. */
  readonly of?: RangeType
  /** searchText: the text fields whose words it holds, and the language of them. */
  readonly from?: readonly string[]
  readonly config?: SearchConfig
  /** Absent: none. */
  readonly rules?: FieldRules
  /** What the field was called before; a migration renames its column. */
  readonly renamedFrom?: string
}

/** A field under construction. Each method returns a new field; nothing is changed in place. */
export class Field<
  Value,
  Optional extends boolean = boolean,
  Defaulted extends boolean = boolean,
  /** The entity that a reference names, where the compiler knows it. */
  Target = unknown,
  /** True for one that not everybody who reads the row may read. */
  Reserved extends boolean = boolean,
> {
  readonly spec: FieldSpec
  /** Types only: never set. */
  declare readonly $types: {
    value: Value
    optional: Optional
    defaulted: Defaulted
    target: Target
    reserved: Reserved
  }

  constructor(spec: FieldSpec) {
    this.spec = spec
  }

  /** May be null; need not be given. */
  optional(): Field<Value, true, Defaulted, Target, Reserved> {
    return new Field({ ...this.spec, optional: true })
  }

  /** Filled in by the database when a new row does not name the field. Takes the JSON form of a value. */
  default(value: DefaultOf<Value>): Field<Value, Optional, true, Target, Reserved> {
    return new Field({ ...this.spec, default: value })
  }

  /** No two rows of a tenant have the same value. */
  unique(): Field<Value, Optional, Defaulted, Target, Reserved> {
    return new Field({ ...this.spec, unique: true })
  }

  /** Shown by generated APIs and never written through them: a default or the module's code fills it in. */
  readOnly(): Field<Value, Optional, Defaulted, Target, Reserved> {
    return this.#with({ readOnly: true })
  }

  /** Written with a new row, or while it is null; the database refuses every other value afterwards, whoever gives it. */
  writeOnce(): Field<Value, Optional, Defaulted, Target, Reserved> {
    return this.#with({ writeOnce: true })
  }

  /** Not there for generated APIs. The module's code reads and writes it. */
  hidden(): Field<Value, Optional, Defaulted, Target, Reserved> {
    return this.#with({ hidden: true })
  }

  /** `{ read: ['admin'], write: ['admin'] }`: for principals with one of these service roles only; for others it is not there. */
  reserved<const Rule extends ReservedRule>(
    rule: Rule,
  ): Field<Value, Optional, Defaulted, Target, Rule extends { readonly read: readonly string[] } ? true : Reserved> {
    return new Field({ ...this.spec, rules: { ...this.spec.rules, reserved: rule } })
  }

  #with(rule: FieldRules): Field<Value, Optional, Defaulted, Target, Reserved> {
    return new Field({ ...this.spec, rules: { ...this.spec.rules, ...rule } })
  }

  /** Its values are those of a field that had another name: `migrate generate` renames the column instead of making one. */
  renamedFrom(name: string): Field<Value, Optional, Defaulted, Target, Reserved> {
    return new Field({ ...this.spec, renamedFrom: name })
  }
}

/** The JSON form of a default: what a client would send. */
type DefaultOf<Value> = Value extends bigint ? number | string : Value extends Uint8Array ? string : Value & JsonValue

export type AnyField = Field<unknown>

export type Fields = Readonly<Record<string, AnyField>>

/** The SQL of a view: texts, between which stand the entities that it reads. */
export interface ViewSource {
  readonly texts: readonly string[]
  readonly reads: readonly (() => EntityDefinition)[]
}

export interface EntityOptions<Name extends string = string> {
  /** The author's own primary key; without it the platform adds `id`, a uuid of version 7. */
  readonly key?: readonly [Name, ...Name[]]
  /** Adds `revision`, counted by the database: 1, then +1 with every change. */
  readonly revision?: boolean
  /** Adds `deleted_at`; deleting marks the row, purging removes it. */
  readonly softDelete?: boolean
  /** Adds `instance_id`; rows are kept apart by instance inside the tenant. */
  readonly instanced?: boolean
  /** Adds `created_by` and `updated_by`, the subjects who did so. */
  readonly authors?: boolean
  /** `global`: one table for the whole platform, without a tenant. Tenants may read it, only the platform writes. */
  readonly scope?: 'tenant' | 'global'
  /** Sets of fields that no two rows of a tenant share. */
  readonly unique?: readonly (readonly [Name, ...Name[]])[]
  /** Sets of fields that are often searched or sorted by together. An array, JSON or a range is a set of its own. */
  readonly indexes?: readonly (readonly [Name | PlatformName, ...(Name | PlatformName)[]])[]
  /** Requests may count, add up and average its rows; without it they cannot, because that reads them all. */
  readonly aggregates?: boolean
  /** For the module's code only: no generated API shows it, embeds it or says that it is there. */
  readonly internal?: boolean
  /** True: its changes are recorded, for `tenant.changes`. */
  readonly changes?: boolean
  /** It is a view: see `view`. */
  readonly view?: ViewSource
  /**
   * Service roles that see and write only rows of their own: those whose `created_by`, or another text field, is the principal's
   * subject. `{ writes: field }`: it sees all, and writes only its own.
   */
  readonly own?: Readonly<Record<string, OwnField<Name> | { readonly writes: OwnField<Name> }>>
  /** What the entity was called before; a migration renames its table. */
  readonly renamedFrom?: string
  /**
   * Adds `shared_with`: the name of a group of tenants, all of which may then read the row; null for the tenant's own eyes. A tenant
   * names only groups that it is a member of.
   */
  readonly shareWith?: boolean
  /** Tighter or wider than the product's; absent ones are the product's. */
  readonly limits?: Limits
  /** Which access role each service role has here. A service role that is not named has none. */
  readonly access?: Readonly<Record<string, GrantedRole>>
}

type PlatformName = 'created_at' | 'updated_at'
type OwnField<Name> = Name | 'created_by'

/** A table of a module, as plain data. Everything else (DDL, policies, validation, API, types) is made from it. */
export interface EntityDefinition<F extends Fields = Fields, O extends EntityOptions = EntityOptions> {
  readonly name: string
  readonly fields: F
  readonly options: O
}

type Required<Value> = Field<Value, false, false>

const plain = { array: false, optional: false, unique: false } as const

/** A text, kept as given. `min` and `max` count characters. */
export function text(limits: { min?: number; max?: number; collation?: string } = {}): Required<string> {
  return new Field({ ...plain, type: 'text', ...limits })
}

/** A whole number of 32 bits. */
export function integer(limits: { min?: number; max?: number } = {}): Required<number> {
  return new Field({ ...plain, type: 'integer', ...limits })
}

/** A whole number of 64 bits; a `bigint` in TypeScript, an exact number in JSON. */
export function bigint(limits: { min?: number; max?: number } = {}): Required<bigint> {
  return new Field({ ...plain, type: 'bigint', ...limits })
}

/** An exact decimal with `precision` digits, `scale` of them after the point; a string in TypeScript. */
export function decimal(
  precision: number,
  scale: number,
  limits: { min?: number; max?: number } = {},
): Required<string> {
  return new Field({ ...plain, type: 'decimal', precision, scale, ...limits })
}

export function boolean(): Required<boolean> {
  return new Field({ ...plain, type: 'boolean' })
}

/** A moment, as an ISO 8601 text with its offset from UTC. `default('now')` is the time of the transaction. */
export function timestamp(): Required<string> {
  return new Field({ ...plain, type: 'timestamp' })
}

/** A day without a time, `YYYY-MM-DD`. */
export function date(): Required<string> {
  return new Field({ ...plain, type: 'date' })
}

export function uuid(): Required<string> {
  return new Field({ ...plain, type: 'uuid' })
}

/** Any JSON, typed by `json<Shape>()`; stored as `jsonb`. */
export function json<Shape extends JsonValue = JsonValue>(): Required<Shape> {
  return new Field({ ...plain, type: 'json' })
}

/** Bytes; `\x…` in hexadecimal in JSON. `max` counts bytes. */
export function bytes(limits: { max?: number } = {}): Required<Uint8Array> {
  return new Field({ ...plain, type: 'bytes', ...limits })
}

/** One of these texts. */
export function oneOf<const Values extends readonly [string, ...string[]]>(
  ...values: Values
): Required<Values[number]> {
  return new Field({ ...plain, type: 'oneOf', values })
}

/**
 * From one value to another, in PostgreSQL's text form: `[1,5)`, `(,2026-12-31]`, `empty`. Ranges of whole numbers and days
 * are stored as `[from,to)`; timestamps are shown in UTC.
 */
export function range(of: RangeType): Required<string> {
  return new Field({ ...plain, type: 'range', of })
}

/**
 * The words of text fields of the same entity, for full text search; kept by the database, never written. Shown as
 * PostgreSQL's `tsvector`. `config` is the language, `simple` by default.
 */
export function searchText(
  ...given: readonly [string, ...string[]] | readonly [string, ...string[], { config?: SearchConfig }]
): Field<string, false, true> {
  const last = given.at(-1)
  const config = (typeof last === 'object' && last.config) || 'simple'
  const from = given.flatMap(item => (typeof item === 'string' ? [item] : []))
  return new Field({ ...plain, type: 'searchText', from, config })
}

/** Any number of values of a field, in order. */
export function array<Value>(of: Required<Value>): Required<readonly Value[]> {
  return new Field({ ...of.spec, array: true })
}

/**
 * Names a row of another entity of the same tenant by its key. An entity that names itself gives its own name as text.
 * The field is called after the relation with `_id` behind it: `email_id` embeds as `emails` or, through the hint, `email_id`.
 */
export function reference<Target extends EntityDefinition>(
  target: () => Target,
  options?: { onDelete?: OnDelete },
): Field<KeyValueOf<Target>, false, false, Target>
export function reference<Value = string>(target: string, options?: { onDelete?: OnDelete }): Required<Value>
export function reference(target: (() => EntityDefinition) | string, options: { onDelete?: OnDelete } = {}): AnyField {
  return new Field({ ...plain, type: 'reference', target, onDelete: options.onDelete ?? 'restrict' })
}

/** The type of an entity's key: that of its own key field, else the platform's uuid. */
export type KeyValueOf<Target extends EntityDefinition> =
  Target extends EntityDefinition<infer Fields, infer Options>
    ? Options extends { readonly key: readonly [infer Name extends keyof Fields & string] }
      ? Fields[Name]['$types']['value']
      : string
    : string
