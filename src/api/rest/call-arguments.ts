import { TenantryError } from '../../core/errors.ts'
import type { Action } from '../../core/module-set.ts'
import { quantifiableOperators, scalarOperators, searchOperators } from '../../core/plan.ts'
import { type Body, parseArguments } from './payload.ts'
import type { Parameter } from './query-string.ts'

/** Arguments as JSON text of one object. */
export interface Arguments {
  readonly given: readonly string[]
  readonly text: string
}

/**
 * Parameters of a query string by what they are for. As in PostgREST everything whose value does not begin with an operator
 * is an argument, and everything else a filter of the rows.
 */
export function splitQuery(parameters: readonly Parameter[]): { filters: Parameter[]; values: Parameter[] } {
  const filters: Parameter[] = []
  const values: Parameter[] = []
  for (const parameter of parameters) (isFilter(parameter) ? filters : values).push(parameter)
  return { filters, values }
}

const words: ReadonlySet<string> = new Set([
  'select',
  'columns',
  'on_conflict',
  'and',
  'or',
  'order',
  'limit',
  'offset',
])

const operation = new RegExp(
  `^(?:not\\.)?(?:(?:${scalarOperators.join('|')}|in|is)|(?:${quantifiableOperators.join('|')})\\((?:any|all)\\)|(?:${searchOperators.join('|')})(?:\\([\\p{L}\\p{N}_]+\\))?)\\.`,
  'u',
)

function isFilter({ key, value }: Parameter): boolean {
  return words.has(key.split('.').at(-1) ?? '') || operation.test(value)
}

/** Values of a query string are texts, which the database reads as it reads those of JSON. Of a name given twice the last counts. */
export function argumentsOfQuery({ input }: Action, values: readonly Parameter[]): Arguments {
  const byName = new Map(values.map(({ key, value }) => [key, value]))
  const members = [...byName].map(([name, value]) => {
    const spec = input.fields.get(name)?.spec
    const json = spec?.type === 'json' && !spec.array
    return `${JSON.stringify(name)}:${json ? checkJson(name, value) : JSON.stringify(value)}`
  })
  return { given: [...byName.keys()], text: `{${members.join(',')}}` }
}

/** Text that is JSON already. */
function checkJson(name: string, value: string): string {
  try {
    JSON.parse(value)
    return value
  } catch {
    throw new TenantryError('invalid', 'invalid input syntax for type json', {
      reason: '22P02',
      hint: `Give "${name}" as JSON`,
    })
  }
}

/** The object of a body; nothing at all is an object without members. `columns` chooses among them. */
export function argumentsOfBody(body: Body, columns: readonly string[] | undefined): Arguments {
  const { fields, text } = parseArguments(body)
  return { given: columns ?? fields, text }
}
