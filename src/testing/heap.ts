import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')

/** Collects all garbage now. */
export const collect = runInNewContext('gc') as () => void

export function heapUsed(): number {
  return process.memoryUsage().heapUsed
}
