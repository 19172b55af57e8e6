import { parseArgs } from 'node:util'
import { TenantryError } from '../core/errors.ts'
import { quote } from '../core/module-set.ts'
import type { Command, Globals, OptionSpec, OptionSpecs, OptionValues } from './command.ts'
import { commandOptions } from './global-options.ts'
import { suggest } from './suggest.ts'

export interface ParsedInput {
  readonly args: Readonly<Record<string, string>>
  readonly more: Readonly<Record<string, string | undefined>>
  readonly options: OptionValues<OptionSpecs>
  readonly globals: Globals
}

/**
 * What stands behind a command's name, as that command declares it. Throws `invalid` for an unknown option, a missing or
 * superfluous value and a missing or superfluous argument.
 */
export function parseInput(path: string, { args, more = {}, options }: Command, rest: readonly string[]): ParsedInput {
  const specs: OptionSpecs = { ...commandOptions, ...options }
  const help = `See: tenantry ${path} --help`
  const refuse = (message: string, hint = help) => new TenantryError('invalid', message, { hint })
  const given = new Map<string, string[]>()
  const positionals: string[] = []

  // Not strict, since its own messages would know nothing of what was meant.
  const { tokens } = parseArgs({
    args: [...rest],
    strict: false,
    tokens: true,
    allowPositionals: true,
    options: Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, nodeOption(spec)])),
  })
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind !== 'option') continue
    const { name, rawName, value, inlineValue } = token
    const spec = Object.hasOwn(specs, name) ? specs[name] : undefined
    if (!spec) {
      const nearest = suggest(
        rawName,
        Object.keys(specs).map(known => `--${known}`),
      )
      throw refuse(`There is no option ${quote(rawName)}`, nearest ? `Did you mean ${nearest}?` : help)
    }
    const earlier = given.get(name) ?? []
    if (spec.type === 'flag') {
      if (inlineValue) throw refuse(`The option ${rawName} takes no value`)
      given.set(name, ['true'])
      continue
    }
    if (value === undefined || value === '') throw refuse(`The option ${rawName} needs a value`)
    if (!inlineValue && value.startsWith('-')) {
      throw refuse(
        `The option ${rawName} needs a value`,
        `A value that begins with "-" is given as ${rawName}=${value}`,
      )
    }
    if (spec.type === 'text' && earlier.length > 0) throw refuse(`The option ${rawName} is given twice`)
    given.set(name, [...earlier, value])
  }
  const values = Object.fromEntries(
    Object.entries(options).map(([name, spec]) => [name, optionValue(spec, given.get(name))]),
  )
  return {
    ...nameArguments(Object.keys(args), Object.keys(more), positionals, refuse),
    // Each is of the type that its own spec asks for.
    options: values as OptionValues<OptionSpecs>,
    globals: { dir: given.get('dir')?.[0], json: given.has('json'), yes: given.has('yes') },
  }
}

function nodeOption({ type, short }: OptionSpec) {
  return { type: type === 'flag' ? 'boolean' : 'string', ...(short === undefined ? {} : { short }) } as const
}

function optionValue(
  { type }: OptionSpec,
  given: readonly string[] = [],
): string | boolean | readonly string[] | undefined {
  if (type === 'flag') return given.length > 0
  if (type === 'text') return given[0]
  const parts = given.flatMap(each => each.split(',')).map(part => part.trim())
  return [...new Set(parts)].filter(part => part !== '')
}

function nameArguments(
  names: readonly string[],
  more: readonly string[],
  given: readonly string[],
  refuse: (message: string) => TenantryError,
): Pick<ParsedInput, 'args' | 'more'> {
  const missing = names.slice(given.length).map(name => `<${name}>`)
  if (missing.length > 0) throw refuse(`${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} missing`)
  const [superfluous] = given.slice(names.length + more.length)
  if (superfluous !== undefined) throw refuse(`${quote(superfluous)} is one argument too many`)
  return {
    args: Object.fromEntries(names.map((name, index) => [name, given[index] ?? ''])),
    more: Object.fromEntries(more.map((name, index) => [name, given[names.length + index]])),
  }
}
