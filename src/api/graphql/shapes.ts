import { DefinedName, isDefinable } from '../../core/defined-name.ts'
import type { Link } from '../../core/link.ts'
import type { Entity, Exposure, Relation } from '../../core/module-set.ts'
import { arityOf, linksOf, targetOf } from '../../core/plan-relations.ts'
import type { AccessClass } from './access-class.ts'
import type { Names } from './names.ts'
import type { Member, Shape } from './shape.ts'
import { camelName, pascalName } from './words.ts'

/** The shapes of the entities that a class of callers may read, each made when it is first needed. */
export class Shapes {
  readonly #names: Names
  readonly #access: AccessClass
  readonly #exposure: Pick<Exposure, 'exposed'>
  readonly #known = new Map<Entity, Shape>()

  constructor(names: Names, access: AccessClass, exposure: Pick<Exposure, 'exposed'>) {
    this.#names = names
    this.#access = access
    this.#exposure = exposure
  }

  of(entity: Entity): Shape {
    let shape = this.#known.get(entity)
    if (!shape) {
      shape = { entity, type: this.#names.entity(entity).type, members: this.#members(entity) }
      this.#known.set(entity, shape)
    }
    return shape
  }

  /** Rows that are no entity's, or one's that the caller sees only where an action shows it. */
  plain(entity: Entity, type: string): Shape {
    return { entity, type, members: new Map(this.#fields(entity)) }
  }

  #fields(entity: Entity): [string, Member][] {
    return [...this.#access.sight.fieldsOf(entity).values()].map(field => {
      const name = new DefinedName(camelName(field.name))
      return [name.text, { kind: 'field', name, field }]
    })
  }

  #members(entity: Entity): Map<string, Member> {
    const members = new Map<string, Member>(this.#fields(entity))
    // Names of fields that the caller does not see are taken as well, so that nobody finds others.
    const taken = new Set(['and', 'or', 'not', ...[...entity.fields.keys()].map(camelName)])
    const links = linksOf(entity, {
      entity: other => this.#access.reads.has(other) && this.#exposure.exposed.has(other.module),
      relation: relation => this.#access.sight.shows(relation),
    })
    for (const link of links) {
      const name = this.#nameOf(entity, link, taken)
      taken.add(name)
      members.set(name, {
        kind: 'relation',
        name: isDefinable(name) ? new DefinedName(name) : name,
        link,
        many: arityOf(link) === 'many',
        shape: () => this.of(targetOf(link)),
      })
    }
    return members
  }

  #nameOf(entity: Entity, link: Link, taken: ReadonlySet<string>): string {
    const wanted = this.#wanted(entity, link)
    let name = wanted.find(name => !taken.has(name)) ?? wanted.at(-1) ?? ''
    while (taken.has(name)) name += '_'
    return name
  }

  /**
   * What a relation is called, the first name that is free: `email` for `email_id`; `invoices` for those that name the row, or
   * `notesByReader` where an entity has several references to it.
   */
  #wanted(entity: Entity, { relation, outgoing, through }: Link): string[] {
    const target = this.#names.entity(outgoing || through ? relation.to : relation.from)
    const referring = relation.field.replace(/_id$/, '')
    if (outgoing) return [camelName(referring), camelName(referring) + target.type]
    if (through) {
      const others = entity.referencedBy.filter(
        ({ from }) => from === relation.to || isJunctionTo(from, entity, relation.to),
      )
      const longer = `${target.list}Through${this.#names.entity(relation.from).type}`
      return [...(others.length === 1 ? [target.list] : []), longer, `${longer}By${pascalName(referring)}`]
    }
    const several =
      entity.referencedBy.filter(({ from }) => from === relation.from).length > 1 || relation.from === entity
    const plain = relation.unique ? lowerFirst(target.type) : target.list
    return [...(several ? [] : [plain]), `${plain}By${pascalName(referring)}`]
  }
}

/** True when rows of it tie the two together. */
function isJunctionTo(junction: Entity, one: Entity, other: Entity): boolean {
  const isKey = ({ field }: Relation) => junction.key.includes(field)
  return one !== other && junction.references.some(end => end.to === other && isKey(end))
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1)
}
