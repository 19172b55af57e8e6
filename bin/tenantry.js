#!/usr/bin/env node
import './node-version.js'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

// Plain, old JavaScript, and no static import of anything newer: Node reads all of this before it looks at its version.
async function start() {
  // What was compiled once is loaded the next time. In our own folder, where nobody writes who could not write the code itself.
  const { enableCompileCache } = await import('node:module')
  if (enableCompileCache) enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/tenantry', import.meta.url)))
  const checkout = existsSync(new URL('../src/cli/main.ts', import.meta.url))
  if (checkout) (await import('../scripts/resolve-sources.ts')).resolveSources()
  const { main } = await import(checkout ? '../src/cli/main.ts' : '../dist/cli/main.js')
  process.exitCode = await main(process.argv.slice(2))
}

start()
