import type { Action, Entity } from '../core/module-set.ts'
import { anyCaller } from '../core/sight.ts'
import { jsonSchemaOf } from './json-schema.ts'
import { commentText, objectType, propertyName, propertyType } from './types-text.ts'

/** What is known of the schema that an action stands in. */
export interface TypesAround {
  /** The name of the type of an entity's rows; none where its types are left out. */
  rowType(entity: Entity): string | undefined
  /** Whether the entity is a table or view of the schema, so that related rows can be embedded in its own. */
  isInside(entity: Entity): boolean
}

/** An action as a member of `Functions`, in the form of Supabase's own generator. */
export function functionType(action: Action, around: TypesAround): string {
  const { name, input, definition, output } = action
  const about = definition.description ? `      /** ${commentText(definition.description)} */\n` : ''
  const args = input.fields.size === 0 ? 'never' : indented(objectType(jsonSchemaOf(input, 'insert')))
  const { kind, entity } = output
  const many = kind === 'rows'
  const options =
    (kind === 'rows' || kind === 'row') && isTable(entity) && around.isInside(entity)
      ? `        SetofOptions: { from: '*'; to: '${entity.name}'; isOneToOne: ${!many}; isSetofReturn: ${many} }\n`
      : ''
  return `${about}      ${propertyName(name)}: {\n        Args: ${args}\n        Returns: ${returnsOf(action, around)}\n${options}      }`
}

function returnsOf({ output: { kind, entity } }: Action, around: TypesAround): string {
  switch (kind) {
    case 'nothing':
      return 'undefined'
    case 'value':
      return propertyType(jsonSchemaOf(entity, 'row'), 'value')
    case 'rows':
    case 'row': {
      const row =
        around.rowType(entity) ?? indented(objectType(jsonSchemaOf(entity, 'row', anyCaller.fieldsOf(entity))))
      return kind === 'rows' ? `${row}[]` : row
    }
  }
}

/** Every table has a key. */
function isTable({ key }: Entity): boolean {
  return key.length > 0
}

function indented(text: string): string {
  return text.replaceAll('\n', '\n        ')
}
