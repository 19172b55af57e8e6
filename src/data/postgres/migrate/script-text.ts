import { type PlanStep, riskOf } from '../diff/step.ts'
import { forFile } from './parse.ts'

export interface ScriptHead {
  readonly after: readonly { readonly module: string; readonly number: number }[]
  readonly noTransaction: boolean
}

/** Steps as a file that people read, change and commit. */
export function scriptText(steps: readonly PlanStep[], { after, noTransaction }: ScriptHead): string {
  const head = [
    ...(noTransaction ? ['-- tenantry: no transaction'] : []),
    ...(riskOf(steps) === 'destructive' ? ['-- tenantry: destructive'] : []),
    ...(after.length > 0
      ? [`-- tenantry: after ${after.map(({ module, number }) => `${module}/${number}`).join(', ')}`]
      : []),
  ]
  const parts = steps.map(({ id, risk, note, sql }) =>
    [
      `-- ${oneLine(forFile(id))}${risk === 'safe' ? '' : ` (${risk})`}`,
      ...(note === undefined ? [] : [`-- ${oneLine(note)}.`]),
      ...sql.map(command => `${forFile(command)};`),
    ].join('\n'),
  )
  if (parts.length === 0) parts.push('-- There is nothing to take back.\nselect;')
  return `${[...(head.length > 0 ? [head.join('\n')] : []), ...parts].join('\n\n')}\n`
}

/** Names that came from a database may hold anything. */
function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what must not be there
  return text.replaceAll(/[\u0000-\u001f\u007f]+/g, ' ')
}

/** The schema of the object that a step changes. */
export function schemaOf({ id }: PlanStep): string {
  return / in schema ([^ ]+)/.exec(id)?.[1] ?? / ([a-z][a-z0-9_]*_v\d+)\./.exec(id)?.[1] ?? ''
}
