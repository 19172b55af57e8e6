import type { Command } from './command.ts'

/** A line of the table. Nothing of a command is loaded until it is the one that was asked for. */
export interface Entry {
  readonly group: string
  /** The words that call it, `tenant add`. */
  readonly path: string
  readonly summary: string
  readonly load: () => Promise<Command>
}

const line = (group: string, path: string, summary: string, load: () => Promise<Command>): Entry => ({
  group,
  path,
  summary,
  load,
})

// biome-ignore format: one line each
export const commands: readonly Entry[] = [
  line('Run', 'start', 'Serve a product', async () => (await import('./commands/start.ts')).start),
  line('Run', 'serve', 'Serve one module alone, on a port of its own', async () => (await import('./commands/serve.ts')).serve),
  line('Run', 'verify', 'Prove that tenants are kept apart, by attacking a server', async () => (await import('./commands/verify.ts')).verify),

  line('Tenants', 'tenant add', 'Make a tenant', async () => (await import('./commands/tenant-add.ts')).tenantAdd),
  line('Tenants', 'tenant list', 'List all tenants', async () => (await import('./commands/tenant-list.ts')).tenantList),
  line('Tenants', 'tenant show', 'Show one tenant and what it runs', async () => (await import('./commands/tenant-show.ts')).tenantShow),
  line('Tenants', 'tenant set', 'Set its name, edition, cohort and flags', async () => (await import('./commands/tenant-set.ts')).tenantSet),
  line('Tenants', 'tenant suspend', 'Refuse its requests, keep its data', async () => (await import('./commands/tenant-suspend.ts')).tenantSuspend),
  line('Tenants', 'tenant resume', 'Serve a suspended tenant again', async () => (await import('./commands/tenant-resume.ts')).tenantResume),
  line('Tenants', 'tenant remove', 'Archive its data, then remove it for good', async () => (await import('./commands/tenant-remove.ts')).tenantRemove),
  line('Tenants', 'token', 'Make an access token', async () => (await import('./commands/token.ts')).token),
  line('Tenants', 'audit', 'List what was done by the platform and its people', async () => (await import('./commands/audit.ts')).audit),

  line('Groups', 'group create', 'Make a group of tenants that share chosen rows', async () => (await import('./commands/group-create.ts')).groupCreate),
  line('Groups', 'group list', 'List all groups', async () => (await import('./commands/group-list.ts')).groupList),
  line('Groups', 'group show', 'Show one group and its members', async () => (await import('./commands/group-show.ts')).groupShow),
  line('Groups', 'group add', 'Make a tenant a member', async () => (await import('./commands/group-add.ts')).groupAdd),
  line('Groups', 'group remove', 'End that, at once', async () => (await import('./commands/group-remove.ts')).groupRemove),
  line('Groups', 'group delete', 'End all sharing with it', async () => (await import('./commands/group-delete.ts')).groupDelete),

  line('Modules', 'subscribe', 'Let a tenant run a module and what it depends on', async () => (await import('./commands/subscribe.ts')).subscribe),
  line('Modules', 'unsubscribe', 'End that; the data stays', async () => (await import('./commands/unsubscribe.ts')).unsubscribe),
  line('Modules', 'seed', 'Add the seeds that a tenant lacks', async () => (await import('./commands/seed.ts')).seed),
  line('Modules', 'deseed', 'Remove the temporary seeds of a tenant', async () => (await import('./commands/deseed.ts')).deseed),
  line('Modules', 'purge', 'Archive and remove the rows of a module that a tenant runs no more', async () => (await import('./commands/purge.ts')).purge),
  line('Modules', 'upgrade plan', 'Show what an upgrade of a tenant would take along', async () => (await import('./commands/upgrade-plan.ts')).upgradePlan),
  line('Modules', 'upgrade run', 'Take tenants to a new major of a module, one after the other', async () => (await import('./commands/upgrade-run.ts')).upgradeRun),
  line('Modules', 'upgrade rollback', 'Take them back, with what was written meanwhile', async () => (await import('./commands/upgrade-run.ts')).upgradeRollback),
  line('Modules', 'upgrade confirm', 'Archive and remove the old rows; there is no way back then', async () => (await import('./commands/upgrade-run.ts')).upgradeConfirm),
  line('Modules', 'upgrade list', 'List upgrades and whether they can be rolled back', async () => (await import('./commands/upgrade-list.ts')).upgradeList),
  line('Modules', 'module new', 'Write the first files of a module, or of a whole product', async () => (await import('./commands/module-new.ts')).moduleNew),
  line('Modules', 'types', 'Write TypeScript for clients: the Database type of supabase-js', async () => (await import('./commands/types.ts')).types),
  line('Modules', 'openapi', 'Write the OpenAPI document, without a server', async () => (await import('./commands/openapi.ts')).openapi),
  line('Modules', 'graphql-schema', 'Write the GraphQL schema, without a server', async () => (await import('./commands/graphql-schema.ts')).graphqlSchema),

  line('Migrations', 'migrate plan', 'Show what the database lacks, step by step', async () => (await import('./commands/migrate-plan.ts')).migratePlan),
  line('Migrations', 'migrate generate', 'Write migrations for what changed in the definitions', async () => (await import('./commands/migrate-generate.ts')).migrateGenerate),
  line('Migrations', 'migrate up', 'Run the migrations that the database has not seen', async () => (await import('./commands/migrate-up.ts')).migrateUp),
  line('Migrations', 'migrate down', 'Take migrations of a module back', async () => (await import('./commands/migrate-down.ts')).migrateDown),
  line('Migrations', 'database add', 'Take a database of the server into the fleet', async () => (await import('./commands/database-add.ts')).databaseAdd),
  line('Migrations', 'database list', 'List the databases of the fleet and where they stand', async () => (await import('./commands/database-list.ts')).databaseList),
  line('Migrations', 'database remove', 'Take one out of the fleet', async () => (await import('./commands/database-remove.ts')).databaseRemove),
  line('Migrations', 'migrate status', 'List all migrations and where they stand', async () => (await import('./commands/migrate-status.ts')).migrateStatus),
]
