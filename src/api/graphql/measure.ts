import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql'
import { type GraphqlLimits, mostDefinitions, mostIntrospection, mostNesting, mostPairs, overLimit } from './limits.ts'

/**
 * Refuses what would take long to validate: fragments that are spread again and again, names that are selected again and again,
 * deep nesting. Looks at no more nodes than the limits allow, whatever the document says. Fragments in a circle come to an end at
 * some limit, too.
 */
export function measureDocument(document: DocumentNode, limits: GraphqlLimits): void {
  if (document.definitions.length > mostDefinitions) {
    throw overLimit(`The document has more than ${mostDefinitions} definitions`, 'Send several requests')
  }
  new Measure(document, limits).run(document)
}

class Measure {
  readonly #limits: GraphqlLimits
  readonly #fragments = new Map<string, FragmentDefinitionNode>()
  #fields = 0
  /** Of all definitions, each looked into by itself. */
  #allFields = 0
  #pairs = 0
  #directives = 0
  #introspection = 0

  constructor({ definitions }: DocumentNode, limits: GraphqlLimits) {
    this.#limits = limits
    for (const node of definitions)
      if (node.kind === Kind.FRAGMENT_DEFINITION) this.#fragments.set(node.name.value, node)
  }

  run({ definitions }: DocumentNode): void {
    for (const node of definitions) {
      if (node.kind !== Kind.OPERATION_DEFINITION && node.kind !== Kind.FRAGMENT_DEFINITION) continue
      this.#fields = 0
      this.#countDirectives(node.directives)
      for (const { directives, defaultValue } of node.variableDefinitions ?? []) {
        this.#countDirectives(directives)
        if (defaultValue) checkNesting(defaultValue)
      }
      const roots = this.#level([node.selectionSet], 1)
      const { rootFields } = this.#limits
      if (node.kind === Kind.OPERATION_DEFINITION && roots > rootFields) {
        throw overLimit(
          `The operation has more than ${rootFields} fields at its root`,
          'Aliases count, too; send several requests',
        )
      }
    }
  }

  /** Answers how many names the level has. Fields under the same name are one level together, as they will be merged. */
  #level(sets: readonly SelectionSetNode[], nesting: number, introspects = false): number {
    if (nesting > mostNesting) throw tooDeep()
    const groups = new Map<string, FieldNode[]>()
    const visited = new Set<string>()
    for (const set of sets) this.#collect(set, groups, visited, nesting)
    for (const fields of groups.values()) {
      this.#pairs += (fields.length * (fields.length - 1)) / 2
      if (this.#pairs > mostPairs) {
        throw overLimit('The same names are selected too often', 'Select each name once, or give aliases')
      }
      const name = fields[0]?.name.value ?? ''
      if (introspects && schemaLists.has(name)) this.#countIntrospection()
      const inner = fields.flatMap(({ selectionSet }) => selectionSet ?? [])
      if (inner.length > 0) this.#level(inner, nesting + 1, introspects || name === '__schema' || name === '__type')
    }
    return groups.size
  }

  #collect(
    { selections }: SelectionSetNode,
    groups: Map<string, FieldNode[]>,
    visited: Set<string>,
    nesting: number,
  ): void {
    if (nesting > mostNesting) throw tooDeep()
    for (const node of selections) {
      this.#countDirectives(node.directives)
      this.#countField()
      if (node.kind === Kind.FIELD) {
        for (const { value } of node.arguments ?? []) checkNesting(value)
        const name = node.alias?.value ?? node.name.value
        const known = groups.get(name)
        if (known) known.push(node)
        else groups.set(name, [node])
      } else if (node.kind === Kind.INLINE_FRAGMENT) {
        this.#collect(node.selectionSet, groups, visited, nesting + 1)
      } else if (!visited.has(node.name.value)) {
        visited.add(node.name.value)
        const fragment = this.#fragments.get(node.name.value)
        // What is not there validation will tell.
        if (fragment) this.#collect(fragment.selectionSet, groups, visited, nesting + 1)
      }
    }
  }

  #countField(): void {
    const { fields } = this.#limits
    if (++this.#fields > fields || ++this.#allFields > 4 * fields) {
      throw overLimit(
        `The document selects more than ${fields} fields`,
        'Fragments count as often as they are used; send several requests',
      )
    }
  }

  #countIntrospection(): void {
    if (++this.#introspection <= mostIntrospection) return
    throw overLimit('The document asks for the schema again and again', 'Ask for each part of it once')
  }

  #countDirectives(directives: readonly unknown[] = []): void {
    this.#directives += directives.length
    if (this.#directives > this.#limits.directives) {
      throw overLimit(`The document has more than ${this.#limits.directives} directives`, 'Send several requests')
    }
  }
}

/** What GraphQL tells of types, as lists. */
const schemaLists: ReadonlySet<string> = new Set([
  ...['types', 'directives', 'fields', 'args', 'inputFields', 'enumValues', 'interfaces', 'possibleTypes'],
])

function tooDeep(): Error {
  return overLimit(`The document is nested deeper than ${mostNesting} levels`, 'Ask in several requests')
}

/** Texts and comments, in which brackets mean nothing. */
const meaningless = /"""(?:\\"""|[\s\S])*?(?:"""|$)|"(?:\\.|[^"\\\n])*"?|#[^\n]*/g

/** The parser goes down by a call for each level, so it is not given what is nested deep. */
export function checkBrackets(text: string): void {
  let nesting = 0
  for (const bracket of text.replace(meaningless, '').match(/[{}[\]()]/g) ?? []) {
    nesting += '{[('.includes(bracket) ? 1 : -1
    if (nesting > 3 * mostNesting) throw tooDeep()
  }
}

/** With a list of its own and not by recursion, since a value may be nested as deep as the document is long. */
function checkNesting(value: ValueNode): void {
  let level: readonly ValueNode[] = [value]
  for (let nesting = 0; level.length > 0; nesting++) {
    if (nesting > mostNesting) throw tooDeep()
    level = level.flatMap(node => {
      if (node.kind === Kind.LIST) return node.values
      return node.kind === Kind.OBJECT ? node.fields.map(({ value }) => value) : []
    })
  }
}

/** The same for the value of a variable. */
export function checkNestingOf(value: unknown): void {
  let level: object[] = isObject(value) ? [value] : []
  for (let nesting = 0; level.length > 0; nesting++) {
    if (nesting > mostNesting) throw tooDeep()
    level = level.flatMap(item => Object.values(item).filter(isObject))
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
