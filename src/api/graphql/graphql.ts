import {
  type DocumentNode,
  type FragmentDefinitionNode,
  GraphQLError,
  getVariableValues,
  Kind,
  NoSchemaIntrospectionCustomRule,
  type OperationDefinitionNode,
  parse,
  specifiedRules,
  validate,
} from 'graphql'
import { TenantryError } from '../../core/errors.ts'
import type { Entity, Module } from '../../core/module-set.ts'
import type { RestLimits } from '../rest/limits.ts'
import { type AccessClass, accessClassOf, type Caller, rolesKey } from './access-class.ts'
import { compileOperation } from './compile.ts'

import { IntrospectionBudget } from './introspection-budget.ts'
import {
  type GraphqlLimits,
  mostDocuments,
  mostDocumentText,
  mostIntrospected,
  mostIntrospectedText,
  mostPrepared,
  mostSchemaParts,
  mostSchemas,
  overLimit,
} from './limits.ts'

import { checkBrackets, checkNestingOf, measureDocument } from './measure.ts'
import { createNames } from './names.ts'
import type { PreparedOperation } from './prepared.ts'
import { entryOf, GraphqlRefusal, refusedBy } from './refusal.ts'
import { Remembered } from './remembered.ts'
import { type GraphqlRequest, type RequestSource, unknownDocument } from './request.ts'
import { buildSchema, type CallerSchema } from './schema.ts'
import { compileSubscription, type PreparedSubscription } from './subscription.ts'

export interface GraphqlOptions {
  /** All of the product, whose names are decided together. */
  readonly modules: readonly Module[]
  readonly limits: GraphqlLimits
  limitsOf(entity: Entity): RestLimits
  /** Callers may ask for the schema. */
  readonly introspection: boolean
  /** Documents by their ids. `only`: no others are run. */
  readonly documents: ReadonlyMap<string, string>
  readonly only: boolean
  /** Milliseconds from any moment on. */
  now(): number
}

/** A schema that is kept for all callers who see the same. */
export interface KeptSchema extends CallerSchema {
  readonly id: string
  /** There is nothing in it that the caller may do. */
  readonly empty: boolean
}

interface KnownDocument {
  readonly operations: readonly OperationDefinitionNode[]
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>
}

/**
 * Documents to plans. Schemas are made once for each set of module versions and class of callers, and never for a tenant or a
 * token; documents are parsed and validated once for each schema. All of it is bounded. Pure but for what it remembers.
 */
export class Graphql {
  readonly #options: GraphqlOptions
  readonly #namesIn: ReturnType<typeof createNames>
  readonly #classes = new Remembered<AccessClass>(mostSchemas * 10)
  readonly #schemas = new Remembered<KeptSchema>(mostSchemas, mostSchemaParts)
  readonly #documents = new Remembered<KnownDocument>(mostDocuments, mostDocumentText)
  readonly #prepared = new Remembered<PreparedOperation>(mostPrepared)
  /** The same for those that tell much of a schema, so that they push out no others. */
  readonly #introspected = new Remembered<PreparedOperation>(mostIntrospected, mostIntrospectedText)
  readonly #budget: IntrospectionBudget
  #count = 0

  constructor(options: GraphqlOptions) {
    this.#options = options
    this.#namesIn = createNames(options.modules)
    this.#budget = new IntrospectionBudget(options.now)
  }

  get limits(): GraphqlLimits {
    return this.#options.limits
  }

