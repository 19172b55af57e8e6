import type { OptionSpecs } from './command.ts'

/** Options that every command takes. A command's own option of the same name wins. */
export const globalOptions = {
  dir: {
    type: 'text',
    value: '<folder>',
    about: "The product's folder; default: the nearest with a tenantry.config.ts",
  },
  json: { type: 'flag', about: 'One JSON value on standard output; errors as JSON on standard error' },
  yes: { type: 'flag', short: 'y', about: 'Do not ask' },
  help: { type: 'flag', short: 'h', about: 'Show this' },
  version: { type: 'flag', short: 'v', about: 'Show the version' },
} as const satisfies OptionSpecs
