import type { EntityField } from '../core/module-set.ts'

const comparisons = ['eq', 'neq', 'gt', 'gte', 'lt', 'lte', 'isdistinct']
const patterns = ['like', 'ilike', 'match', 'imatch']
const searches = ['fts', 'plfts', 'phfts', 'wfts']
const sets = ['cs', 'cd', 'ov']
const ranges = [...sets, 'sl', 'sr', 'nxr', 'nxl', 'adj']

/** What a filter on a field may be, in the grammar's words. */
export function describeFilter(field: EntityField): string {
  const operators = [...operatorsOf(field), 'is'].map(code).join(', ')
  return `Filter: \`operator.value\`, or \`not.operator.value\`. Operators: ${operators}.${listsOf(field)}${searchOf(field)}`
}

/** Those that mean something for the values of the field. */
function operatorsOf({ spec }: EntityField): readonly string[] {
  if (spec.array) return [...sets, ...comparisons]
  switch (spec.type) {
    case 'searchText':
      return searches
    case 'text':
    case 'oneOf':
      return [...comparisons, ...patterns, ...searches, 'in']
    case 'json':
      return ['cs', 'cd', 'eq', 'neq', 'isdistinct', ...searches]
    case 'range':
      return [...ranges, 'eq', 'neq', 'isdistinct']
    default:
      return [...comparisons, 'in']
  }
}

/** Lists of values to compare with, where there are any. */
function listsOf(field: EntityField): string {
  const operators = operatorsOf(field)
  if (!operators.includes('in')) return ''
  const like = operators.includes('like') ? ' `like(all).{*a*,*b*}`' : ' `gt(all).{a,b}`'
  return ` Lists: \`in.(a,b)\`, \`eq(any).{a,b}\`,${like}.`
}

function searchOf(field: EntityField): string {
  return operatorsOf(field).includes('fts') ? ' A search may name its language: `wfts(english).words to find`.' : ''
}

function code(operator: string): string {
  return `\`${operator}\``
}
