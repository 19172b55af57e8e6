import type { Tenant } from '../core/catalog.ts'
import type { Placement } from '../core/placement.ts'
import { facts, table } from './output.ts'

/** What a person wants to know of a tenant. `more` comes last. */
export function tenantFacts(tenant: Tenant, more: readonly (readonly [string, string])[] = []): string {
  const { key, name, state, subscriptions, placement, createdAt, edition, cohort, flags } = tenant
  return facts([
    ['key', key],
    ['name', name],
    ['state', state],
    ['subscriptions', listed(subscriptions)],
    ...(edition === null ? [] : [['edition', edition] as const]),
    ...(cohort === null ? [] : [['cohort', cohort] as const]),
    ...(flags.length === 0 ? [] : [['flags', listed(flags)] as const]),
    ['placement', placementText(placement)],
    ['created', createdAt],
    ...more,
  ])
}

export function tenantTable(tenants: readonly Tenant[]): string {
  return table([
    ['KEY', 'NAME', 'STATE', 'SUBSCRIPTIONS', 'PLACEMENT'],
    ...tenants.map(({ key, name, state, subscriptions, placement }) => [
      key,
      name,
      state,
      listed(subscriptions),
      placementText(placement),
    ]),
  ])
}

export function listed(names: readonly string[]): string {
  return names.length === 0 ? '–' : names.join(', ')
}

function placementText({ cell, isolation, process, datasource }: Placement): string {
  return `${cell}, ${isolation}, ${process}, ${datasource}`
}
