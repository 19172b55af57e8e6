import type { Likeness } from '../../core/datasource.ts'
import type { Entity } from '../../core/module-set.ts'
import type { EntityPlan } from '../../core/plan.ts'
import type { Sight } from '../../core/sight.ts'
import type { MediaType } from './accept.ts'
import type { RestLimits } from './limits.ts'
import type { Preferences } from './prefer.ts'
import type { QueryText } from './query-string.ts'

/** An HTTP request to an entity, as the server has it. */
export interface RestRequest {
  readonly method: string
  readonly entity: Entity
  /** As on the wire, without the `?`. */
  readonly query: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string | undefined
  /** The path of the entity, for `Location` and `Content-Location`: `/acme/customers/v1/customers`. */
  readonly locationBase: string
  /** Absent: the defaults. Always the same for one entity, as far as parsing remembers. */
  readonly limits?: RestLimits
  /** `Prefer: tx=rollback` is heard. Absent: it is not. */
  readonly allowRollback?: boolean
}

/** The plan to run, and what the answer's form depends on. */
export interface ParsedRest {
  readonly plan: EntityPlan
  /** Another plan that this one is like. */
  readonly like?: Likeness
  /** `HEAD`: the same headers without the body. */
  readonly head: boolean
  readonly mediaType: MediaType
  readonly preferences: Preferences
  /** The row that a read begins with. */
  readonly offset: number
  readonly locationBase: string
  readonly query: QueryText
  /** `Accept-Profile` may have chosen the entity. */
  readonly profiled: boolean
  /** `If-Match` and `If-None-Match` of a read; undefined without them. */
  readonly conditions: ReadConditions | undefined
  /** The caller's, where fields of the entity have rules. */
  readonly sight?: Sight
  /** How a list that is paged by its order goes on. */
  readonly cursor: Cursor | undefined
  /** The value of `Link` to what comes after these values. */
  nextLink?(values: string): string
}

export interface Cursor {
  readonly token: string | undefined
  /** The canonical query without the token. */
  readonly query: string
  /** All of the request that shapes the list, but for whose it is. */
  readonly shape: string
}

export interface ReadConditions {
  /** `If-Match` was sent: the row has to be there, in one of the revisions where it names them. */
  readonly present: boolean
  readonly revisions?: readonly number[]
  readonly noneMatch: string | undefined
}

export interface RestResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
  /** In place of `body`. */
  readonly stream?: AsyncIterable<string>
}

/** One header, however often it was sent. */
export function headerOf(request: Pick<RestRequest, 'headers'>, name: string): string | undefined {
  const value = request.headers[name]
  return Array.isArray(value) ? value.join(',') : value
}
