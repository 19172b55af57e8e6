import type { ChildProcess } from 'node:child_process'
import { type Measured, median } from './http-load.ts'
import { ask } from './processes.ts'
import type { Task } from './worker.ts'

/** The cells of a table: the rates of both tasks, asked in turns, and the ratio of the first to the second. */
export async function compareInTurns(worker: ChildProcess, one: Task, other: Task, rounds: number): Promise<string> {
  for (const warming of [other, one]) await ask(worker, { ...warming, seconds: 1 })
  const measured: [Measured, Measured][] = []
  for (let round = 0; round < rounds; round++) measured.push([await ask(worker, one), await ask(worker, other)])
  const ratios = measured
    .map(([one, other]) => Math.round((100 * one.perSecond) / other.perSecond))
    .sort((a, b) => a - b)
  const rates = [0, 1].map(side => `${Math.round(median(measured.map(pair => pair[side]?.perSecond ?? 0)))}/s`)
  return `${rates.join(' | ')} | ${median(ratios)}% (${ratios[0]}%–${ratios.at(-1)}%)`
}
