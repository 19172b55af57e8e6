import type { Action, Entity, Module, Relation } from '../core/module-set.ts'
import { anyCaller } from '../core/sight.ts'
import { formatVersion } from '../core/version.ts'
import { jsonSchemaOf, type SchemaKind } from './json-schema.ts'
import { functionType } from './types-actions.ts'
import { commentText, objectType, propertyName, stringType } from './types-text.ts'

/**
 * TypeScript for clients of these modules: the `Database` type that `@supabase/postgrest-js` and `supabase-js` 2.x take, in
 * the form of Supabase's own generator, and `…Row`, `…Insert` and `…Update` of each entity. Values are as they are in JSON.
 * `public` has the entities whose name is unique among the modules, `customers@1` those of one module, `customers` those of
 * its highest major. The same modules give the same text, in whatever order they come.
 */
export function typesOf(modules: readonly Module[]): string {
  const sorted = modules.toSorted((a, b) => compareText(a.name, b.name) || a.version.major - b.version.major)
  // What a module publishes of others is theirs as well.
  const entities = [...new Set(sorted.flatMap(shownOf))]
  const names = typeNames(entities)
  return [
    `// Made by "tenantry types" from ${sorted.map(({ name, version }) => `${name} ${formatVersion(version)}`).join(', ')}.\n// Make it anew instead of changing it.`,
    jsonType,
    ...entities.map(entity => entityTypes(entity, nameOf(names, entity))),
    databaseType(sorted, entities, names),
    shorthands,
  ].join('\n\n')
}

function shownOf({ entities }: Module): readonly Entity[] {
  return entities.filter(({ internal }) => !internal)
}

/** Types of an entity are named after it; after its module too where others would be called the same. */
function typeNames(entities: readonly Entity[]): ReadonlyMap<Entity, string> {
  const names = new Map<Entity, string>()
  const short = Map.groupBy(entities, ({ name }) => pascal(name))
  const taken = new Set<string>([...short.keys(), 'Tables'])
  for (const [name, group] of short) {
    for (const entity of group) {
      const alone = group.length === 1 && name !== 'Tables'
      names.set(entity, alone ? name : free(`${pascal(entity.module.schema)}${name}`, taken))
    }
  }
  return names
}

function free(wanted: string, taken: Set<string>): string {
  let name = wanted
  for (let count = 2; taken.has(name); count++) name = `${wanted}_${count}`
  taken.add(name)
  return name
}

function nameOf(names: ReadonlyMap<Entity, string>, entity: Entity): string {
  return names.get(entity) ?? ''
}

const kinds = [
  ['Row', 'row', 'A row of'],
  ['Insert', 'insert', 'A new row of'],
  ['Update', 'patch', 'A change of rows of'],
] as const satisfies readonly (readonly [suffix: string, kind: SchemaKind, about: string])[]

function entityTypes(entity: Entity, name: string): string {
  const where = `${entity.module.id}.${entity.name}`
  return kinds
    .filter(([, kind]) => kind === 'row' || !entity.view)
    .map(([suffix, kind, about]) => {
      const type = objectType(jsonSchemaOf(entity, kind, anyCaller.fieldsOf(entity)))
      return `/** ${commentText(`${about} ${where}`)} */\nexport type ${name}${suffix} = ${type}`
    })
    .join('\n\n')
}

function databaseType(
  modules: readonly Module[],
  entities: readonly Entity[],
  names: ReadonlyMap<Entity, string>,
): string {
  const byName = Map.groupBy(entities, ({ name }) => name)
  const unique = entities.filter(({ name }) => byName.get(name)?.length === 1)
  const latest = new Map(modules.map(module => [module.name, module]))
  const actions = [...new Set(modules.flatMap(module => module.actions))]
  const byAction = Map.groupBy(actions, ({ name }) => name)
  const schema = (name: string, own: readonly Entity[], callable: readonly Action[], about: string) =>
    `  /** ${commentText(about)} */\n  ${propertyName(name)}: ${schemaType(own, entities, names, callable)}`
  return [
    'export type Database = {',
    "  __InternalSupabase: {\n    PostgrestVersion: '12'\n  }",
    schema(
      'public',
      unique,
      actions.filter(({ name }) => byAction.get(name)?.length === 1),
      'Entities of all modules whose name only one of them has',
    ),
    ...[...latest.values()].map(module =>
      schema(module.name, shownOf(module), module.actions, `The highest major: ${module.id}`),
    ),
    ...modules.map(module => schema(module.id, shownOf(module), module.actions, `The module ${module.id}`)),
    '}',
  ].join('\n')
}

