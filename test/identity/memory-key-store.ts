import type { KeyStore, StoredKey } from '../../src/core/catalog.ts'

export function createMemoryKeyStore() {
  const rows = new Map<string, StoredKey[]>()
  const figures = { reads: 0 }
  const store: KeyStore = {
    async keys(tenant) {
      figures.reads++
      await new Promise(resolve => setImmediate(resolve))
      return [...(rows.get(tenant) ?? [])]
    },
    async addFirstKey(tenant, key) {
      await new Promise(resolve => setImmediate(resolve))
      const found = rows.get(tenant)
      if (found) return [...found]
      rows.set(tenant, [{ ...key, createdAt: '2026-01-01T00:00:00.000Z' }])
      return [...(rows.get(tenant) ?? [])]
    },
    async removeKeys(tenant) {
      rows.delete(tenant)
    },
  }
  return { store, rows, figures }
}
