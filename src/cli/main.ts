import { findCommand } from './find-command.ts'
import { helpOfAll, helpOfCommand, helpOfGroup } from './help.ts'
import { createOutput } from './output.ts'
import { shareOwnPackage } from './own-package.ts'
import { packageVersion } from './package-version.ts'
import { parseInput } from './parse-input.ts'
import { reportError } from './report-error.ts'
import { commands } from './table.ts'

/** Runs a command line, without node and script; answers its exit code. */
export async function main(argv: string[]): Promise<number> {
  // Whoever reads may stop reading: `tenantry tenant list | head -1`.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
  const json = argv.includes('--json')
  try {
    return await run(argv)
  } catch (error) {
    return reportError(error, json)
  }
}

async function run(argv: readonly string[]): Promise<number> {
  const found = findCommand(argv, commands)
  if (found.kind === 'version') return say(packageVersion())
  if (found.kind === 'help') return say(await helpOf(found.topic))
  const { entry, rest } = found
  const command = await entry.load()
  const input = parseInput(entry.path, command, rest)
  shareOwnPackage()
  return (await command.run({ ...input, output: createOutput(input.globals.json) })) ?? 0
}

async function helpOf(topic: string): Promise<string> {
  if (topic === '') return helpOfAll(commands)
  const entry = commands.find(({ path }) => path === topic)
  return entry ? helpOfCommand(entry, await entry.load()) : helpOfGroup(topic, commands)
}

function say(text: string): number {
  process.stdout.write(`${text}\n`)
  return 0
}
