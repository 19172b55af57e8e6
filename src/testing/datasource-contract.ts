import { after, before, describe } from 'node:test'
import { callTests } from './contract/calls.ts'
import { embedTests } from './contract/embeds.ts'
import { readTests } from './contract/reads.ts'
import { ruleTests } from './contract/rules.ts'
import { transactionTests } from './contract/transactions.ts'
import { type DatasourceFactory, World } from './contract/world.ts'
import { writeTests } from './contract/writes.ts'

export type { DatasourceFactory, OpenDatasource } from './contract/world.ts'

/**
 * Registers the tests that every datasource must pass. `open` is called once; what it opens is closed afterwards. Each
 * test takes tenants of its own, so that a test that fails leaves the others alone.
 */
export function datasourceContract(name: string, open: DatasourceFactory): void {
  describe(name, () => {
    const world = new World()
    before(() => world.open(open))
    after(() => world.close())
    readTests(world)
    embedTests(world)
    writeTests(world)
    ruleTests(world)
    transactionTests(world)
    callTests(world)
  })
}
