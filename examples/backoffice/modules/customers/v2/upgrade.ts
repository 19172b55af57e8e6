import { type UpgradeDefinition, upgradeRows } from 'tenantry'
import { customers as older } from '../v1/customer.ts'
import { customers } from './customer.ts'
import { namesOf, titleOf } from './names.ts'

/** How a tenant's customers come from version 1, and how those written since go back to it. */
export const upgrade: UpgradeDefinition = {
  from: 1,
  up: [upgradeRows(older, customers, ({ title, ...rest }) => ({ ...rest, ...namesOf(title) }))],
  // Two names may be longer than a title was allowed to be.
  down: [upgradeRows(customers, older, row => ({ ...row, title: titleOf(row).slice(0, 200) }))],
}
