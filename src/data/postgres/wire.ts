const P = 0x50
const B = 0x42
const C = 0x43
const E = 0x45
const S = 0x53

const firstSize = 16 * 1024

/**
 * Messages of the extended query protocol, written back to back into one buffer, so that many statements leave in one
 * write. https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
export class WireBuffer {
  #bytes = Buffer.allocUnsafe(firstSize)
  #length = 0

  get isEmpty(): boolean {
    return this.#length === 0
  }

  /** What was written, as bytes of its own; empties the buffer. */
  take(): Buffer {
    const taken = Buffer.from(this.#bytes.subarray(0, this.#length))
    this.#length = 0
    // One large statement must not keep its memory for ever.
    if (this.#bytes.length > firstSize * 16) this.#bytes = Buffer.allocUnsafe(firstSize)
    return taken
  }

  /** Prepares a statement under a name; the types of its parameters stand in its text. */
  parse(name: string, text: string): void {
    const start = this.#begin(P)
    this.#text(name)
    this.#text(text)
    this.#int16(0)
    this.#end(start)
  }

  /** Gives a prepared statement its values, as text, and runs it to its end. */
  execute(name: string, values: readonly (string | null)[]): void {
    const bind = this.#begin(B)
    this.#int8(0)
    this.#text(name)
    this.#int16(0)
    this.#int16(values.length)
    for (const value of values) this.#value(value)
    this.#int16(0)
    this.#end(bind)
    const execute = this.#begin(E)
    this.#int8(0)
    this.#int32(0)
    this.#end(execute)
  }

  /** Forgets a prepared statement; no error when there is none. */
  close(name: string): void {
    const start = this.#begin(C)
    this.#int8(S)
    this.#text(name)
    this.#end(start)
  }

  /** Ends the implicit transaction. */
  sync(): void {
    this.#end(this.#begin(S))
  }

  #begin(type: number): number {
    this.#int8(type)
    this.#int32(0)
    return this.#length - 4
  }

  /** A message counts its own length, with the four bytes that say it. */
  #end(start: number): void {
    this.#bytes.writeInt32BE(this.#length - start, start)
  }

  #int8(number: number): void {
    this.#reserve(1)
    this.#bytes[this.#length++] = number
  }

  #int16(number: number): void {
    this.#reserve(2)
    this.#length = this.#bytes.writeUInt16BE(number, this.#length)
  }

  #int32(number: number): void {
    this.#reserve(4)
    this.#length = this.#bytes.writeInt32BE(number, this.#length)
  }

  #text(text: string): void {
    this.#utf8(text)
    this.#int8(0)
  }

  #value(value: string | null): void {
    if (value === null) {
      this.#int32(-1)
      return
    }
    const start = this.#length
    this.#int32(0)
    this.#utf8(value)
    this.#bytes.writeInt32BE(this.#length - start - 4, start)
  }

  #utf8(text: string): void {
    // Three bytes are the most that a UTF-16 unit takes.
    this.#reserve(text.length * 3)
    this.#length += this.#bytes.write(text, this.#length, 'utf8')
  }

  #reserve(size: number): void {
    if (this.#length + size <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + size))
    this.#bytes.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
  }
}
