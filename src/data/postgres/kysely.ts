import {
  type ColumnType,
  type DatabaseConnection,
  type Driver,
  Kysely,
  OperationNodeTransformer,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
  SchemableIdentifierNode,
  type TableNode,
} from 'kysely'
import type { AuthorRun } from '../../core/datasource.ts'
import type { EntityDefinition, Insert, Patch, Row, Simplify } from '../../core/entity.ts'
import { TenantryError } from '../../core/errors.ts'
import type { Entity } from '../../core/module-set.ts'
import type { Tables, TenantData } from '../../core/tenant-data.ts'

type Given<T, N> = N extends keyof T ? T[N] : never

/** An entity's table as kysely knows it: what is read, and what a new row and a change may give. */
type Table<E extends EntityDefinition> = {
  readonly [N in keyof Row<E>]-?: ColumnType<Exclude<Row<E>[N], undefined>, Given<Insert<E>, N>, Given<Patch<E>, N>>
}

/** Entities by the names that statements call them. */
export type Database<T extends Tables> = Simplify<{ readonly [N in keyof T]: Table<T[N]> }>

type None = Record<never, never>

export interface KyselyUses<R extends Tables, W extends Tables> {
  /** What is only read. */
  readonly reads?: R
  /** What is written, and may be read too. */
  readonly writes?: W
}

/**
 * Statements written with kysely, in the transaction of `tenant` and under the access role that the caller has for the
 * entities named: `kyselyIn(tx, { reads: { customers } }, db => db.selectFrom('customers').selectAll().execute())`. `db`
 * answers until `work` has ended. Throws as plans do; `invalid` outside a transaction, and for what neither reads nor writes rows.
 */
export function kyselyIn<T, R extends Tables = None, W extends Tables = None>(
  tenant: TenantData,
  { reads, writes }: KyselyUses<R, W>,
  work: (db: Kysely<Database<R & W>>) => Promise<T>,
): Promise<T> {
  return tenant.statements({ reads: reads ?? {}, writes: writes ?? {} }, (run, tables) =>
    work(
      new Kysely<Database<R & W>>({
        dialect: {
          createAdapter: () => new PostgresAdapter(),
          createDriver: () => new TransactionDriver(run),
          createIntrospector: db => new PostgresIntrospector(db),
          createQueryCompiler: () => new PostgresQueryCompiler(),
        },
        plugins: [
          {
            transformQuery: ({ node }) => new InSchemas(tables).transformNode(node),
            transformResult: async ({ result }) => result,
          },
        ],
      }),
    ),
  )
}

/** The tables that were named, with their schemas; other names (of CTEs, aliases) stay as they are. */
class InSchemas extends OperationNodeTransformer {
  readonly #tables: ReadonlyMap<string, Entity>

  constructor(tables: ReadonlyMap<string, Entity>) {
    super()
    this.#tables = tables
  }

  protected override transformTable(node: TableNode): TableNode {
    const { schema, identifier } = node.table
    const entity = schema === undefined ? this.#tables.get(identifier.name) : undefined
    if (!entity) return super.transformTable(node)
    return { ...node, table: SchemableIdentifierNode.createWithSchema(entity.module.schema, entity.name) }
  }
}

/** The transaction is there already and has its own ways to nest and to end. */
class TransactionDriver implements Driver {
  readonly #connection: DatabaseConnection

  constructor(run: AuthorRun) {
    this.#connection = {
      async executeQuery<Result>({ sql, parameters }: { sql: string; parameters: readonly unknown[] }) {
        const { rows, count } = await run(sql, parameters)
        // kysely's own drivers say so too: the types of rows are those of the query that was built.
        const result: QueryResult<Result> = { rows: rows as Result[], numAffectedRows: BigInt(count) }
        return result
      },
      // biome-ignore lint/correctness/useYield: it refuses.
      async *streamQuery() {
        throw new TenantryError('invalid', 'Rows of a transaction are not streamed')
      },
    }
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return this.#connection
  }

  beginTransaction = refuseControl
  commitTransaction = refuseControl
  rollbackTransaction = refuseControl

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {}
}

async function refuseControl(): Promise<void> {
  throw new TenantryError('invalid', 'The transaction is open already', { hint: 'Nest with transaction() of its data' })
}
