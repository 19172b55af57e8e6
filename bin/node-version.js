// Importing this ends the process when Node is too old. Plain, old JavaScript: it must run where nothing newer does.
import { existsSync } from 'node:fs'

const least = [22, 18]
const [major, minor] = process.versions.node.split('.').map(Number)

if (major < least[0] || (major === least[0] && minor < least[1])) {
  const checkout = existsSync(new URL('../src/cli/main.ts', import.meta.url))
  console.error(`tenantry needs Node ${least.join('.')} or newer, and this is Node ${process.versions.node}.`)
  console.error(checkout ? adviceInCheckout() : 'Install a newer one: https://nodejs.org')
  process.exit(1)
}

function adviceInCheckout() {
  // npm puts the dev dependency `node` on the path of its scripts; when it did not, it was never installed.
  if (process.env.npm_execpath)
    return 'Run "npm ci": it brings a Node 24 of its own. Still this one? "npm rebuild node".'
  return 'Run it through npm (npm run tenantry -- …), which brings its own Node 24.'
}
