import { TenantryError } from './errors.ts'

/**
 * A name in an answer that is made from the definitions, once, and never from a request: it may stand in a statement's text. What a
 * request calls something else is a plain text, which is bound.
 */
export class DefinedName {
  readonly text: string

  constructor(text: string) {
    if (!isDefinable(text)) throw new TenantryError('internal', 'A name for answers is no identifier')
    this.text = text
  }
}

/** PostgreSQL would cut a longer one. */
export function isDefinable(text: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]{0,62}$/.test(text)
}
