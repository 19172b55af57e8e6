/** SQLSTATEs of our own that a statement raises once it knows its rows; `errors.ts` turns them into answers. */
export const raised = {
  notSingle: 'TN406',
  stale: 'TN409',
  refused: 'TN400',
  tooMany: 'TN124',
  notPut: 'TN115',
  tooLarge: 'TN413',
  precondition: 'TN412',
  kept: 'TN422',
  upgrading: 'TN503',
} as const
