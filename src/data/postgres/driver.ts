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

/** A client with the fields that a cancel request needs; typed by the driver only in part. */
export interface PipelinedClient extends pg.Client {
  readonly processID: number | null
  readonly secretKey: number | null
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
