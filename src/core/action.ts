import type { ActionDefinition, ActionOutput, ArgumentsOf, EntitySource, ResultOf } from './action-definition.ts'
import type { Fields } from './field.ts'
import type { TenantData } from './tenant-data.ts'

export interface ActionOptions<I extends Fields, O extends ActionOutput> {
  /** What it does, for those who call it; stands in OpenAPI and in the types of clients. */
  readonly description?: string
  /** Its parameters. */
  readonly input?: I
  /** Absent: it answers nothing. */
  readonly output?: O
  /**
   * The entities that it reads and those that it writes (and may read). A caller needs a role on each of them for that. One that
   * writes nothing may be called with GET and runs where nothing can be written.
   */
  readonly reads?: readonly EntitySource[]
  readonly writes?: readonly EntitySource[]
  /** Nobody else may call it, whatever they may do with the entities. Needed where it names no entity. */
  readonly roles?: readonly string[]
}

/** The body in TypeScript: all of it runs in one transaction of the caller. */
export interface RunBody<I extends Fields, O extends ActionOutput> {
  run(tenant: TenantData, input: ArgumentsOf<I>): Promise<ResultOf<O>>
  readonly sql?: undefined
}

/**
 * The body in SQL: one or several statements, the last of which gives the result. Entities of the module are called by their
 * names, those of others with the schema before them (`shared_v1.emails`), parameters as `action_name.parameter`. A row of an
 * entity is all of its table's row: `select *`, `returning *`.
 */
export interface SqlBody {
  readonly sql: string
  readonly run?: undefined
}

/** Declares an action, served as `rpc/{name}`. What is wrong with it is said when the module loads. */
export function action<const I extends Fields = Record<never, never>, const O extends ActionOutput = undefined>(
  name: string,
  options: ActionOptions<I, O> & (RunBody<I, O> | SqlBody),
): ActionDefinition<I, O> {
  const { description = '', reads = [], writes = [], roles, sql, run } = options
  return {
    name,
    description,
    // Left out, they are what the type parameters are by default.
    input: options.input ?? ({} as I),
    output: options.output as O,
    reads,
    writes,
    ...(roles !== undefined && { roles }),
    ...(sql !== undefined && { sql }),
    // The arguments that it will be given are read by these same fields.
    ...(run !== undefined && { run: run as NonNullable<ActionDefinition['run']> }),
  }
}
