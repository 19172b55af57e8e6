import { TenantryError } from '../../../core/errors.ts'

/** One command of a file. */
export interface Command {
  readonly sql: string
  /** The line of the file where it begins, from 1. */
  readonly line: number
  /** Its words in lower case, without comments, texts and quoted names. */
  readonly words: readonly string[]
}

/** What a file is made of: texts, names, comments, words, and everything else sign by sign. */
const token =
  /(?<comment>--[^\n]*|\/\*)|(?<text>(?<![a-z0-9_])e'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*')|(?<name>"(?:[^"]|"")*")|(?<dollar>\$(?:[a-z_\u0080-\uffff][a-z0-9_\u0080-\uffff]*)?\$)|(?<word>[a-z_\u0080-\uffff][a-z0-9_$\u0080-\uffff]*)|(?<sign>[\s\S])/giy

/**
 * The commands of a file, split at the semicolons that end them: not those inside texts, names, comments, dollar quotes or the
 * body of a function. Throws `invalid`, with the line, where something is not closed.
 */
export function splitCommands(text: string, name: string): Command[] {
  const commands: Command[] = []
  let [start, words, depth, end]: [number, string[], number, number] = [0, [], 0, 0]
  let isEmpty = true
  let first = 0
  const finish = (upTo: number) => {
    if (!isEmpty) commands.push({ sql: text.slice(start, upTo).trim(), line: lineAt(text, first), words })
    ;[start, words, depth, isEmpty] = [upTo + 1, [], 0, true]
  }
  while (end < text.length) {
    token.lastIndex = end
    const groups = token.exec(text)?.groups ?? {}
    const begin = end
    end = token.lastIndex
    if (groups.comment !== undefined) {
      if (groups.comment === '/*') end = endOfComment(text, begin, name)
      continue
    }
    if (groups.dollar !== undefined) {
      const close = text.indexOf(groups.dollar, end)
      if (close < 0) throw unclosed(text, begin, name)
      end = close + groups.dollar.length
    }
    const { word, sign } = groups
    if (sign === "'" || sign === '"') throw unclosed(text, begin, name)
    if (word !== undefined) {
      const lower = word.toLowerCase()
      depth = depthAfter(words, lower, depth)
      words.push(lower)
    }
    if (sign === ';' && depth === 0) finish(begin)
    else if (isEmpty && (sign === undefined || sign.trim() !== '')) [isEmpty, first] = [false, begin]
  }
  if (depth > 0) throw unclosed(text, first, name)
  finish(text.length)
  return commands
}

/** How deep inside the body of a function a word stands: `begin atomic … end`, and every `case` in it. */
function depthAfter(words: readonly string[], word: string, depth: number): number {
  if (depth === 0) return word === 'atomic' && words.at(-1) === 'begin' && words[0] === 'create' ? 1 : 0
  if (word === 'case') return depth + 1
  return word === 'end' ? depth - 1 : depth
}

/** Comments may lie inside one another. */
function endOfComment(text: string, begin: number, name: string): number {
  const bounds = /\/\*|\*\//g
  bounds.lastIndex = begin
  let depth = 0
  for (let found = bounds.exec(text); found; found = bounds.exec(text)) {
    depth += found[0] === '/*' ? 1 : -1
    if (depth === 0) return bounds.lastIndex
  }
  throw unclosed(text, begin, name)
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length
}

function unclosed(text: string, index: number, name: string): TenantryError {
  return new TenantryError('invalid', `${name}: what begins in line ${lineAt(text, index)} is never closed`, {
    hint: 'A quote, a comment or the body of a function has no end',
  })
}
