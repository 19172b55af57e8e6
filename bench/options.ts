import { parseArgs } from 'node:util'

type Options = Readonly<Record<string, number | string | boolean>>
type Given<O extends Options> = {
  readonly [Name in keyof O]: O[Name] extends number ? number : O[Name] extends string ? string : boolean
}

/** What the command line says, and else these. With `--help` prints the usage and ends the process; throws for what is no number. */
export function readOptions<const O extends Options>(usage: string, defaults: O): Given<O> {
  const known = Object.entries({ ...defaults, help: false }).map(([name, value]) => [
    name,
    { type: typeof value === 'boolean' ? ('boolean' as const) : ('string' as const) },
  ])
  const values: Readonly<Record<string, unknown>> = parseArgs({ options: Object.fromEntries(known) }).values
  if (values.help) {
    console.log(usage)
    process.exit(0)
  }
  const given = Object.entries(defaults).map(([name, fallback]) => {
    const value = values[name] ?? fallback
    if (typeof fallback !== 'number') return [name, value]
    if (!Number.isFinite(Number(value))) throw new Error(`--${name} takes a number, not ${JSON.stringify(value)}`)
    return [name, Number(value)]
  })
  return Object.fromEntries(given)
}
