import { type EmbeddedServer, openEmbedded } from '../data/postgres/embedded.ts'
import type { Environment } from './environment.ts'
import type { Log } from './log.ts'

export interface ServerOptions {
  readonly environment: Environment
  readonly log: Log
  /** `serve`: this process owns the embedded server. `command`: it uses the one that runs, or starts one for its time. */
  readonly mode: 'serve' | 'command'
  /** Settings of the embedded server that win over ours. */
  readonly serverSettings?: Readonly<Record<string, string>>
  readonly onNotice?: (text: string) => void
}

/** The embedded server; undefined with a DATABASE_URL. */
export async function openServer(options: ServerOptions): Promise<EmbeddedServer | undefined> {
  const { environment, mode, log, serverSettings = {}, onNotice = () => {} } = options
  const { databaseUrl, folder } = environment
  if (databaseUrl !== undefined) return undefined
  return openEmbedded({
    folder,
    mode: mode === 'serve' ? 'own' : 'attach-or-start',
    settings: serverSettings,
    onNotice,
    onRestart: () => log.warn('the embedded database was started again'),
  })
}
