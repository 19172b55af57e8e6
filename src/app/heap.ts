import { setFlagsFromString } from 'node:v8'

/**
 * For a process that serves, before it does. While the heap is small, all requests under way outlive a collection, and V8 makes
 * whatever its code then makes among the old for ever: of a busy server's garbage, three quarters of what only the long
 * collections find, which hold up everybody.
 */
export function tuneHeap(): void {
  setFlagsFromString('--no-allocation-site-pretenuring')
}
