interface Readable<Entity> {
  readonly view?: { readonly reads: readonly Entity[] }
}

/** An entity and, where it is a view, all that it reads: whoever reads it needs a role on each. */
export function withReads<Entity extends Readable<Entity>>(entity: Entity, found: Entity[] = []): Entity[] {
  if (found.includes(entity)) return found
  found.push(entity)
  for (const read of entity.view?.reads ?? []) withReads(read, found)
  return found
}
