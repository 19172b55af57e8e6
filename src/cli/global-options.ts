import type { OptionSpecs } from './command.ts'

/** Options that every command takes, before its name or after it. */
export const commandOptions = {
  dir: {
    type: 'text',
    value: '<folder>',
    about: "The product's folder; default: the nearest with a tenantry.config.ts",
  },
  json: { type: 'flag', about: 'One JSON value on standard output; errors as JSON on standard error' },
  yes: { type: 'flag', short: 'y', about: 'Do not ask' },
  help: { type: 'flag', short: 'h', about: 'Show this' },
} as const satisfies OptionSpecs

/** Options that may stand before a command's name, or alone. */
export const globalOptions = {
  ...commandOptions,
  version: { type: 'flag', short: 'v', about: 'Show the version' },
} as const satisfies OptionSpecs
