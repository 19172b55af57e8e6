import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
const switches = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
  ...['--disable-background-networking', '--disable-component-update'],
]
const missing = `there is no browser at ${executablePath}: apt-get install -y chromium, or name another one with CHROMIUM`

/** Why tests in a browser cannot run; false when they can. */
export const noBrowser: string | false = existsSync(executablePath) ? false : missing

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath, args: switches })
}