  /** How many schemas are kept, and how many were made. */
  get schemas(): { readonly kept: number; readonly made: number } {
    return { kept: this.#schemas.count, made: this.#count }
  }

  /** `module`: of it alone; null: of all that the caller's tenant has. */
  schemaFor(caller: Caller, module: Module | null): KeptSchema {
    const { exposure } = caller
    const roles = `${exposure.id}\n${rolesKey(caller)}`
    let access = this.#classes.get(roles)
    if (!access) {
      access = accessClassOf(caller)
      this.#classes.set(roles, access)
    }
    const key = `${exposure.id}\n${module?.id ?? ''}\n${access.id}`
    let schema = this.#schemas.get(key)
    if (!schema) {
      const built = buildSchema(this.#namesIn(exposure), access, exposure, module)
      schema = { ...built, id: `${++this.#count}`, empty: built.query.size + built.mutation.size === 0 }
      this.#schemas.set(key, schema, 1 + access.reads.size + access.calls.size)
    }
    return schema
  }

  /**
   * The operation that a request asks for. Throws `GraphqlRefusal` for a document or variables that are not to be run, and
   * `TenantryError` for what is no request at all. `reading`: it must not change anything.
   */
  prepare(schema: KeptSchema, source: RequestSource): PreparedOperation {
    const prepared = this.prepareAny(schema, source)
    if (prepared.kind !== 'subscription') return prepared
    throw new TenantryError('invalid', 'A subscription is answered over WebSocket, or as text/event-stream', {
      reason: 'graphql_subscription',
      hint: 'Send Accept: text/event-stream',
    })
  }

  /** The same, where answers may come one after the other. */
  prepareAny(schema: KeptSchema, source: RequestSource): PreparedOperation | PreparedSubscription {
    const key = `${schema.id}\n${source.reading ? 'GET' : ''}\n${source.text}`
    const known = this.#prepared.get(key) ?? this.#introspected.get(key)
    if (known) return known
    const prepared = this.#prepare(schema, source)
    // A write is rarely asked for twice alike.
    if (prepared.kind !== 'query' || key.length > 4_000) return prepared
    const told = prepared.fields.reduce((sum, field) => sum + (field.kind === 'constant' ? field.json.length : 0), 0)
    if (told > 1_000) this.#introspected.set(key, prepared, told)
    else this.#prepared.set(key, prepared)
    return prepared
  }

  #prepare(schema: KeptSchema, source: RequestSource): PreparedOperation | PreparedSubscription {
    const request = source.parse()
    try {
      const { operations, fragments } = this.#document(schema, this.#textOf(request))
      const operation = chooseOperation(operations, request.operationName)
      if (source.reading && operation.operation === 'mutation') throw new ReadingOnly()
      checkNestingOf(request.variables)
      const given = request.variables
      const { coerced, errors } = getVariableValues(schema.schema, operation.variableDefinitions ?? [], given, {
        maxErrors: 10,
        hideSuggestions: !this.#options.introspection,
      })
      if (!coerced) throw refusedBy(errors ?? [], 'graphql_variables')
      const { limits, limitsOf } = this.#options
      const introspect = (work: () => string) => this.#budget.spend(work)
      const reading = { fragments, variables: coerced, given, limits, limitsOf, introspect }
      if (operation.operation === 'subscription') return compileSubscription(operation, schema, reading)
      return compileOperation(operation, schema, reading)
    } catch (error) {
      throw refusal(error)
    }
  }

  #textOf({ query, documentId }: GraphqlRequest): string {
    const { documents, only } = this.#options
    if (documentId !== undefined) {
      const text = documents.get(documentId)
      if (text !== undefined) return text
      throw unknownDocument()
    }
    if (!only && query !== undefined) return query
    throw new TenantryError('forbidden', 'Only documents that the product knows are run here', {
      reason: 'graphql_documents',
      hint: 'Send its id as "documentId"',
    })
  }

  #document(schema: KeptSchema, text: string): KnownDocument {
    const key = `${schema.id}\n${text}`
    const known = this.#documents.get(key)
    if (known) return known
    const document = this.#parse(text)
    measureDocument(document, this.#options.limits)
    const { introspection } = this.#options
    const rules = introspection ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule]
    const errors = validate(schema.schema, document, rules, { maxErrors: 10, hideSuggestions: !introspection })
    if (errors.length > 0) throw refusedBy(errors, 'graphql_validation')
    const kept = {
      operations: document.definitions.filter(node => node.kind === Kind.OPERATION_DEFINITION),
      fragments: new Map(
        document.definitions.flatMap(node => (node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node]] : [])),
      ),
    }
    this.#documents.set(key, kept, key.length)
    return kept
  }

  #parse(text: string): DocumentNode {
    const { bytes, tokens } = this.#options.limits
    if (text.length > bytes) throw overLimit(`The document is longer than ${bytes} bytes`, 'Send several requests')
    checkBrackets(text)
    try {
      return parse(text, { maxTokens: tokens })
    } catch (error) {
      if (error instanceof GraphQLError) throw refusedBy([error], 'graphql_parse')
      throw error
    }
  }
}

function chooseOperation(
  operations: readonly OperationDefinitionNode[],
  name: string | undefined,
): OperationDefinitionNode {
  const found = name === undefined ? operations : operations.filter(operation => operation.name?.value === name)
  const [only, ...others] = found
  if (only && others.length === 0) return only
  throw new TenantryError(
    'invalid',
    only ? 'The document has several operations' : 'The document has no such operation',
    { reason: 'graphql_operation', hint: 'Name one of its operations with "operationName"' },
  )
}

class ReadingOnly extends TenantryError {
  constructor() {
    super('invalid', 'A GET only reads', { reason: 'graphql_method', hint: 'Send mutations with POST' })
  }
}

function refusal(error: unknown): unknown {
  if (error instanceof GraphqlRefusal || error instanceof ReadingOnly) return error
  if (error instanceof TenantryError && (error.code === 'limited' || error.code === 'internal')) return error
  if (error instanceof GraphQLError) return refusedBy([error], 'graphql_validation')
  return error instanceof TenantryError ? new GraphqlRefusal([entryOf(error)]) : error
}
