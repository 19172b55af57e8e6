import { create } from '@platformatic/db'

/** Platformatic DB as a process of its own, with what it does beside answering turned off. */
const { RACE_DATABASE, RACE_POOL } = process.env
const app = await create(import.meta.dirname, {
  server: { hostname: '127.0.0.1', port: 0, logger: { level: 'fatal' }, healthCheck: false },
  db: { connectionString: RACE_DATABASE, poolSize: Number(RACE_POOL), openapi: true, graphql: true, events: false },
  watch: false,
})
const url = await app.start({ listen: true })
process.on('disconnect', () => process.exit())
process.send?.({ port: Number(new URL(url).port) })
