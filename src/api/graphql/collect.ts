import {
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  getDirectiveValues,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql'

export type Variables = Readonly<Record<string, unknown>>
export type Fragments = ReadonlyMap<string, FragmentDefinitionNode>

/**
 * The fields of some selection sets by the names that they answer under, in order, as the specification's CollectFields and
 * MergeSelectionSets say. There are no interfaces or unions, so a fragment of a valid document always fits its type.
 */
export function collectFields(
  sets: readonly SelectionSetNode[],
  fragments: Fragments,
  variables: Variables,
): Map<string, FieldNode[]> {
  const fields = new Map<string, FieldNode[]>()
  const visited = new Set<string>()
  const collect = ({ selections }: SelectionSetNode): void => {
    for (const node of selections) {
      if (!isIncluded(node, variables)) continue
      if (node.kind === Kind.FIELD) {
        const name = node.alias?.value ?? node.name.value
        const known = fields.get(name)
        if (known) known.push(node)
        else fields.set(name, [node])
      } else if (node.kind === Kind.INLINE_FRAGMENT) {
        collect(node.selectionSet)
      } else if (!visited.has(node.name.value)) {
        visited.add(node.name.value)
        const fragment = fragments.get(node.name.value)
        if (fragment) collect(fragment.selectionSet)
      }
    }
  }
  for (const set of sets) collect(set)
  return fields
}

function isIncluded(node: SelectionNode, variables: Variables): boolean {
  if (!node.directives || node.directives.length === 0) return true
  const skip = getDirectiveValues(GraphQLSkipDirective, node, variables)
  if (skip?.if === true) return false
  return getDirectiveValues(GraphQLIncludeDirective, node, variables)?.if !== false
}
