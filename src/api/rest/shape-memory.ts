import { createLruCache, type LruCache } from '../../core/lru-cache.ts'

/** Shapes of requests remembered for each entity or action, if they are short. */
const limit = 500
/** Characters of what requests are alike by that weigh as one shape: a long one is remembered in place of several. */
const short = 2_000

/** What is known of the requests of a shape, by what they are alike by. */
export class ShapeMemory<Owner extends WeakKey, Known> {
  readonly #byOwner = new WeakMap<Owner, LruCache<string, Known>>()

  find(owner: Owner, key: string): Known | undefined {
    return this.#byOwner.get(owner)?.get(key)
  }

  keep(owner: Owner, key: string, known: Known): void {
    let shapes = this.#byOwner.get(owner)
    if (!shapes) {
      shapes = createLruCache(limit, key => Math.ceil(key.length / short))
      this.#byOwner.set(owner, shapes)
    }
    shapes.set(key, known)
  }
}
