import type { Action, Entity } from '../../core/module-set.ts'
import type { Answer, Ask, Attack, AttackClass, AttackPlan, Request } from '../attack.ts'

export interface About {
  readonly class: AttackClass
  readonly target: string
  readonly operation: string
}

export type Filters = Readonly<Record<string, string>>

/** The address of an entity, for its module alone. */
export function addressOf(tenant: string, { module, name }: Entity | Action, filters: Filters = {}): string {
  return withQuery(`/${tenant}/${module.name}/v${module.version.major}/${name}`, filters)
}

export function callAddressOf(tenant: string, { module, name }: Action, filters: Filters = {}): string {
  return withQuery(`/${tenant}/${module.name}/v${module.version.major}/rpc/${name}`, filters)
}

export function withQuery(path: string, filters: Filters): string {
  const query = Object.entries(filters)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&')
  return query === '' ? path : `${path}?${query}`
}

/** Names one row by its whole key. */
export function keyFilters({ scratch }: AttackPlan, entity: Entity, number: number): Filters {
  const key = Object.entries(scratch.rows.keyOf(entity, number))
  return Object.fromEntries(key.map(([name, value]) => [name, `eq.${value}`]))
}

/** Asks once: the bytes of the answer, and that it is the same without the other's rows, say enough. */
export function once(about: About, request: Request): Attack {
  return {
    ...about,
    run: async ask => {
      await ask(request)
      return undefined
    },
  }
}

/** Asks for what must be refused. */
export function refused(about: About, request: Request, statuses: readonly number[]): Attack {
  return {
    ...about,
    run: async ask => {
      const { status } = await ask(request)
      return statuses.includes(status) ? undefined : `it was answered ${status}, which should be a refusal`
    },
  }
}

export type Names = readonly [there: string, none: string]

/** The same question about two things that the asker must not be able to tell apart; `undo` takes back what it may have done. */
export interface Twins {
  readonly names: Names
  /** What else of the name may be told again. */
  readonly parts?: readonly Names[]
  ask(name: string): Request
  undo?(name: string): Request
}

export function twins(about: About, { names, parts = [], ask: requestOf, undo }: Twins): Attack {
  return {
    ...about,
    run: async ask => {
      const answers: string[] = []
      for (const name of names) {
        const answer = await ask(requestOf(name))
        answers.push(parts.reduce((text, [there, none]) => text.replaceAll(none, there), indistinct(answer, names)))
        if (undo && answer.status < 300) await ask(undo(name))
      }
      const [there, none] = answers
      return there === none ? undefined : 'what is there is answered otherwise than what is not'
    },
  }
}

/** Twins that are rows: of the other tenant, and of nobody. */
export function rowTwins(
  about: About,
  { scratch }: AttackPlan,
  index: number,
  ask: (number: number) => Request,
  undo?: (number: number) => Request,
): Attack {
  const { foreign, absent } = scratch.rows
  const numbers = [foreign[index % foreign.length] ?? 0, absent[index % absent.length] ?? 0] as const
  const names = [String(numbers[0]), String(numbers[1])] as const
  return twins(about, {
    names,
    // Texts that are too short for the number hold it so.
    parts: [[numbers[0].toString(36), numbers[1].toString(36)]],
    ask: name => ask(Number(name)),
    ...(undo && { undo: (name: string) => undo(Number(name)) }),
  })
}

const times = /"(?:created|updated|deleted)_at":"[^"]*"/g

/** An answer without the name that was asked for and without the times of its rows, which have more or fewer digits. */
export function indistinct(answer: Answer, [there, none]: Names): string {
  const left = (answer.text.match(times) ?? []).join('').length
  return answer.plain
    .replace(times, '')
    .replace(/content-length: (\d+)/i, (_, length: string) => `content-length: ${Number(length) - left}`)
    .replaceAll(none, there)
}

/** Asks for several things after each other. */
export function sequence(about: About, run: (ask: Ask) => Promise<string | undefined>): Attack {
  return { ...about, run }
}
