import pg from 'pg'

/** What the client calls on the query whose turn it is. */
interface WireQuery {
  submit(connection: pg.Connection): null
  handleRowDescription(): void
  handleDataRow(message: { fields: (string | null)[] }): void
  handleCommandComplete(message: { text: string }): void
  handleError(error: unknown): void
  handleReadyForQuery(): void
}

/**
 * The driver takes only subclasses of its own `Query` on a pipelined client. `@types/pg` does not know the methods that the
 * client calls, which is why the cast exists.
 */
export const DriverQuery = pg.Query as unknown as new (text: string) => WireQuery

/** What a cancel request needs of a client; typed by the driver only in part. */
export interface Cancellable {
  readonly host: string
  readonly port: number
  readonly processID: number | null
  readonly secretKey: number | null
}

export type PipelinedClient = pg.Client & Cancellable

/** A pool whose connections may be lost at any time: it makes others, and whoever has one is told by its statement. */
export function createPool(config: pg.PoolConfig): pg.Pool {
  const pool = new pg.Pool(config)
  pool.on('error', () => {})
  // Nobody else listens yet to one that is lost as soon as it is open.
  pool.on('connect', client => client.on('error', () => {}))
  return pool
}

/** A client of the driver's pool, which is no other than those made by hand. */
export type LentClient = pg.PoolClient & Cancellable

export async function lendClient(pool: pg.Pool): Promise<LentClient> {
  return (await pool.connect()) as LentClient
}

/** A client that sends a query before the one ahead of it has answered. */
export function createPipelinedClient(config: pg.ClientConfig): PipelinedClient {
  return new pg.Client({ ...config, pipeline: true } as pg.ClientConfig) as PipelinedClient
}

/** How to reach a database; a password is never part of a text. */
export type ConnectionTarget = Pick<
  pg.ClientConfig,
  'host' | 'port' | 'user' | 'password' | 'database' | 'ssl' | 'connectionString'
>
