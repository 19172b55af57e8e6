import type { SlotValue } from '../../core/datasource.ts'
import { scalarOperators, searchOperators } from '../../core/plan.ts'
import { parseList, patternOf } from './grammar/operation.ts'
import { Scanner } from './grammar/scanner.ts'
import type { Parameter, Slotted, SlottedParameter } from './query-string.ts'

/** Parameters apart from the values that their filters compare with: queries of one shape have plans that are alike. */
export interface Shape {
  readonly text: string
  /** By slot. */
  readonly values: readonly SlotValue[]
  /** With the places where slots are. */
  readonly parameters: readonly SlottedParameter[]
}

const scalars = scalarOperators.join('|')
const searches = `(?:${searchOperators.join('|')})(?:\\([\\p{L}\\p{N}_]+\\))?`
const filter = new RegExp(`^(?:not\\.)?((?:${scalars})|${searches})\\.`, 'u')
const list = /^(?:not\.)?in\./
/** A comparison in a logic tree that holds nothing else which begins or ends anything. */
const compared = new RegExp(`(?<=[(,])([^(),.]+\\.(?:not\\.)?((?:${scalars})|${searches})\\.)([^(),]+)(?=[,)])`, 'gu')
/** What begins something in a logic tree that a comma or parenthesis may be within. */
const within = /["{]/

/** Begin what is no text of a query, where no NUL can be. */
const [mark, pair, key] = ['\0?', '\0&', '\0=']

/**
 * Takes out what may be a value. It need not be one: what the parser does not find a slot for is none, and then the text tells
 * nothing. Throws as the parser of lists does.
 */
export function shapeOf(parameters: readonly Parameter[]): Shape {
  const values: SlotValue[] = []
  let text = ''
  const slotted = parameters.map((parameter): SlottedParameter => {
    const { value } = parameter
    const found = slotsIn(value, values)
    text += `${parameter.key}${key}${found?.text ?? value}${pair}`
    return found ? { ...parameter, slots: found.slots } : parameter
  })
  return { text, values, parameters: slotted }
}

interface Found {
  readonly text: string
  readonly slots: readonly Slotted[]
}

function slotsIn(value: string, values: SlotValue[]): Found | undefined {
  // Most values of other parameters have none.
  if (!value.includes('.')) return undefined
  const [head, operator = ''] = filter.exec(value) ?? []
  if (head !== undefined) {
    const slot = values.push(patternOf(operator, value.slice(head.length))) - 1
    return { text: head + mark, slots: [{ at: head.length, slot }] }
  }
  const [listHead] = list.exec(value) ?? []
  if (listHead !== undefined) {
    const scanner = new Scanner(value, 'filter')
    scanner.position = listHead.length
    const slot = values.push(parseList(scanner)) - 1
    scanner.expectEnd()
    return { text: listHead + mark, slots: [{ at: listHead.length, slot }] }
  }
  return value.startsWith('(') && !within.test(value) ? slotsInTree(value, values) : undefined
}

function slotsInTree(value: string, values: SlotValue[]): Found {
  const slots: Slotted[] = []
  const text = value.replace(compared, (_, head: string, operator: string, given: string, at: number) => {
    slots.push({ at: at + head.length, slot: values.push(patternOf(operator, given)) - 1 })
    return head + mark
  })
  return { text, slots }
}
