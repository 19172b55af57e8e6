import { after, before, beforeEach } from 'node:test'
import { openTwoTenants, type TwoTenants } from '../../src/testing/index.ts'
import { aggregateTests } from './dialect/aggregates.ts'
import { embedTests } from './dialect/embeds.ts'
import { formTests } from './dialect/forms.ts'
import { nameTests } from './dialect/names.ts'
import { operatorTests } from './dialect/operators.ts'
import { type Ask, askAs, type Dialect, fill, shop } from './dialect/world.ts'
import { writeTests } from './dialect/writes.ts'

let opened: TwoTenants
let current: Ask
let tenants = 0

before(async () => {
  opened = await openTwoTenants({ modules: [shop] })
})
after(() => opened.close())

/** Each test has a tenant of its own, beside others with the same rows. */
beforeEach(async () => {
  current = askAs(() => opened, `tenant-${++tenants}`)
  await fill(current)
})

const dialect: Dialect = { ask: (line, asked) => current(line, asked), world: () => opened }
operatorTests(dialect)
aggregateTests(dialect)
nameTests(dialect)
embedTests(dialect)
writeTests(dialect)
formTests(dialect)
