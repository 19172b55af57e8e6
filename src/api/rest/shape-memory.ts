/** Shapes of requests remembered for each entity or action; the one that was asked longest ago goes first. */
const limit = 500

/** What is known of the requests of a shape, by what they are alike by. */
export class ShapeMemory<Owner extends WeakKey, Known> {
  readonly #byOwner = new WeakMap<Owner, Map<string, Known>>()

  find(owner: Owner, key: string): Known | undefined {
    return this.#byOwner.get(owner)?.get(key)
  }

  keep(owner: Owner, key: string, known: Known): void {
    let shapes = this.#byOwner.get(owner)
    if (!shapes) {
      shapes = new Map()
      this.#byOwner.set(owner, shapes)
    }
    shapes.delete(key)
    shapes.set(key, known)
    if (shapes.size <= limit) return
    const [oldest] = shapes.keys()
    if (oldest !== undefined) shapes.delete(oldest)
  }
}
