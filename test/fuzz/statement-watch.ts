import pg from 'pg'
import { PreparedStatements } from '../../src/data/postgres/tenant-statement.ts'
import { WireBuffer } from '../../src/data/postgres/wire.ts'

/** The texts of all statements that the platform has sent to PostgreSQL since it was asked, each once. */
export interface StatementWatch {
  /** Made from plans. */
  readonly made: ReadonlySet<string>
  /** As they stand in the sources: of the catalog, keys and transactions. */
  readonly fixed: ReadonlySet<string>
  stop(): void
}

/**
 * Looks at the two ways to the server: what the pipelined connections prepare, and what the driver is given on the
 * platform's other connections. What looks up several keys is prepared at once, and not when several have come together.
 */
export function watchStatements(): StatementWatch {
  const made = new Set<string>()
  const fixed = new Set<string>()
  const { parse } = WireBuffer.prototype
  const { isWanted } = PreparedStatements.prototype
  const { query } = pg.Client.prototype
  PreparedStatements.prototype.isWanted = () => true
  WireBuffer.prototype.parse = function (name, text) {
    made.add(text)
    parse.call(this, name, text)
  }
  pg.Client.prototype.query = function (this: pg.Client, ...args: unknown[]) {
    const [asked] = args
    if (isOurs(this)) {
      if (typeof asked === 'string') fixed.add(asked)
      else addText(asked, made)
    }
    return Reflect.apply(query, this, args)
  } as typeof query
  return {
    made,
    fixed,
    stop: () => {
      WireBuffer.prototype.parse = parse
      PreparedStatements.prototype.isWanted = isWanted
      pg.Client.prototype.query = query
    },
  }
}

function addText(asked: unknown, texts: Set<string>): void {
  if (typeof asked !== 'object' || asked === null || !('text' in asked)) return
  if (typeof asked.text === 'string' && asked.text !== '') texts.add(asked.text)
}

/** The test's own connections give themselves no name. */
function isOurs(client: pg.Client): boolean {
  const parameters: unknown = Reflect.get(client, 'connectionParameters')
  const name = typeof parameters === 'object' && parameters !== null && Reflect.get(parameters, 'application_name')
  return typeof name === 'string' && name.startsWith('tenantry')
}
