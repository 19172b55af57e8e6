import type { ModuleSet } from '../../src/core/module-set.ts'
import { raised } from '../../src/data/postgres/sql/raised.ts'
import { markerPattern } from './hostile.ts'

/** All that a statement may be made of besides names of definitions: words of SQL, functions, types, names of ours. */
const words: ReadonlySet<string> = new Set(
  `select from where and or not in any all as is null true false unknown distinct on case when then else end with join left
  cross lateral exists order by asc desc nulls first last limit offset group insert into update set delete returning values
  conflict do nothing excluded default array like ilike begin isolation level repeatable commit rollback read only row using cast
  count sum avg min max coalesce json_agg row_to_json to_json to_jsonb json_strip_nulls json_to_recordset json_to_record
  json_array_elements string_agg replace substr length pg_column_size set_config now current_date gen_random_uuid
  to_tsvector to_tsquery plainto_tsquery phraseto_tsquery websearch_to_tsquery refuse uuid_v7
  text varchar int int2 int4 int8 integer bigint smallint numeric decimal float4 float8 real double precision bool boolean
  uuid date time timestamp timestamptz interval json jsonb bytea int4range int8range numrange daterange tstzrange tsvector
  regconfig tid with as materialized union ctid rows rank row_number over page found next revision max
  unnest ordinality given number concat_ws json_build_array f i v value exists nullif current_setting char_length double precision fingerprint answer subject key_hash expires_at for answer declare no scroll cursor without hold fetch forward close pg_try_advisory_xact_lock tenantry tenant_id instance_id body n total r a e g j w xmax created_at updated_at deleted_at`.split(
    /\s+/,
  ),
)

/** Aliases of tables, joins and columns. */
const alias = /^(?:[tsc]|found|line|value)\d*$/

const literals: ReadonlySet<string> = new Set(
  `'' ',' '[]' '}' 'null' 'role' 'tenantry.tenant' 'tenantry.instance' 'tenantry.subject' 'tenantry.rows' 'statement_timeout' 'present' 'absent' 'true'
  ${Object.values(raised)
    .map(code => `'${code}'`)
    .join(' ')} E'\\\\\\\\' E'\\\\' E'\\n'`.split(/\s+/),
)

/** What is said of a parameter, with its name. */
const argument = /^'The argument "(\w+)" must [a-z\d ,]+'$/

const token = /"(?:[^"]|"")*"|e?'(?:[^']|'')*'|\$\d+|\d+(?:\.\d+)?|[a-z_]\w*|\s+|[^\s]/giu

/** `shown`: what definitions are called in answers. Says what of a text comes neither from the definitions nor from us; nothing when all does. */
export function createStatementCheck(
  modules: ModuleSet,
  shown: readonly string[],
): (text: string) => string | undefined {
  const names = new Set([
    ...shown,
    'tenantry',
    'idempotency',
    'value',
    'inserted?',
    'row?',
    'kept?',
    'count',
    'sum',
    'avg',
    'min',
    'max',
  ])
  const values = new Set([...literals, "'1 second'", "'deleted_at can only be set to null, which restores the row'"])
  for (const { schema, entities, actions } of modules.modules) {
    names.add(schema)
    for (const { name, input } of actions) for (const known of [name, ...input.fields.keys()]) names.add(known)
    for (const { name, fields } of entities) {
      names.add(name)
      values.add(`'${name} '`)
      // What was made from a stale copy is refused with the entity's name.
      values.add(`'${name}'`)
      for (const { name: field, spec } of fields.values()) {
        names.add(field)
        // The twin of a decimal, and the functions that search a field.
        names.add(`${field}?`)
        for (const operator of ['cs', 'cd', 'ov', 'fts', 'sl', 'sr', 'nxr', 'nxl', 'adj']) {
          names.add(`${name}.${field} ${operator}`)
        }
        values.add(`'${field}'`)
        for (const choice of spec.values ?? []) values.add(`'${choice}'`)
        if (spec.default !== undefined) {
          const { default: value } = spec
          values.add(`'${typeof value === 'string' ? value : JSON.stringify(value)}'`)
        }
      }
    }
  }
  return text => {
    if (markerPattern.test(text)) return 'a word of the request'
    return text.match(token)?.find(part => !isKnown(part, names, values))
  }
}

function isKnown(part: string, names: ReadonlySet<string>, values: ReadonlySet<string>): boolean {
  if (part.startsWith('"')) return names.has(part.slice(1, -1))
  if (/^e?'/i.test(part)) return values.has(part) || names.has(argument.exec(part)?.[1] ?? '')
  if (/^[a-z_]/i.test(part)) return words.has(part) || alias.test(part)
  return /^[\s\d.$()[\],;:=<>!~*|&@+\-?#]+$/.test(part)
}
