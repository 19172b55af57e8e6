import assert from 'node:assert/strict'
import { test } from 'node:test'
import { entity, type Row } from '../../src/core/entity.ts'
import { bigint, decimal, integer, reference, text } from '../../src/core/field.ts'
import { related } from '../../src/core/query.ts'
import type { TenantData } from '../../src/core/tenant-data.ts'

// This file is checked by the compiler: what must not compile stands under @ts-expect-error.

const owners = entity('owners', { email: text({ max: 100 }), level: integer() })
const pets = entity('pets', {
  name: text(),
  chip: bigint().optional(),
  weight: decimal(6, 3),
  owner_id: reference(() => owners).optional(),
})
const visits = entity('visits', { pet_id: reference(() => pets), fee: decimal(6, 2) })

async function reads(tenant: TenantData) {
  const [all] = await tenant.list(pets)
  all satisfies Row<typeof pets> | undefined

  const [some] = await tenant.list(pets, { select: ['id', 'chip', { owner: ['email'] }] })
  some satisfies { id: string; chip: bigint | null; owner: { email: string } | null } | undefined
  // @ts-expect-error it was not selected
  some?.name
  // @ts-expect-error nor was this of the owner
  some?.owner?.level
  // @ts-expect-error the owner may be missing
  some?.owner.email

  const [deep] = await tenant.list(owners, {
    select: ['*', { pets: related(pets, { select: ['weight', { visits: related(visits, { select: ['fee'] }) }] }) }],
  })
  deep?.pets[0]?.visits[0]?.fee satisfies string | undefined
  deep?.level satisfies number | undefined
  // @ts-expect-error a decimal is a text
  deep?.pets[0]?.weight satisfies number | undefined

  const visit = await tenant.get(visits, 'x', { select: [{ pet: ['name', { owner: ['email'] }] }] })
  visit.pet?.owner?.email satisfies string | undefined

  const { rows, next } = await tenant.page(pets, { limit: 5, select: ['name'] })
  next satisfies string | null
  rows[0] satisfies { name: string } | undefined
}

function wrong(tenant: TenantData) {
  return [
    // @ts-expect-error no such field
    () => tenant.list(pets, { select: ['nick'] }),
    // @ts-expect-error no such field of the owner
    () => tenant.list(pets, { select: [{ owner: ['nick'] }] }),
    // @ts-expect-error no such relation
    () => tenant.list(pets, { select: [{ vet: ['name'] }] }),
    // @ts-expect-error no such field of a related row
    () => tenant.list(owners, { select: [{ pets: related(pets, { select: ['nick'] }) }] }),
    // @ts-expect-error no such field to filter by
    () => tenant.list(pets, { where: { nick: 'x' } }),
    // @ts-expect-error no such field in one of two
    () => tenant.list(pets, { where: { or: [{ name: 'x' }, { nick: 'x' }] } }),
    // @ts-expect-error no such operator
    () => tenant.list(pets, { where: { name: { near: 'x' } } }),
    // @ts-expect-error a number is not exact enough
    () => tenant.list(pets, { where: { chip: { gt: 1 } } }),
    // @ts-expect-error the owner has no such field
    () => tenant.list(pets, { where: { owner: { nick: 'x' } } }),
    // @ts-expect-error a condition that was forgotten
    () => tenant.list(pets, { where: { name: undefined } }),
    // @ts-expect-error no such field to order by
    () => tenant.list(pets, { order: { nick: 'asc' } }),
    // @ts-expect-error no such direction
    () => tenant.list(pets, { order: { name: 'up' } }),
    // @ts-expect-error the rows have to be named
    () => tenant.updateMany(pets, {}, { name: 'x' }),
    // @ts-expect-error by one of both
    () => tenant.purgeMany(pets, { where: {}, keys: [] }),
    // @ts-expect-error no such field to change
    () => tenant.updateMany(pets, { where: {} }, { nick: 'x' }),
    // @ts-expect-error nobody names the tenant
    () => tenant.updateMany(pets, { where: {} }, { tenant_id: 'x' }),
    // @ts-expect-error not an entity
    () => tenant.list('pets'),
    // @ts-expect-error no such field to meet by
    () => tenant.upsert(pets, [{ name: 'x', weight: '1' }], { on: ['nick'] }),
  ]
}

test('rows are typed by what was selected, and what does not exist does not compile', () => {
  assert.equal(typeof reads, typeof wrong)
})
