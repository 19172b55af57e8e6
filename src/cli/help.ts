import type { Command, OptionSpecs } from './command.ts'
import { exitCodes } from './exit-code.ts'
import { commandOptions, globalOptions } from './global-options.ts'
import { indent, table } from './output.ts'
import type { Entry } from './table.ts'

const examples = [
  'tenantry module new orders',
  'tenantry start',
  'tenantry tenant add acme --name "Acme Corporation" --subscribe orders@1',
  'tenantry token acme --role admin',
]

/** All commands, by group. */
export function helpOfAll(commands: readonly Entry[]): string {
  const width = Math.max(...commands.map(({ path }) => path.length))
  const groups = [...Map.groupBy(commands, ({ group }) => group)].map(([group, entries]) =>
    section(group, entries.map(({ path, summary }) => `${path.padEnd(width)}  ${summary}`).join('\n')),
  )
  return [
    'Tenantry: write a business module once, subscribe tenants to it, keep each one apart.',
    'Usage: tenantry <command> [arguments] [options]',
    ...groups,
    section('Options', optionLines(globalOptions)),
    section('Exit codes', exitCodes.map(([code, meaning]) => `${code}  ${meaning}`).join('\n')),
    section('Examples', examples.join('\n')),
    'More about one of them: tenantry <command> --help',
  ].join('\n\n')
}

/** The commands that begin with the same word. */
export function helpOfGroup(word: string, commands: readonly Entry[]): string {
  const rows = commands.filter(({ path }) => path.startsWith(`${word} `)).map(({ path, summary }) => [path, summary])
  return [
    `Usage: tenantry ${word} <command> [arguments] [options]`,
    section('Commands', table(rows)),
    `More about one of them: tenantry ${word} <command> --help`,
  ].join('\n\n')
}

export function helpOfCommand(
  { path, summary }: Entry,
  { about, args, more = {}, options, examples }: Command,
): string {
  const argRows = [
    ...Object.entries(args).map(([name, about]) => [`<${name}>`, about] as const),
    ...Object.entries(more).map(([name, about]) => [`[${name}]`, about] as const),
  ]
  const usage = ['tenantry', path, ...argRows.map(([name]) => name), '[options]'].join(' ')
  return [
    `${summary}.${about ? ` ${about}` : ''}`,
    `Usage: ${usage}`,
    ...(argRows.length > 0 ? [section('Arguments', table(argRows))] : []),
    ...(Object.keys(options).length > 0 ? [section('Options', optionLines(options))] : []),
    section('Options of every command', optionLines(commandOptions)),
    section('Examples', examples.map(example => `tenantry ${example}`).join('\n')),
  ].join('\n\n')
}

function section(title: string, body: string): string {
  return `${title}\n${indent(body)}`
}

function optionLines(options: OptionSpecs): string {
  return table(
    Object.entries(options).map(([name, { value, short, about }]) => [
      `${short ? `-${short}, ` : ''}--${name}${value ? ` ${value}` : ''}`,
      about,
    ]),
  )
}
