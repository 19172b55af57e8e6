import { TenantryError } from '../core/errors.ts'
import { type Exposure, type Module, quote } from '../core/module-set.ts'
import { anyCaller, type Sight, sightOf } from '../core/sight.ts'
import { accessClass, rolesIn } from './http/access-class.ts'
import { type Product, servedIn } from './product.ts'

/** An API as a caller would find it at an address. */
export interface ApiWish {
  /** Subscriptions of its tenant; none: those to every module of the product. */
  readonly subscriptions: readonly string[]
  /** At the own address of this module, or composed API: `customers@1`, or `customers` for its highest major. Absent: at the tenant's. */
  readonly module?: string | undefined
  /** The caller's service roles; none: all that there are. */
  readonly roles: readonly string[]
}

export interface ChosenApi {
  readonly exposure: Exposure
  /** Null: all that the tenant has. */
  readonly module: Module | null
  readonly roles: readonly string[]
  readonly sight: Sight
}

/** Throws `not_found` for a module, and `invalid` for a service role, that is not there. */
export function chooseApi(
  { modules, config }: Pick<Product, 'modules' | 'config'>,
  { subscriptions, module: id, roles }: ApiWish,
): ChosenApi {
  for (const subscription of subscriptions) modules.get(subscription)
  const whole = modules.expose(subscriptions.length > 0 ? subscriptions : modules.modules.map(({ id }) => id))
  const { exposure, module } =
    id === undefined ? { exposure: whole, module: null } : openedIn(whole, id, servedIn(config, modules))
  const known = [...rolesIn(exposure)].sort()
  const unknown = roles.find(role => !known.includes(role))
  if (unknown !== undefined) {
    throw new TenantryError('invalid', `No definition here names the service role ${quote(unknown)}`, {
      hint: `There are ${known.join(', ')}`,
    })
  }
  if (roles.length === 0) return { exposure, module, roles: known, sight: anyCaller }
  return { exposure, module, roles: accessClass(exposure, roles), sight: sightOf(exposure, 'caller', roles) }
}

function openedIn(exposure: Exposure, id: string, known: readonly string[]): { exposure: Exposure; module: Module } {
  const find = (id: string) => {
    const [, name = '', major] = /^([^@]*)(?:@(\d{1,4}))?$/.exec(id) ?? []
    return exposure.find(name, major === undefined ? undefined : Number(major))
  }
  const opened = find(id)
  if (opened) return opened
  throw new TenantryError('not_found', `There is no module ${quote(id)}`, {
    hint: `There are ${known.filter(id => find(id)).join(', ')}`,
  })
}
