/** One kind of work, as the data layer does it and as one would by hand. Both do the same to the same table. */
export interface DataCase {
  readonly name: string
  /** At once; absent: as many as the command says. */
  readonly callers?: number
  /** How many rows one run is about, for the rate. Absent: one. */
  readonly rows?: number
  ours(): Promise<unknown>
  byHand(): Promise<unknown>
  /** Before each measurement, of which it is no part. */
  prepare?(): Promise<unknown>
}
