import { parseRest } from '../src/api/rest/parse.ts'
import type { ModuleSet } from '../src/core/module-set.ts'
import type { Plan } from '../src/core/plan.ts'

/** One kind of request, as HTTP sends it. `body` is made anew for each request where rows must differ. */
export interface BenchCase {
  readonly name: string
  readonly method: 'GET' | 'POST'
  readonly module: string
  readonly entity: string
  readonly query: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export const cases: readonly BenchCase[] = [
  { name: 'point read', method: 'GET', module: 'customers@1', entity: 'customers', query: 'id=eq.{id}', headers: {} },
  {
    name: 'list of 20',
    method: 'GET',
    module: 'customers@1',
    entity: 'customers',
    query: 'order=id&limit=20',
    headers: {},
  },
  {
    name: 'nested 20x5',
    method: 'GET',
    module: 'invoices@1',
    entity: 'invoices',
    query: 'select=*,line_items(*)&line_items.limit=5&order=id&limit=20',
    headers: {},
  },
  // No two callers ask for the same, as those of the lists above do.
  {
    name: 'page of 20',
    method: 'GET',
    module: 'customers@1',
    entity: 'customers',
    query: 'id=gt.{id}&order=id&limit=20',
    headers: {},
  },
  {
    name: 'nested page 20x5',
    method: 'GET',
    module: 'invoices@1',
    entity: 'invoices',
    query: 'select=*,line_items(*)&line_items.limit=5&id=gt.{id}&order=id&limit=20',
    headers: {},
  },
  {
    name: 'insert',
    method: 'POST',
    module: 'customers@1',
    entity: 'customers',
    query: '',
    headers: { 'content-type': 'application/json', prefer: 'return=minimal' },
    body: '{"title":"Bench","status":"lead","credit":12.5}',
  },
]

/** The plan that the same request becomes, for running it without HTTP. */
export function planOf(bench: BenchCase, modules: ModuleSet, id: string): Plan {
  const entity = modules.get(bench.module).entities.find(({ name }) => name === bench.entity)
  if (!entity) throw new Error(`There is no entity ${bench.entity}`)
  const query = bench.query.replace('{id}', id)
  return parseRest({ method: bench.method, entity, query, headers: bench.headers, body: bench.body, locationBase: '/' })
    .plan
}
