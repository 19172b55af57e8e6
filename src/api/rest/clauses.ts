import type { Selection } from '../../core/plan.ts'
import { afterParameter } from './cursor.ts'
import { parseFilter, parseLogic } from './grammar/filter.ts'
import { parseNames, parseTreePath } from './grammar/names.ts'
import { parseOrder } from './grammar/order.ts'
import { parseSelect } from './grammar/select.ts'
import { createCounter, type RestLimits } from './limits.ts'
import type { SlottedParameter } from './query-string.ts'
import type { Scoped } from './query-tree.ts'
import { parseRowNumber } from './range.ts'

/** A query string, read. */
export interface Clauses {
  readonly select: readonly Selection[]
  readonly columns?: readonly string[]
  readonly onConflict?: readonly string[]
  /** The token of the page before. */
  readonly after?: string
  /** Filters, orders and pages, each with the embed that it is for. */
  readonly scoped: readonly Scoped[]
}

export function parseClauses(parameters: readonly SlottedParameter[], limits: RestLimits): Clauses {
  const find = (name: string) => parameters.find(({ key }) => key === name)?.value
  const columns = find('columns')
  const after = find(afterParameter)
  const onConflict = find('on_conflict')
  const count = createCounter(limits.filters, 'filters')
  return {
    select: parseSelect(find('select') ?? '*', limits.depth),
    ...(columns !== undefined && { columns: parseNames(columns, 'columns') }),
    ...(onConflict !== undefined && { onConflict: parseNames(onConflict, 'on_conflict') }),
    ...(after !== undefined && { after }),
    scoped: parameters
      .filter(({ key }) => !wholeRequest.includes(key))
      .map(parameter => parseScoped(parameter, count, limits.depth)),
  }
}

const wholeRequest = ['select', 'columns', 'on_conflict', afterParameter]

/** The last word of a key says what it is; every key without a word of ours is a filter on a field. */
function parseScoped(parameter: SlottedParameter, count: () => void, depth: number): Scoped {
  const { key, value } = parameter
  switch (key.split('.').at(-1)) {
    case 'and':
    case 'or':
      return where(parseLogic(parameter, count, depth))
    case 'order':
      return { embeds: parseTreePath(key).embeds, clause: { kind: 'order', order: parseOrder(value) } }
    case 'limit':
      return page(key, 'limit', value)
    case 'offset':
      return page(key, 'offset', value)
    default:
      count()
      return where(parseFilter(parameter))
  }
}

function where({ embeds, condition }: ReturnType<typeof parseFilter>): Scoped {
  return { embeds, clause: { kind: 'where', condition } }
}

function page(key: string, name: 'limit' | 'offset', value: string): Scoped {
  const page = { [name]: parseRowNumber(value) ?? null }
  return { embeds: parseTreePath(key).embeds, clause: { kind: 'page', page } }
}
