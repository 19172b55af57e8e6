import { TenantryError } from '../core/errors.ts'
import { quote } from '../core/module-set.ts'
import { globalOptions } from './global-options.ts'
import { suggest } from './suggest.ts'
import type { Entry } from './table.ts'

/** What a command line asks for. `rest` is what the command itself must understand. */
export type Found =
  | { readonly kind: 'command'; readonly entry: Entry; readonly rest: readonly string[] }
  /** About a command, a group of commands, or (empty) all of them. */
  | { readonly kind: 'help'; readonly topic: string }
  | { readonly kind: 'version' }

/**
 * Finds the command that the first words name; only options that every command takes may stand before them. Throws
 * `invalid` for what is no command, with the nearest one as the hint.
 */
export function findCommand(argv: readonly string[], commands: readonly Entry[]): Found {
  const { words, options, rest } = split(argv, commands)
  const asksFor = (...names: string[]) => options.some(option => names.includes(option))
  if (words[0] === 'help') return { kind: 'help', topic: topicOf(words.slice(1), commands) }
  if (asksFor('--help', '-h')) return { kind: 'help', topic: topicOf(words, commands) }
  if (asksFor('--version', '-v')) return { kind: 'version' }
  if (words.length === 0) return { kind: 'help', topic: '' }

  const entry = commands.find(({ path }) => path === words.join(' '))
  if (!entry) throw unknownCommand(words, commands)
  const ownOptions = rest.includes('--') ? rest.slice(0, rest.indexOf('--')) : rest
  if (ownOptions.includes('--help') || ownOptions.includes('-h')) return { kind: 'help', topic: entry.path }
  return { kind: 'command', entry, rest: [...options, ...rest] }
}

/** The words that name the command, the options around them, and what follows. */
function split(argv: readonly string[], commands: readonly Entry[]) {
  const words: string[] = []
  const options: string[] = []
  let index = 0
  while (index < argv.length) {
    const word = argv[index++] ?? ''
    if (word.startsWith('-')) {
      checkGlobal(word)
      options.push(word)
      if (word === '--dir') options.push(...argv.slice(index, ++index))
      continue
    }
    words.push(word)
    const isWhole = commands.some(({ path }) => path === words.join(' ')) || words.length === 2
    if (isWhole && words[0] !== 'help') break
  }
  return { words, options, rest: argv.slice(index) }
}

function checkGlobal(option: string): void {
  const name = option.split('=', 1)[0] ?? ''
  const known = Object.entries(globalOptions).flatMap(([long, spec]) => [
    `--${long}`,
    ...('short' in spec ? [`-${spec.short}`] : []),
  ])
  if (known.includes(name)) return
  const nearest = suggest(name, known)
  throw new TenantryError('invalid', `There is no option ${quote(name)} before a command`, {
    hint: nearest ? `Did you mean ${nearest}?` : 'Options of a command come after its name',
  })
}

function topicOf(words: readonly string[], commands: readonly Entry[]): string {
  const topic = words.join(' ')
  if (topic === '' || commands.some(({ path }) => path === topic || path.startsWith(`${topic} `))) return topic
  throw unknownCommand(words, commands)
}

function unknownCommand(words: readonly string[], commands: readonly Entry[]): TenantryError {
  const [first = '', second] = words
  const inGroup = commands.filter(({ path }) => path.startsWith(`${first} `)).map(({ path }) => path)
  if (inGroup.length > 0) {
    const nearest = second && suggest(`${first} ${second}`, inGroup)
    const message = second
      ? `There is no command ${quote(`${first} ${second}`)}`
      : `Which command of ${quote(first)} do you mean?`
    return new TenantryError('invalid', message, {
      hint: nearest ? `Did you mean "${nearest}"?` : `There are: ${inGroup.join(', ')}`,
    })
  }
  return new TenantryError('invalid', `There is no command ${quote(first)}`, { hint: hintFor(words, commands) })
}

function hintFor(words: readonly string[], commands: readonly Entry[]): string {
  const paths = commands.map(({ path }) => path)
  const [first = '', second] = words
  const nearest =
    (second && suggest(`${first} ${second}`, paths)) ??
    paths.find(path => path.endsWith(` ${first}`)) ??
    suggest(first, [...new Set(paths.map(path => path.split(' ', 1)[0] ?? path))])
  return nearest ? `Did you mean "${nearest}"?` : 'All commands: tenantry --help'
}
