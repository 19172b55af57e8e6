/** For a small machine and short statements. No error is logged, since messages and details quote values of rows. */
const usual = {
  shared_buffers: '128MB',
  max_connections: '100',
  wal_level: 'logical',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  lc_messages: 'C',
  password_encryption: 'scram-sha-256',
  log_statement: 'none',
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_parameter_max_length: '0',
  log_parameter_max_length_on_error: '0',
  log_checkpoints: 'off',
}

const withoutDurability = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }

/** PostgreSQL's settings for the embedded server; `own` win over ours. */
export function serverSettings(fsync: boolean, own: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { ...usual, ...(fsync ? {} : withoutDurability), ...own }
}
