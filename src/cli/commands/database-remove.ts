import { actorFor } from '../../app/actor-of-process.ts'
import { defineCommand } from '../command.ts'
import { withFleet } from '../with-migrations.ts'

export const databaseRemove = defineCommand({
  about: 'It stays on the server as it is, and is no longer migrated.',
  args: { name: 'Its name on the server' },
  options: {},
  examples: ['database remove crm_acme'],
  async run(input) {
    const { name } = input.args
    await withFleet(input, fleet => fleet.remove(name, actorFor('command')))
    input.output.show({ name }, `The database ${name} is no longer in the fleet`)
    return undefined
  },
})
