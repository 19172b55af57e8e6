// F7.4: what a confirmation that is refused leaves.
import assert from 'node:assert/strict'
import { mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createUpgrades } from '../../src/app/upgrades.ts'
import { createArchive } from '../../src/archive/export.ts'
import type { CatalogEntry } from '../../src/core/catalog.ts'
import { entity } from '../../src/core/entity.ts'
import { TenantryError } from '../../src/core/errors.ts'
import { noFeatures, noTraits } from '../../src/core/features.ts'
import { text } from '../../src/core/field.ts'
import { createModuleSet } from '../../src/core/module-set.ts'
import { sharedPlacement } from '../../src/core/placement.ts'
import type { UpgradeRecord, UpgradeStore } from '../../src/core/upgrade-plan.ts'

const people = (version: string) => ({ name: 'people', version, entities: [entity('people', { title: text() })] })
const modules = createModuleSet([people('1.0.0'), { ...people('2.0.0'), upgrade: { from: 1 } }])
const parent = await mkdtemp(join(tmpdir(), 'tenantry-confirm-'))
after(() => rm(parent, { recursive: true, force: true }))

function entryOf(key: string): CatalogEntry {
  const subscriptions = ['people@2'] as const
  const createdAt = '2026-01-01T00:00:00Z'
  const tenant = {
    key,
    name: key,
    state: 'active' as const,
    placement: sharedPlacement,
    subscriptions,
    ...noTraits,
    createdAt,
  }
  return { tenant, exposure: modules.expose(subscriptions), features: noFeatures }
}

/** Upgrades whose confirmations all fail so, whatever else `meanwhile` does; and where their archives are. */
async function refused(error: Error, meanwhile: (folder: string) => Promise<void> = async () => {}) {
  const folder = await mkdtemp(join(parent, 'archives-'))
  const recordOf = (tenant: string): UpgradeRecord => ({
    id: 1,
    tenant,
    pairs: [{ from: 'people@1', to: 'people@2' }],
    state: 'upgraded',
    rows: {},
    upgradedAt: '2026-01-01T00:00:00Z',
    endedAt: null,
  })
  const unused = () => assert.fail('nobody asks for this')
  const store: UpgradeStore = {
    list: async ({ tenant = '' }) => [recordOf(tenant)],
    async confirm() {
      await meanwhile(folder)
      throw error
    },
    upgrade: unused,
    rollback: unused,
    thaw: unused,
    forget: unused,
  }
  const archive = createArchive({
    rows: {
      async snapshot(tenant, entities, onRow) {
        const [first] = entities
        if (first) await onRow(first, JSON.stringify({ id: '1', title: `of ${tenant}` }))
      },
    },
  })
  const catalog = { refresh: async () => {}, find: entryOf }
  return { folder, upgrades: createUpgrades({ catalog, modules, store, archives: { archive, folder } }) }
}

const conflict = new TenantryError('conflict', 'Rows that stay name them')

test('of rows that stay no archive is left, and those of others stay', async () => {
  const { folder, upgrades } = await refused(conflict, async folder => {
    const [made] = await readdir(folder)
    if (made?.startsWith('globex-')) await rename(join(folder, made), join(folder, 'globex-kept'))
  })
  for (const tenant of ['globex', 'acme'])
    await assert.rejects(upgrades.confirmUpgrade(tenant, 'people@2'), error => error === conflict)
  assert.deepEqual(await readdir(folder), ['globex-kept'])
})

test('what refused it is told, also where the archive is not to be removed', async () => {
  const { folder, upgrades } = await refused(conflict, folder => rm(folder, { recursive: true }))
  for (const tenant of ['acme', 'globex'])
    await assert.rejects(upgrades.confirmUpgrade(tenant, 'people@2'), error => error === conflict)
  assert.deepEqual(await readdir(folder), [])
})

test('an archive of rows that may be gone all the same is kept', async () => {
  const unknown = new TenantryError('unavailable', 'The connection was lost')
  const { folder, upgrades } = await refused(unknown)
  for (const tenant of ['acme', 'globex'])
    await assert.rejects(upgrades.confirmUpgrade(tenant, 'people@2'), error => error === unknown)
  const kept = (await readdir(folder)).map(name => name.replace(/-.*/, ''))
  assert.deepEqual(kept.sort(), ['acme', 'globex'])
})
