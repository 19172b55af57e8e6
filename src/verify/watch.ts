import type { Answer, Attacker, Request, Scratch, Side } from './attack.ts'
import { formsOf, secretOf, spelledOut } from './canary.ts'

/** What must not be in an answer, and what it would mean. */
interface Forbidden {
  readonly text: string
  readonly means: string
}

/** Looks at every byte of an answer: what in it is not the asker's to see, in a sentence; undefined when nothing is. */
export type Watch = (request: Request, answer: Answer, attacker: Attacker) => string | undefined

export function createWatch({ own, other }: Pick<Scratch, 'own' | 'other'>): Watch {
  const known = new Map<string, readonly Forbidden[]>()
  const forbiddenTo = (attacker: Attacker, from: Side, to: Side): readonly Forbidden[] => {
    const key = `${to.tenant} ${attacker.instance}`
    const found = known.get(key) ?? [
      ...ofTenant(from),
      ...ofInstances(to, attacker.instance),
      ...ofHidden(to),
      ...ofHidden(from),
    ]
    known.set(key, found)
    return found
  }
  return (request, answer, attacker) => {
    const forbidden = request.asOther ? forbiddenTo(request.asOther, own, other) : forbiddenTo(attacker, other, own)
    const hit = forbidden.filter(({ text }) => answer.raw.includes(text))
    if (hit.length === 0) return answer.status >= 500 ? `it failed with ${answer.status}` : undefined
    const { path, headers = {}, body } = request
    const said = spelledOut(path, JSON.stringify(headers), typeof body === 'string' ? body : JSON.stringify(body ?? ''))
    return hit.find(({ text }) => !said.includes(text))?.means
  }
}

function ofTenant({ tenant, canaries }: Side): readonly Forbidden[] {
  return [
    ...[...canaries.values()].flatMap(formsOf).map(text => ({ text, means: "a text of the other tenant's rows" })),
    { text: tenant, means: "the other tenant's name" },
    { text: 'tenant_id', means: 'a tenant_id' },
  ]
}

function ofInstances({ canaries }: Side, instance: string | null): readonly Forbidden[] {
  if (instance === null) return []
  return [...canaries]
    .filter(([name]) => name !== null && name !== instance)
    .flatMap(([, canary]) => formsOf(canary))
    .map(text => ({ text, means: "a text of another instance's rows" }))
}

function ofHidden({ canaries }: Side): readonly Forbidden[] {
  return [...canaries.values()]
    .flatMap(canary => formsOf(secretOf(canary)))
    .map(text => ({ text, means: 'a hidden field' }))
}
