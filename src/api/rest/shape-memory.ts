import { createLruCache, type LruCache } from '../../core/lru-cache.ts'

/** Shapes of requests remembered for each entity or action. */
const limit = 500

/** What is known of the requests of a shape, by what they are alike by. */
export class ShapeMemory<Owner extends WeakKey, Known> {
  readonly #byOwner = new WeakMap<Owner, LruCache<string, Known>>()

  find(owner: Owner, key: string): Known | undefined {
    return this.#byOwner.get(owner)?.get(key)
  }

  keep(owner: Owner, key: string, known: Known): void {
    let shapes = this.#byOwner.get(owner)
    if (!shapes) {
      shapes = createLruCache(limit)
      this.#byOwner.set(owner, shapes)
    }
    shapes.set(key, known)
  }
}
