import { identifier } from '../sql/writer.ts'
import { normal, placeOf, sameParts, tableSql } from './compare.ts'
import { roleSql } from './read-structure.ts'
import { type PlanStep, step } from './step.ts'
import {
  type OwnedFunction,
  type Policy,
  prefixMark,
  type Structure,
  type Table,
  type TableGrant,
  type Trigger,
} from './structure.ts'

type Owner = Pick<Table, 'schema' | 'name'> & { readonly grants: Table['grants'] }

const inWords = (policy: Policy) => ({ ...policy, using: normal(policy.using), check: normal(policy.check) })

/** `from` is undefined for a table that is new. */
export function policySteps(from: Table | undefined, to: Table): PlanStep[] {
  const before: Table['policies'] = from?.policies ?? new Map()
  return [
    ...[...before.values()].flatMap(policy => (to.policies.has(policy.name) ? [] : [dropPolicy(to, policy)])),
    ...[...to.policies.values()].flatMap(policy => {
      const old = before.get(policy.name)
      if (old && sameParts(inWords(old), inWords(policy))) return []
      return [
        ...(old ? [dropPolicy(to, old)] : []),
        step(`add policy ${placeOf(to)}.${policy.name}`, policySql(to, policy)),
      ]
    }),
  ]
}

function dropPolicy(table: Table, { name }: Policy): PlanStep {
  return step(`drop policy ${placeOf(table)}.${name}`, `drop policy ${identifier(name)} on ${tableSql(table)}`)
}

function policySql(table: Table, { name, permissive, command, roles, using, check }: Policy): string {
  return [
    `create policy ${identifier(name)} on ${tableSql(table)}`,
    ...(permissive ? [] : ['as restrictive']),
    `for ${command} to ${roles.map(roleSql).join(', ')}`,
    ...(using === null ? [] : [`using (${using})`]),
    ...(check === null ? [] : [`with check (${check})`]),
  ].join(' ')
}

function grantSql(
  verb: 'grant' | 'revoke',
  on: Owner,
  { role, column }: TableGrant,
  privileges: readonly string[],
): string {
  const rights = privileges.map(right => right.toLowerCase() + (column === null ? '' : ` (${identifier(column)})`))
  return `${verb} ${rights.join(', ')} on ${tableSql(on)} ${verb === 'grant' ? 'to' : 'from'} ${roleSql(role)}`
}

function grantId(verb: string, on: Owner, { role, column }: TableGrant): string {
  return `${verb} on ${placeOf(on)}${column === null ? '' : `.${column}`} ${role}`
}

/** Rights in a table or view that roles shall not have any more. Before columns go, which take theirs with them. */
export function revokeSteps(from: Owner, to: Owner): PlanStep[] {
  return [...from.grants].flatMap(([key, grant]) => {
    const extra = grant.privileges.filter(right => !to.grants.get(key)?.privileges.includes(right))
    return extra.length === 0 ? [] : [step(grantId('revoke', to, grant), grantSql('revoke', to, grant, extra))]
  })
}

/** Rights that are missing. `made`: columns that may be new under their old name. */
export function grantSteps(from: Owner | undefined, to: Owner, made: ReadonlySet<string> = new Set()): PlanStep[] {
  return [...to.grants].flatMap(([key, grant]) => {
    const known = grant.column !== null && made.has(grant.column) ? undefined : from?.grants.get(key)
    const missing = grant.privileges.filter(right => !known?.privileges.includes(right))
    return missing.length === 0 ? [] : [step(grantId('grant', to, grant), grantSql('grant', to, grant, missing))]
  })
}

