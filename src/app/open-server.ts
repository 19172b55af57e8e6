import { type EmbeddedServer, openEmbedded } from '../data/postgres/embedded.ts'
import type { Environment } from './environment.ts'
import type { Log } from './log.ts'

export interface ServerOptions {
  readonly environment: Environment
  readonly log: Log
  /**
   * `serve`: this process serves the product, `share`: a part of it; the embedded server is one for all that do. `command`: it
   * uses the one that runs, or starts one for its time.
   */
  readonly mode: 'serve' | 'share' | 'command'
  /** Settings of the embedded server that win over ours. */
  readonly serverSettings?: Readonly<Record<string, string>>
  readonly onNotice?: (text: string) => void
  /** The process that ran the embedded server for this one is gone, and this one cannot run it. */
  readonly onLost?: (pid: number, cause: unknown) => void
}

const modes = { serve: 'own', share: 'share', command: 'attach-or-start' } as const

/** The embedded server; undefined with a DATABASE_URL. */
export async function openServer(options: ServerOptions): Promise<EmbeddedServer | undefined> {
  const { environment, mode, log, serverSettings = {}, onNotice = () => {}, onLost = () => {} } = options
  const { databaseUrl, folder } = environment
  if (databaseUrl !== undefined) return undefined
  return openEmbedded({
    folder,
    mode: modes[mode],
    settings: serverSettings,
    onNotice,
    onLost,
    onRestart: () => log.warn('the embedded database was started again'),
  })
}
