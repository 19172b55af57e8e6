#!/usr/bin/env node
import './node-version.js'
import { existsSync } from 'node:fs'

// Plain, old JavaScript, and no static import of anything newer: Node reads all of this before it looks at its version.
async function start() {
  const checkout = existsSync(new URL('../src/cli/main.ts', import.meta.url))
  if (checkout) (await import('../scripts/resolve-sources.ts')).resolveSources()
  const { main } = await import(checkout ? '../src/cli/main.ts' : '../dist/cli/main.js')
  process.exitCode = await main(process.argv.slice(2))
}

start()
