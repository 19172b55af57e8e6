import type pg from 'pg'
import { rolesOf } from '../roles.ts'
import { identifier } from '../sql/writer.ts'
import {
  type Column,
  type Constraint,
  type Index,
  type OwnedFunction,
  type Policy,
  prefixMark,
  type SchemaGrant,
  type Structure,
  type Table,
  type TableGrant,
  type Trigger,
  type View,
} from './structure.ts'
import { piecesSql } from './structure-sql.ts'

interface Place {
  readonly schema: string
  readonly table: string
}

/** A row of `piecesSql`: the kind of a part, and the part. */
type Piece =
  | { readonly kind: 'schema grant'; readonly piece: SchemaGrant }
  | { readonly kind: 'table'; readonly piece: Place }
  | { readonly kind: 'column'; readonly piece: Place & Column }
  | { readonly kind: 'constraint'; readonly piece: Place & Constraint }
  | { readonly kind: 'index'; readonly piece: Place & Index }
  | { readonly kind: 'policy'; readonly piece: Place & Policy }
  | { readonly kind: 'trigger'; readonly piece: Place & Trigger }
  | { readonly kind: 'grant'; readonly piece: Place & TableGrant }
  | { readonly kind: 'function'; readonly piece: OwnedFunction }
  | { readonly kind: 'view'; readonly piece: Omit<View, 'grants'> }

export interface ReadOptions {
  readonly schemas: readonly string[]
  readonly prefix: string
  /** What the names of these schemas begin with beside their own: those of scratch schemas. It is left out of all texts. */
  readonly scratch?: string
}

/** Reads the structure of these schemas. The search path of the session is empty afterwards. */
export async function readStructure(
  client: pg.ClientBase,
  { schemas, prefix, scratch = '' }: ReadOptions,
): Promise<Structure> {
  await client.query(`select set_config('search_path', '', false)`)
  const { rows } = await client.query<{ text: string }>(piecesSql, [schemas.map(schema => scratch + schema)])
  const roles = new Set(Object.values(rolesOf(prefix)).flat())
  const markRole = (role: string) => (roles.has(role) ? prefixMark + role.slice(prefix.length) : role)
  const body = new RegExp(`'${prefix}(_[a-z_]+)'`, 'g')
  const markBody = (text: string) =>
    text.replace(body, (all, name: string) => (roles.has(prefix + name) ? `'${prefixMark}${name}'` : all))
  const pieces = rows.map(({ text }): Piece => JSON.parse(scratch === '' ? text : text.replaceAll(scratch, '')))
  return collect(pieces, { markRole, markBody })
}

interface Marks {
  markRole(role: string): string
  markBody(text: string): string
}

type OpenTable = { [Name in keyof Table]: Table[Name] extends ReadonlyMap<infer K, infer V> ? Map<K, V> : Table[Name] }

function collect(pieces: readonly Piece[], { markRole, markBody }: Marks): Structure {
  const schemaGrants = new Map<string, SchemaGrant>()
  const tables = new Map<string, OpenTable>()
  const functions = new Map<string, OwnedFunction>()
  const views = new Map<string, View & { readonly grants: Map<string, TableGrant> }>()
  const tableAt = ({ schema, table }: Place): OpenTable => {
    const name = `${schema}.${table}`
    const known = tables.get(name)
    if (known) return known
    const parts = { columns: new Map(), constraints: new Map(), indexes: new Map(), policies: new Map() }
    const made: OpenTable = { schema, name: table, ...parts, triggers: new Map(), grants: new Map() }
    tables.set(name, made)
    return made
  }
  for (const { kind, piece } of pieces.toSorted((a, b) => Number(b.kind === 'view') - Number(a.kind === 'view'))) {
    switch (kind) {
      case 'schema grant': {
        const role = markRole(piece.role)
        schemaGrants.set(`${piece.schema} ${role}`, { ...piece, role })
        break
      }
      case 'table':
        tableAt(piece)
        break
      case 'column':
        tableAt(piece).columns.set(piece.name, piece)
        break
      case 'constraint':
        tableAt(piece).constraints.set(piece.name, piece)
        break
      case 'index':
        tableAt(piece).indexes.set(piece.name, piece)
        break
      case 'policy':
        tableAt(piece).policies.set(piece.name, { ...piece, roles: piece.roles.map(markRole) })
        break
      case 'trigger':
        tableAt(piece).triggers.set(piece.name, { ...piece, definition: markBody(piece.definition) })
        break
      case 'grant': {
        const role = markRole(piece.role)
        const { grants } = views.get(`${piece.schema}.${piece.table}`) ?? tableAt(piece)
        grants.set(piece.column === null ? role : `${role} ${piece.column}`, { ...piece, role })
        break
      }
      case 'function': {
        const { schema, signature, owner, definition, execute } = piece
        functions.set(`${schema}.${signature}`, {
          ...{ schema, signature, owner: markRole(owner), definition: markBody(definition) },
          execute: execute.map(markRole),
        })
        break
      }
      case 'view':
        views.set(`${piece.schema}.${piece.name}`, { ...piece, grants: new Map() })
    }
  }
  return { schemaGrants, tables, functions, views }
}

/** A role as SQL; `public` is nobody's name. */
export function roleSql(role: string): string {
  return role === 'public' ? role : identifier(role)
}
