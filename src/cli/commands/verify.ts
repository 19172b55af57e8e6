import { randomInt } from 'node:crypto'
import type { Platform } from '../../app/platform.ts'
import { type Verified, type VerifyClass, verifyClasses } from '../../app/verify/classes.ts'
import { TenantryError } from '../../core/errors.ts'
import { quote } from '../../core/module-set.ts'
import { defineCommand, type Input } from '../command.ts'
import { abortedExitCode } from '../exit-code.ts'
import { findProductFolder } from '../product-folder.ts'
import { suggest } from '../suggest.ts'
import { verifiedText } from '../verified-text.ts'
import { watchForEnd } from '../watch-for-end.ts'

const timedPairs = 20_000
const seeds = 2 ** 32

export const verify = defineCommand({
  about:
    'Looks into the database, then attacks a server as one of two scratch tenants, which it makes and removes, with requests made from the definitions. Exit code 0: nothing was found; 1: something was. In production it needs --yes.',
  args: {},
  options: {
    url: {
      type: 'text',
      value: '<url>',
      about: 'The server to attack; default: the running one, or one started for this',
    },
    only: {
      type: 'list',
      value: '<class>',
      about: 'Only these classes, as the table calls them; catalog: the database',
    },
    seed: { type: 'text', value: '<number>', about: 'Chooses what is chosen at random; default: a new one each time' },
    most: { type: 'text', value: '<number>', about: 'At most so many attacks of each case; default: all there are' },
    timing: { type: 'flag', about: `Compare the times of ${timedPairs} pairs of requests, too` },
  },
  examples: [
    'verify',
    'verify --only catalog,tokens --json',
    'verify --timing --seed 7',
    'verify --url https://api.example.com --yes',
  ],
  async run(input) {
    const { only, url, timing, most, seed = String(randomInt(seeds)) } = input.options
    const classes = only.map(classOf)
    const number = seedOf(seed)
    const stop = new AbortController()
    const watch = watchForEnd({
      onSignal: () => {
        input.output.note('Stopping: removing the scratch tenants. Once more ends at once, and leaves them.')
        stop.abort()
      },
      onCrash: () => stop.abort(),
    })
    try {
      const verified = await withDatabase(input, url, async platform => {
        const { verifyIsolation } = await import('../../app/verify/verify.ts')
        return verifyIsolation(platform, {
          ...{ seed: number, only: classes, signal: stop.signal },
          onStage: text => input.output.note(`… ${text}`),
          ...(url !== undefined && { url }),
          ...(most !== undefined && { most: mostOf(most) }),
          ...(timing && { timingPairs: timedPairs }),
        })
      })
      input.output.show(verified, verifiedText(verified))
      return verified.isolated ? 0 : 1
    } catch (error) {
      if (stop.signal.aborted) return abortedExitCode
      throw error
    } finally {
      watch.release()
    }
  },
})

function classOf(text: string): VerifyClass {
  const found = verifyClasses.find(name => name === text)
  if (found) return found
  const nearest = suggest(text, verifyClasses)
  throw new TenantryError('invalid', `There is no class of attacks ${quote(text)}`, {
    hint: nearest ? `Did you mean ${nearest}?` : `There are: ${verifyClasses.join(', ')}`,
  })
}

function seedOf(text: string): number {
  const seed = Number(text)
  if (/^\d{1,10}$/.test(text) && seed < seeds) return seed
  throw new TenantryError('invalid', `${quote(text)} is not a seed`, { hint: `Use a whole number below ${seeds}` })
}

function mostOf(text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text)
  throw new TenantryError('invalid', `${quote(text)} is not a number of attacks`, { hint: 'Use a whole number from 1' })
}

/** Opens the platform even on a database that it would refuse to serve: what is wrong with it is what is asked. */
async function withDatabase(
  { globals, output }: Pick<Input, 'globals' | 'output'>,
  url: string | undefined,
  work: (platform: Platform) => Promise<Verified>,
): Promise<Verified> {
  const [{ parseEnvironment }, { createLog }, { openToVerify }, { loadProduct }] = await Promise.all([
    import('../../app/environment.ts'),
    import('../../app/log.ts'),
    import('../../app/verify/open-to-verify.ts'),
    import('../../app/product.ts'),
  ])
  const dir = findProductFolder(globals.dir)
  const environment = parseEnvironment(process.env, dir)
  if ((environment.production || isElsewhere(url ?? environment.publicUrl)) && !globals.yes) {
    throw new TenantryError(
      'forbidden',
      'Attacking a server in production, or on another machine, needs to be confirmed',
      {
        reason: 'not_confirmed',
        hint: 'It makes two tenants, attacks as one of them and removes both; say --yes',
      },
    )
  }
  const platform = await openToVerify({
    product: await loadProduct(dir),
    environment,
    log: createLog(globals.json ? 'silent' : 'error'),
    mode: 'command',
    onNotice: text => output.note(`note: ${text}`),
  })
  try {
    return await work(platform)
  } finally {
    await platform.close()
  }
}

function isElsewhere(url: string | undefined): boolean {
  const host = url === undefined ? 'localhost' : (URL.parse(url)?.hostname ?? '')
  return !/^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(host)
}
