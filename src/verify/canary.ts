/** Every form in which an answer could hold a text: as it is, in hexadecimal, and in base64 at each of its three offsets. */
export function formsOf(canary: string): readonly string[] {
  const base64 = [0, 1, 2].map(offset => {
    const encoded = Buffer.from(' '.repeat(offset) + canary).toString('base64url')
    // What shares its bits with a neighbour is left out.
    return encoded.slice(offset === 0 ? 0 : offset + 1, -2)
  })
  return [canary, Buffer.from(canary).toString('hex'), ...base64]
}

/** The text that stands in a canary's place in hidden fields: not even the own tenant is shown it. */
export function secretOf(canary: string): string {
  return canary === '' ? '' : `${canary.slice(5)}${canary.slice(0, 5)}`
}

/** What a request says, in every spelling that its reader undoes; what it says itself it may be told again. */
export function spelledOut(...texts: readonly string[]): string {
  return texts.map(text => `${text}\n${unescaped(text)}`).join('\n')
}

function unescaped(text: string): string {
  return text
    .replace(/(?:%[0-9a-f]{2})+/gi, encoded => Buffer.from(encoded.replaceAll('%', ''), 'hex').toString())
    .replace(/\\u([0-9a-f]{4})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)))
}
