import { createLruCache, type LruCache } from '../../core/lru-cache.ts'

/** Shapes of short requests remembered for each entity or action; a long one is remembered in place of several. */
const limit = 500
/** Characters. */
const short = 2_000

/** What is known of the requests of a shape, by what they are alike by. */
export class ShapeMemory<Owner extends WeakKey, Known> {
  readonly #byOwner = new WeakMap<Owner, LruCache<string, Known>>()

  find(owner: Owner, key: string): Known | undefined {
    return this.#byOwner.get(owner)?.get(key)
  }

  /** `query`: of which parts are in what is known. */
  keep(owner: Owner, key: string, known: Known, query: string): void {
    let shapes = this.#byOwner.get(owner)
    if (!shapes) {
      shapes = createLruCache(limit)
      this.#byOwner.set(owner, shapes)
    }
    shapes.set(key, known, Math.ceil(Math.max(key.length, query.length) / short))
  }
}
