import pg from 'pg'

/**
 * The small part of the driver's protocol layer that we need, typed. `@types/pg` describes an older shape of it (methods as
 * properties, arguments that are no longer there), which is why the one cast below exists.
 */
export interface Wire {
  readonly stream: { cork(): void; uncork(): void }
  close(statement: { type: 'S'; name: string }): void
  parse(statement: { name: string; text: string }): void
  bind(portal: { portal: string; statement: string; values: readonly (string | null)[] }): void
  execute(portal: { portal: string; rows: number }): void
  sync(): void
}

/** What the client calls on the query whose turn it is. */
interface WireQuery {
  submit(wire: Wire): null
  handleRowDescription(): void
  handleDataRow(message: { fields: (string | null)[] }): void
  handleCommandComplete(): void
  handleError(error: unknown): void
  handleReadyForQuery(): void
}

/** The driver takes only subclasses of its own `Query` on a pipelined client. */
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