/** Entities of other modules can be embedded, but are no tables of this schema: they stand among the views. */
function schemaType(
  own: readonly Entity[],
  all: readonly Entity[],
  names: ReadonlyMap<Entity, string>,
  actions: readonly Action[],
): string {
  const others = embeddable(own, new Set(all))
  const inside = new Map([...own, ...others].map(entity => [entity.name, entity]))
  const relations = (entity: Entity) =>
    relationsType(entity.references.filter(link => inside.get(link.to.name) === link.to && anyCaller.shows(link)))
  const table = (entity: Entity, kinds: readonly string[]) => {
    const name = nameOf(names, entity)
    const types = kinds.map(kind => `        ${kind}: ${name}${kind}\n`).join('')
    return `      ${propertyName(entity.name)}: {\n${types}        Relationships: ${relations(entity)}\n      }`
  }
  return [
    '{',
    group(
      'Tables',
      own.filter(({ view }) => !view).map(entity => table(entity, ['Row', 'Insert', 'Update'])),
    ),
    group(
      'Views',
      [...own.filter(({ view }) => view), ...others].map(entity => table(entity, ['Row'])),
    ),
    group(
      'Functions',
      actions.map(action =>
        functionType(action, {
          rowType: entity => (names.has(entity) ? `${nameOf(names, entity)}Row` : undefined),
          isInside: entity => inside.get(entity.name) === entity,
        }),
      ),
    ),
    ...['Enums', 'CompositeTypes'].map(name => group(name, [])),
    '  }',
  ].join('\n')
}

function group(name: string, members: readonly string[]): string {
  return `    ${name}: {\n${members.length === 0 ? '      [_ in never]: never' : members.join('\n')}\n    }`
}

/** What relations lead to from these entities, with a name that means one of them only. */
function embeddable(own: readonly Entity[], all: ReadonlySet<Entity>): readonly Entity[] {
  const found = new Set(own)
  for (const entity of found) {
    const seen = [...entity.references, ...entity.referencedBy].filter(relation => anyCaller.shows(relation))
    for (const { from, to } of seen) for (const other of [from, to]) if (all.has(other)) found.add(other)
  }
  const byName = Map.groupBy(found, ({ name }) => name)
  return [...all].filter(entity => found.has(entity) && !own.includes(entity) && byName.get(entity.name)?.length === 1)
}

function relationsType(relations: readonly Relation[]): string {
  if (relations.length === 0) return '[]'
  const members = relations.map(({ name, field, to, toField, unique }) =>
    [
      '          {',
      `            foreignKeyName: ${stringType(name)}`,
      `            columns: [${stringType(field)}]`,
      `            isOneToOne: ${unique}`,
      `            referencedRelation: ${stringType(to.name)}`,
      `            referencedColumns: [${stringType(toField)}]`,
      '          },',
    ].join('\n'),
  )
  return `[\n${members.join('\n')}\n        ]`
}

/** `line_items` → `LineItems` */
function pascal(name: string): string {
  return name
    .split('_')
    .map(word => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

const jsonType = `export type Json = string | number | boolean | null | { [key: string]: Json | undefined } | Json[]`

/** As Supabase's generator offers them: `Tables<'customers'>`, `TablesInsert<{ schema: 'customers@1' }, 'customers'>`. */
const shorthands = `type SchemaName = Exclude<keyof Database, '__InternalSupabase'>
type TableName = keyof Database['public']['Tables']
type TableNameIn<Where> = Where extends { schema: infer Schema extends SchemaName }
  ? keyof Database[Schema]['Tables']
  : never
type Table<Where, Name> = Where extends { schema: infer Schema extends SchemaName }
  ? Name extends keyof Database[Schema]['Tables']
    ? Database[Schema]['Tables'][Name]
    : never
  : Where extends TableName
    ? Database['public']['Tables'][Where]
    : never

/** \`Tables<'customers'>\`, or \`Tables<{ schema: 'customers@1' }, 'customers'>\`. */
export type Tables<Where extends TableName | { schema: SchemaName }, Name extends TableNameIn<Where> = never> =
  Table<Where, Name> extends { Row: infer Row } ? Row : never

export type TablesInsert<Where extends TableName | { schema: SchemaName }, Name extends TableNameIn<Where> = never> =
  Table<Where, Name> extends { Insert: infer Insert } ? Insert : never

export type TablesUpdate<Where extends TableName | { schema: SchemaName }, Name extends TableNameIn<Where> = never> =
  Table<Where, Name> extends { Update: infer Update } ? Update : never`
