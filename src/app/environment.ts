import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { TenantryError } from '../core/errors.ts'

/** What the environment says, parsed once. */
export interface Environment {
  readonly host: string
  readonly port: number
  /** Undefined: made from host and port. Without a slash at its end. */
  readonly publicUrl: string | undefined
  readonly databaseUrl: string | undefined
  /** Where embedded data and the master key are kept. */
  readonly folder: string
  readonly prefix: string
  readonly production: boolean
  readonly logLevel: string
  /** Processes that serve. */
  readonly workers: number
  /** Everything, for what reads secrets by itself. */
  readonly variables: NodeJS.ProcessEnv
}

const mostWorkers = 64
const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']

/** Throws `invalid` for a value that cannot be meant. `dir` is the product's folder. */
export function parseEnvironment(variables: NodeJS.ProcessEnv, dir: string): Environment {
  const { HOST, PORT, PUBLIC_URL, DATABASE_URL, TENANTRY_FOLDER, TENANTRY_PREFIX, NODE_ENV, LOG_LEVEL, WORKERS } =
    variables
  return {
    host: HOST || '127.0.0.1',
    port: parsePort(PORT || '4040'),
    publicUrl: PUBLIC_URL ? parsePublicUrl(PUBLIC_URL) : undefined,
    databaseUrl: DATABASE_URL ? parseDatabaseUrl(DATABASE_URL) : undefined,
    folder: resolve(TENANTRY_FOLDER || resolve(dir, '.tenantry')),
    prefix: TENANTRY_PREFIX || 'tenantry',
    production: NODE_ENV === 'production',
    logLevel: parseLogLevel(LOG_LEVEL || 'info'),
    workers: parseWorkers(WORKERS || '1'),
    variables,
  }
}

/** Throws `invalid` for what is no port; 0 stands for any free one. */
export function parsePort(text: string): number {
  const port = Number(text)
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port
  throw new TenantryError('invalid', 'PORT is not a port number', { hint: 'Use 0 to 65535; 0 takes any free port' })
}

function parseWorkers(text: string): number {
  if (text === 'auto') return availableParallelism()
  const count = Number(text)
  if (/^\d{1,3}$/.test(text) && count >= 1 && count <= mostWorkers) return count
  throw new TenantryError('invalid', 'WORKERS is not a number of processes', {
    hint: `Use 1 to ${mostWorkers}, or auto for one per processor core`,
  })
}

function parsePublicUrl(text: string): string {
  const url = URL.parse(text)
  if (url && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === '' && url.username === '') {
    return url.href.replace(/\/+$/, '')
  }
  throw new TenantryError('invalid', 'PUBLIC_URL is not a URL that clients could use', {
    hint: 'For example https://api.example.com',
  })
}

function parseDatabaseUrl(text: string): string {
  const url = URL.parse(text)
  if (url && /^postgres(ql)?:$/.test(url.protocol) && url.pathname.length > 1) return text
  throw new TenantryError('invalid', 'DATABASE_URL is not the URL of a PostgreSQL database', {
    hint: 'For example postgres://user:password@host:5432/database',
  })
}

function parseLogLevel(text: string): string {
  if (logLevels.includes(text)) return text
  throw new TenantryError('invalid', 'LOG_LEVEL is not a level', { hint: `Use ${logLevels.join(', ')}` })
}
