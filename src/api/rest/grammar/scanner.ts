import { TenantryError } from '../../../core/errors.ts'

const shownLength = 200

/** Reads a text from left to right; what does not fit becomes PostgREST's `PGRST100` with line and column. */
export class Scanner {
  position = 0
  private readonly text: string
  private readonly what: string
  private readonly shown: string

  /** `what` names the text in messages. `shown` is the text as the caller wrote it, where it differs. */
  constructor(text: string, what: string, shown: string = text) {
    this.text = text
    this.what = what
    this.shown = shown
  }

  get atEnd(): boolean {
    return this.position >= this.text.length
  }

  sees(token: string): boolean {
    return this.text.startsWith(token, this.position)
  }

  take(token: string): boolean {
    if (!this.sees(token)) return false
    this.position += token.length
    return true
  }

  expect(token: string, expecting = `"${token}"`): void {
    if (!this.take(token)) this.fail(expecting)
  }

  /** What a sticky pattern matches here, consumed. */
  match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.position
    const found = pattern.exec(this.text)?.[0]
    if (found !== undefined) this.position += found.length
    return found
  }

  skipSpace(): void {
    this.match(/[ \t]*/y)
  }

  expectEnd(expecting = 'end of input'): void {
    if (!this.atEnd) this.fail(expecting)
  }

  /** For what was begun and is never closed. */
  failAtEnd(expecting: string): never {
    return this.fail(expecting, this.text.length)
  }

  fail(expecting: string, at: number = this.position): never {
    const next = this.text.codePointAt(at)
    const unexpected = next === undefined ? 'end of input' : `"${String.fromCodePoint(next)}"`
    const shown = this.shown.length > shownLength ? `${this.shown.slice(0, shownLength)}…` : this.shown
    throw new TenantryError('invalid', `"failed to parse ${this.what} (${shown.toWellFormed()})" (${this.place(at)})`, {
      reason: 'PGRST100',
      details: `unexpected ${unexpected} expecting ${expecting}`,
    })
  }

  /** As Parsec counts: characters from 1, a tab to the next eighth column. */
  private place(at: number): string {
    let line = 1
    let column = 1
    for (const char of this.text.slice(0, at)) {
      if (char === '\n') {
        line += 1
        column = 1
      } else {
        column += char === '\t' ? 8 - ((column - 1) % 8) : 1
      }
    }
    return `line ${line}, column ${column}`
  }
}
