import type { Output } from './output.ts'

/** An option: `text` takes one value, `list` any number (repeated or with commas), `flag` none. */
export interface OptionSpec {
  readonly type: 'text' | 'list' | 'flag'
  readonly about: string
  /** How help names the value, `<minutes>`. */
  readonly value?: string
  /** One letter. */
  readonly short?: string
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>

type ValueOf<Spec extends OptionSpec> = Spec['type'] extends 'flag'
  ? boolean
  : Spec['type'] extends 'list'
    ? readonly string[]
    : string | undefined

export type OptionValues<Specs extends OptionSpecs> = { readonly [Name in keyof Specs]: ValueOf<Specs[Name]> }

export interface Globals {
  /** The product's folder as it was given. */
  readonly dir: string | undefined
  readonly json: boolean
  readonly yes: boolean
}

export interface Input<Name extends string = string, Specs extends OptionSpecs = OptionSpecs> {
  readonly args: Readonly<Record<Name, string>>
  /** Arguments that may be left out. */
  readonly more: Readonly<Record<string, string | undefined>>
  readonly options: OptionValues<Specs>
  readonly globals: Globals
  readonly output: Output
}

export interface Command<Name extends string = string, Specs extends OptionSpecs = OptionSpecs> {
  /** More than the one line of the table; shown by the command's own help. */
  readonly about?: string
  /** What must be given, in this order, and what it is. */
  readonly args: Readonly<Record<Name, string>>
  /** What may be given after that, in this order. */
  readonly more?: Readonly<Record<string, string>>
  readonly options: Specs
  readonly examples: readonly string[]
  /** Answers an exit code where 0 would not say it. */
  run(input: Input<Name, Specs>): Promise<number | undefined>
}

/** A command, checked by its types. */
export function defineCommand<const Name extends string, const Specs extends OptionSpecs>(
  command: Command<Name, Specs>,
): Command<Name, Specs> {
  return command
}
