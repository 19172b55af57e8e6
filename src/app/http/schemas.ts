/** What bodies and query strings of the platform's routes have in common, as JSON Schema. */
export const text = { type: 'string', maxLength: 200 } as const

export const moduleBody = {
  body: {
    type: 'object',
    additionalProperties: false,
    required: ['module'],
    properties: { module: text, dryRun: { type: 'boolean' } },
  },
} as const
