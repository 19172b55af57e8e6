import { printSchema } from 'graphql'
import type { Module } from '../../core/module-set.ts'
import { accessClassOf, type Caller } from './access-class.ts'
import { createNames } from './names.ts'
import { buildSchema } from './schema.ts'

/** The schema that a caller finds, in GraphQL's own language. `modules`: all of the product; `module`: of it alone, or null. */
export function schemaTextOf(modules: readonly Module[], caller: Caller, module: Module | null): string {
  const { exposure } = caller
  return printSchema(buildSchema(createNames(modules)(exposure), accessClassOf(caller), exposure, module).schema)
}
