import { setTimeout as sleep } from 'node:timers/promises'
import { TenantryError } from '../../core/errors.ts'
import type { Entity } from '../../core/module-set.ts'
import type { Attacker, Scratch } from '../../verify/attack.ts'
import type { Client } from '../../verify/client.ts'
import { forgeTokens } from '../../verify/forge.ts'
import { createRowMaker } from '../../verify/rows.ts'
import type { Platform } from '../platform.ts'
import type { ScratchTenants } from './scratch-tenants.ts'

const patience = 20_000

/** Waits until the server knows the tenants; makes tokens of every kind. */
export async function prepareScratch(
  { product }: Platform,
  tenants: ScratchTenants,
  client: Client,
  signal: AbortSignal,
): Promise<Scratch> {
  const { own, other, nobody, instances } = tenants
  const attackers = await tenants.attackers(own)
  const counterparts = await tenants.attackers(other)
  const { modules } = product.modules
  const entities = modules.flatMap(({ entities }) => entities).filter(({ internal }) => !internal)
  for (const { tenant, token } of [
    { tenant: own.tenant, token: attackers.at(-1)?.token },
    { tenant: other.tenant, token: counterparts.at(-1)?.token },
  ])
    await untilServed(client, tenant, token ?? null, signal)
  const globals = new Map<Entity, string>()
  for (const entity of modules.flatMap(({ entities }) => entities).filter(({ global }) => global)) {
    const key = await keyOfShared(client, entity, own.tenant, attackers)
    if (key !== undefined) globals.set(entity, key)
  }
  const tokenOf = (some: readonly Attacker[]) => some.at(-1)?.token ?? ''
  return {
    ...{ own, other, nobody, entities, instances, attackers },
    actions: modules.flatMap(({ actions }) => actions),
    rows: createRowMaker(product.modules, tenants.mark, globals),
    counterparts: new Map(counterparts.map(attacker => [attacker.name, attacker])),
    forged: forgeTokens(tokenOf(attackers), tokenOf(counterparts)),
  }
}

async function untilServed(client: Client, tenant: string, token: string | null, signal: AbortSignal): Promise<void> {
  for (const began = performance.now(); ; await sleep(100)) {
    signal.throwIfAborted()
    const { status } = await client.send({ path: `/${tenant}/openapi.json` }, token)
    if (status === 200) return
    if (performance.now() - began > patience) {
      throw new TenantryError('unavailable', `The server does not serve the scratch tenants (${status})`, {
        hint: 'It must be of this installation: the same database, master key and PUBLIC_URL',
      })
    }
  }
}

/** The key of any row that all tenants share, for rows that must name one. */
async function keyOfShared(
  client: Client,
  entity: Entity,
  tenant: string,
  attackers: readonly Attacker[],
): Promise<string | undefined> {
  const [key = 'id'] = entity.key
  for (const { token = null } of attackers) {
    const { name, module } = entity
    const path = `/${tenant}/${module.name}/v${module.version.major}/${name}?select=${key}&limit=1`
    const { status, text } = await client.send({ path }, token)
    const [row]: readonly Readonly<Record<string, unknown>>[] = status === 200 ? JSON.parse(text) : []
    if (row) return String(row[key])
  }
  return undefined
}
