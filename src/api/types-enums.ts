import type { Entity } from '../core/module-set.ts'
import { anyCaller } from '../core/sight.ts'
import { propertyName, stringType } from './types-text.ts'

/** The fields of these entities that are one of some texts, as members of `Enums`: `customers_status`. */
export function enumMembers(entities: readonly Entity[]): string[] {
  const taken = new Set<string>()
  return entities.flatMap(entity =>
    [...anyCaller.fieldsOf(entity).values()].flatMap(({ name, spec: { values } }) => {
      if (!values) return []
      // `a_b` of `c` may be called as `b_c` of `a`.
      let member = `${entity.name}_${name}`
      while (taken.has(member)) member += '_'
      taken.add(member)
      return [`      ${propertyName(member)}: ${values.map(stringType).join(' | ')}`]
    }),
  )
}
