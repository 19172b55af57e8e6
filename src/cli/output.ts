/** Where a command says what it did. */
export interface Output {
  /** The result on standard output: the text for people, the value with --json. */
  show(value: unknown, text: string): void
  /** What people should know along the way, on standard error; nothing with --json. */
  note(text: string): void
}

export function createOutput(json: boolean): Output {
  return {
    show: (value, text) => void process.stdout.write(json ? `${JSON.stringify(value)}\n` : `${text}\n`),
    note: text => {
      if (!json) process.stderr.write(`${text}\n`)
    },
  }
}

/** Columns as wide as their widest cell; the first row is the head. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0)))
  return rows
    .map(row =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** Names and what they are, indented. */
export function facts(pairs: readonly (readonly [name: string, value: string])[]): string {
  return indent(table(pairs))
}

export function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '  ')
}

/** `3 tenants`, `1 tenant` */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
