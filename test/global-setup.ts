import { serverVariable, startTestServer, type TestServer } from '../src/testing/test-server.ts'

let server: TestServer | undefined

/** One PostgreSQL for the whole run; each test file makes a database of its own on it. */
export async function globalSetup(): Promise<void> {
  server = await startTestServer()
  process.env[serverVariable] = JSON.stringify(server.record)
}

export async function globalTeardown(): Promise<void> {
  await server?.close()
}
