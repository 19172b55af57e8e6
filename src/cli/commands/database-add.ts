import { actorFor } from '../../app/actor-of-process.ts'
import { defineCommand } from '../command.ts'
import { withFleet } from '../with-migrations.ts'

export const databaseAdd = defineCommand({
  about:
    'It must be there already, on the server of DATABASE_URL; `migrate up --fleet` makes what the product needs in it.',
  args: { name: 'Its name on the server' },
  options: {},
  examples: ['database add crm_acme'],
  async run(input) {
    const { name } = input.args
    await withFleet(input, fleet => fleet.add(name, actorFor('command')))
    input.output.show({ name }, `The database ${name} is in the fleet; run its migrations: tenantry migrate up --fleet`)
    return undefined
  },
})
