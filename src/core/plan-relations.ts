import { TenantryError } from './errors.ts'
import type { Link } from './link.ts'
import type { Entity, Relation } from './module-set.ts'
import type { Embed } from './plan.ts'
import { quoteName } from './plan-names.ts'

/** What is seen: entities, and relations by the fields that make them. */
export interface Seen {
  entity(other: Entity): boolean
  relation(relation: Relation): boolean
}

/**
 * The one link that an embed means, among those to entities that the tenant sees. Names and hints are PostgREST's. Throws
 * `PGRST200` for none and `PGRST201`, with the candidates, for several.
 */
export function findLink(entity: Entity, embed: Embed, sees: Seen): Link {
  const { link } = embed
  if (link) {
    if (sourceOf(link) === entity && isSeen(link, sees)) return link
    throw noLink(entity, embed)
  }
  const found = linksOf(entity, sees)
    .filter(link => means(embed, link))
    .sort((a, b) => (hintOf(a) < hintOf(b) ? -1 : 1))
  const [only, ...others] = found
  if (!only) throw noLink(entity, embed)
  if (others.length > 0) throw ambiguousLink(entity, embed, found)
  return only
}

/** How each link of an entity is selected, in the fewest words that mean it alone. */
export function embedNames(entity: Entity, sees: Seen): string[] {
  const links = linksOf(entity, sees)
  return links.flatMap(link => {
    const { relation, outgoing } = link
    const target = targetOf(link).name
    const words: Pick<Embed, 'relation' | 'hint'>[] = [
      outgoing && relation.from === relation.to ? { relation: relation.field } : { relation: target },
      { relation: target, hint: link.through ? hintOf(link) : relation.field },
      { relation: target, hint: hintOf(link) },
    ]
    const chosen = words.find(wanted => links.every(other => means(wanted, other) === (other === link)))
    return chosen ? [[chosen.relation, chosen.hint ?? []].flat().join('!')] : []
  })
}

export function targetOf({ relation, outgoing, through }: Link): Entity {
  return outgoing || through ? relation.to : relation.from
}

export function arityOf({ relation, outgoing, through }: Link): 'one' | 'many' {
  return !through && (outgoing || relation.unique) ? 'one' : 'many'
}

function sourceOf({ relation, outgoing, through }: Link): Entity {
  return through ? through.to : outgoing ? relation.from : relation.to
}

/** All ways from an entity to others. */
export function linksOf(entity: Entity, sees: Seen): Link[] {
  const links: Link[] = [
    ...entity.references.map(relation => ({ relation, outgoing: true, through: null })),
    ...entity.referencedBy.map(relation => ({ relation, outgoing: false, through: null })),
    ...entity.referencedBy.flatMap(through =>
      junctionEnds(through).map(relation => ({ relation, outgoing: false, through })),
    ),
  ]
  return links.filter(link => isSeen(link, sees))
}

function isSeen(link: Link, sees: Seen): boolean {
  const { relation, through } = link
  const seen = sees.entity(targetOf(link)) && sees.relation(relation)
  return seen && (!through || (sees.entity(relation.from) && sees.relation(through)))
}

function means({ relation, hint }: Pick<Embed, 'relation' | 'hint'>, link: Link): boolean {
  return isNamed(link, relation) && (hint === undefined || isHinted(link, hint))
}

/** Of an entity whose key holds this reference: its other references in the key, to other entities. */
function junctionEnds(through: Relation): Relation[] {
  const { from: junction, field, to } = through
  if (!junction.key.includes(field)) return []
  return junction.references.filter(end => end !== through && end.to !== to && junction.key.includes(end.field))
}

/** An entity that refers to itself: its own name means those that refer to the row, the field's name the one referred to. */
function isNamed({ relation, outgoing, through }: Link, name: string): boolean {
  if (through) return relation.to.name === name
  if (relation.from === relation.to) {
    return outgoing ? [relation.field, relation.name].includes(name) : relation.from.name === name
  }
  return outgoing
    ? [relation.to.name, relation.name, relation.field].includes(name)
    : [relation.from.name, relation.name].includes(name)
}

function isHinted(link: Link, hint: string): boolean {
  const { relation, through } = link
  if (through) return relation.from.name === hint
  return [relation.name, relation.field, relation.toField, targetOf(link).name].includes(hint)
}

function hintOf({ relation, through }: Link): string {
  return through ? through.from.name : relation.name
}

function noLink(entity: Entity, { relation, hint }: Embed): TenantryError {
  const between = `between '${entity.name}' and ${quoteName(relation)}`
  const using = hint === undefined ? '' : ` using the hint ${quoteName(hint)}`
  return new TenantryError('invalid', `Could not find a relationship ${between} in the schema cache`, {
    reason: 'PGRST200',
    details: `Searched for a foreign key relationship ${between}${using} in the schema '${entity.module.schema}', but no matches were found.`,
  })
}

function ambiguousLink(entity: Entity, { relation }: Embed, links: readonly Link[]): TenantryError {
  const name = quoteName(relation)
  const candidates = links.map(link => `'${targetOf(link).name}!${hintOf(link)}'`).join(', ')
  return new TenantryError(
    'invalid',
    `Could not embed because more than one relationship was found for '${entity.name}' and ${name}`,
    {
      reason: 'PGRST201',
      detailList: links.map(link => ({
        cardinality: cardinalityOf(link),
        embedding: `${entity.name} with ${targetOf(link).name}`,
        relationship: relationshipOf(link),
      })),
      hint: `Try changing ${name} to one of the following: ${candidates}. Find the desired relationship in the 'details' key.`,
    },
  )
}

function cardinalityOf({ relation, outgoing, through }: Link): string {
  if (through) return 'many-to-many'
  if (relation.unique) return 'one-to-one'
  return outgoing ? 'many-to-one' : 'one-to-many'
}

function relationshipOf({ relation, outgoing, through }: Link): string {
  if (through) {
    return `${through.from.name} using ${through.name}(${through.field}) and ${relation.name}(${relation.field})`
  }
  const from = `${relation.from.name}(${relation.field})`
  const to = `${relation.to.name}(${relation.toField})`
  return `${relation.name} using ${outgoing ? `${from} and ${to}` : `${to} and ${from}`}`
}