export function schemaGrantSteps(from: Structure, to: Structure): { granted: PlanStep[]; revoked: PlanStep[] } {
  const granted = [...to.schemaGrants].flatMap(([key, { schema, role, privileges }]) => {
    if (sameParts(from.schemaGrants.get(key)?.privileges, privileges)) return []
    const rights = privileges.join(', ').toLowerCase()
    return [
      step(`grant in schema ${schema} ${role}`, `grant ${rights} on schema ${identifier(schema)} to ${roleSql(role)}`),
    ]
  })
  const revoked = [...from.schemaGrants].flatMap(([key, { schema, role }]) =>
    to.schemaGrants.has(key)
      ? []
      : [
          step(
            `revoke in schema ${schema} ${role}`,
            `revoke all on schema ${identifier(schema)} from ${roleSql(role)}`,
          ),
        ],
  )
  return { granted, revoked }
}

const triggerWords = ({ definition }: Trigger) => normal(definition)

export function triggerSteps(
  from: Table | undefined,
  to: Table,
  remade: ReadonlySet<string>,
): { dropped: PlanStep[]; added: PlanStep[] } {
  // PostgreSQL changes no type of a column that a trigger's condition looks at.
  const hasNewTypes = [...to.columns.values()].some(column => {
    const old = from?.columns.get(column.name)
    return old && (old.type !== column.type || old.collation !== column.collation || old.generated !== column.generated)
  })
  const stays = (trigger: Trigger, other: Trigger | undefined) =>
    other !== undefined &&
    triggerWords(trigger) === triggerWords(other) &&
    !(hasNewTypes && / WHEN \(/.test(trigger.definition)) &&
    ![...remade].some(name => trigger.definition.includes(`FUNCTION ${name}`))
  return {
    dropped: [...(from?.triggers.values() ?? [])].flatMap(trigger =>
      stays(trigger, to.triggers.get(trigger.name))
        ? []
        : [
            step(
              `drop trigger ${placeOf(to)}.${trigger.name}`,
              `drop trigger ${identifier(trigger.name)} on ${tableSql(to)}`,
            ),
          ],
    ),
    added: [...to.triggers.values()].flatMap(trigger => {
      const old = from?.triggers.get(trigger.name)
      return old && stays(old, trigger) ? [] : [step(`add trigger ${placeOf(to)}.${trigger.name}`, trigger.definition)]
    }),
  }
}

const functionSql = ({ schema, signature }: OwnedFunction) => `${identifier(schema)}.${signature}`

/** Functions of the search role and the recorder; one with another definition is dropped and made, by its owner. */
export function functionSteps(
  from: Structure,
  to: Structure,
): { dropped: PlanStep[]; added: PlanStep[]; remade: ReadonlySet<string> } {
  const same = (a: OwnedFunction | undefined, b: OwnedFunction | undefined) => sameParts(a, b)
  const gone = [...from.functions].filter(([key, found]) => !same(found, to.functions.get(key)))
  const missing = [...to.functions].filter(([key, wanted]) => !same(from.functions.get(key), wanted))
  return {
    remade: new Set(gone.map(([, { schema, signature }]) => `${schema}.${signature}`)),
    dropped: gone.map(([key, found]) => step(`drop function ${key}`, `drop function ${functionSql(found)}`)),
    added: missing.map(([key, wanted]) => step(`add function ${key}`, ownedFunctionSql(wanted, to))),
  }
}

function ownedFunctionSql(wanted: OwnedFunction, to: Structure): string[] {
  const [schema, owner, main] = [identifier(wanted.schema), roleSql(wanted.owner), roleSql(`${prefixMark}_main`)]
  const usage = to.schemaGrants.has(`${wanted.schema} ${wanted.owner}`) ? '' : ', usage'
  return [
    `grant create${usage} on schema ${schema} to ${owner}`,
    `set local role ${owner}`,
    wanted.definition.trim(),
    `revoke execute on function ${functionSql(wanted)} from public`,
    ...(wanted.execute.length === 0
      ? []
      : [`grant execute on function ${functionSql(wanted)} to ${wanted.execute.map(roleSql).join(', ')}`]),
    `set local role ${main}`,
    `revoke create${usage} on schema ${schema} from ${owner}`,
  ]
}
