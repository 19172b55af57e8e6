import { type Action, type Entity, type Module, operationsIn, type Relation } from '../core/module-set.ts'
import type { Operations } from '../core/operations.ts'
import { anyCaller } from '../core/sight.ts'
import { formatVersion } from '../core/version.ts'
import { jsonSchemaOf, type SchemaKind } from './json-schema.ts'
import { functionType } from './types-actions.ts'
import { enumMembers } from './types-enums.ts'
import { commentText, objectType, propertyName, stringType } from './types-text.ts'

/**
 * TypeScript for clients of these modules: the `Database` type that `@supabase/postgrest-js` and `supabase-js` 2.x take, in
 * the form of Supabase's own generator, and `…Row`, `…Insert` and `…Update` of each entity. Values are as they are in JSON.
 * `public` has the entities whose name is unique among the modules, `customers@1` those of one module, `customers` those of
 * its highest major; composed APIs stand beside them. The same modules give the same text, in whatever order they come.
 */
export function typesOf(modules: readonly Module[], more: Partial<Seen> = {}): string {
  const { apis = [], offeredAt = everythingIn(modules) } = more
  const sorted = modules.toSorted(byName)
  const entities = [...new Set([...sorted, ...apis].flatMap(shownOf))]
  const names = typeNames(entities)
  return [
    `// Made by "tenantry types" from ${sorted.map(({ name, version }) => `${name} ${formatVersion(version)}`).join(', ')}.\n// Make it anew instead of changing it.`,
    jsonType,
    ...entities.map(entity => entityTypes(entity, nameOf(names, entity))),
    databaseType({ modules: sorted, apis: apis.toSorted(byName), offeredAt }, entities, names),
    shorthands,
  ].join('\n\n')
}

interface Seen {
  /** Composed APIs, in the form of modules. */
  readonly apis: readonly Module[]
  /** What callers can do with entities at the address of a module or API, or of all (null). Absent: everything. */
  offeredAt(module: Module | null): ReadonlyMap<Entity, Operations>
}

function byName(a: Module, b: Module): number {
  return compareText(a.name, b.name) || a.version.major - b.version.major
}

function everythingIn(modules: readonly Module[]): Seen['offeredAt'] {
  const all = operationsIn(modules)
  return () => all
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
  { modules, apis, offeredAt }: Seen & { readonly modules: readonly Module[] },
  entities: readonly Entity[],
  names: ReadonlyMap<Entity, string>,
): string {
  const alike = Map.groupBy(entities, ({ name }) => name)
  const latest = (all: readonly Module[]) => [...new Map(all.map(module => [module.name, module])).values()]
  const actions = [...new Set(modules.flatMap(module => module.actions))]
  const byAction = Map.groupBy(actions, ({ name }) => name)
  const schema = (name: string, part: Omit<Part, 'names'>, about: string) =>
    `  /** ${commentText(about)} */\n  ${propertyName(name)}: ${schemaType({ ...part, names })}`
  const partOf = (module: Module) => {
    const own = shownOf(module)
    // Of a composed API nothing leads out.
    const all = apis.includes(module) ? own : entities
    return { own, all, offered: offeredAt(module), actions: module.actions }
  }
  const unique = {
    own: entities.filter(({ name }) => alike.get(name)?.length === 1),
    all: entities,
    offered: offeredAt(null),
    actions: actions.filter(({ name }) => byAction.get(name)?.length === 1),
  }
  return [
    'export type Database = {',
    "  __InternalSupabase: {\n    PostgrestVersion: '12'\n  }",
    schema('public', unique, 'Entities of all modules whose name only one of them has'),
    ...latest(modules).map(module => schema(module.name, partOf(module), `The highest major: ${module.id}`)),
    ...modules.map(module => schema(module.id, partOf(module), `The module ${module.id}`)),
    ...latest(apis).map(api => schema(api.name, partOf(api), `The highest major: ${api.id}`)),
    ...apis.map(api => schema(api.id, partOf(api), `The composed API ${api.id}`)),
    '}',
  ].join('\n')
}

interface Part {
  readonly own: readonly Entity[]
  /** What callers can do there. */
  readonly offered: ReadonlyMap<Entity, Operations>
  readonly actions: readonly Action[]
  readonly all: readonly Entity[]
  readonly names: ReadonlyMap<Entity, string>
}

/** Entities of other modules can be embedded, but are no tables of this schema: they stand among the views, as all that is only read. */
function schemaType({ own, offered, actions, all, names }: Part): string {
  const others = embeddable(own, new Set(all))
  const inside = new Map([...own, ...others].map(entity => [entity.name, entity]))
  const relations = (entity: Entity) =>
    relationsType(entity.references.filter(link => inside.get(link.to.name) === link.to && anyCaller.shows(link)))
  const writes = (entity: Entity) => {
    const can = offered.get(entity) ?? noOperations
    return { Insert: can.has('insert'), Update: can.has('update'), any: can.has('insert') || can.has('update') }
  }
  const table = (entity: Entity, kinds: Readonly<Record<string, boolean>>) => {
    const name = nameOf(names, entity)
    const types = Object.entries(kinds)
      .map(([kind, can]) => `        ${kind}: ${can ? name + kind : 'never'}\n`)
      .join('')
    return `      ${propertyName(entity.name)}: {\n${types}        Relationships: ${relations(entity)}\n      }`
  }
  return [
    '{',
    group(
      'Tables',
      own.flatMap(entity => {
        const { any, ...written } = writes(entity)
        return any ? [table(entity, { Row: true, ...written })] : []
      }),
    ),
    group(
      'Views',
      [...own.filter(entity => !writes(entity).any), ...others].map(entity => table(entity, { Row: true })),
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
    group('Enums', enumMembers(own)),
    group('CompositeTypes', []),
    '  }',
  ].join('\n')
}

const noOperations: Operations = new Set()

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
  Table<Where, Name> extends { Update: infer Update } ? Update : never

type EnumName = keyof Database['public']['Enums']
type EnumNameIn<Where> = Where extends { schema: infer Schema extends SchemaName }
  ? keyof Database[Schema]['Enums']
  : never

/** \`Enums<'customers_status'>\`: the values of a field. */
export type Enums<
  Where extends EnumName | { schema: SchemaName },
  Name extends EnumNameIn<Where> = never,
> = Where extends { schema: infer Schema extends SchemaName }
  ? Name extends keyof Database[Schema]['Enums']
    ? Database[Schema]['Enums'][Name]
    : never
  : Where extends EnumName
    ? Database['public']['Enums'][Where]
    : never`
