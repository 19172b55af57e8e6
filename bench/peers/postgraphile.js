import { createServer } from 'node:http'
import { grafserv } from 'grafserv/node'
import { postgraphile } from 'postgraphile'
import { makePgService } from 'postgraphile/adaptors/pg'
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber'
import { PgLazyJWTPreset } from 'postgraphile/presets/lazy-jwt'

/** PostGraphile as a process of its own, set up as for production: no explain, no GraphiQL, no watching. With a secret: its tokens. */
const { RACE_DATABASE, RACE_POOL, RACE_SECRET } = process.env
const instance = postgraphile({
  extends: [PostGraphileAmberPreset, ...(RACE_SECRET ? [PgLazyJWTPreset] : [])],
  pgServices: [
    makePgService({ connectionString: RACE_DATABASE, schemas: ['public'], poolConfig: { max: Number(RACE_POOL) } }),
  ],
  grafast: { explain: false },
  grafserv: { graphqlPath: '/graphql', graphiql: false, websockets: false, watch: false, pgJwtSecret: RACE_SECRET },
})
const server = createServer()
await instance.createServ(grafserv).addTo(server)
process.on('disconnect', () => process.exit())
server.listen(0, '127.0.0.1', () => process.send?.({ port: server.address().port }))
