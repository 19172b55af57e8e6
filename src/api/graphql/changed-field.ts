import {
  GraphQLEnumType,
  type GraphQLFieldConfig,
  type GraphQLFieldConfigMap,
  type GraphQLInputObjectType,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
} from 'graphql'
import type { ChangeOperation } from '../../core/changes.ts'
import type { Entity } from '../../core/module-set.ts'
import { deleted } from './filters.ts'
import type { ShapeNames } from './names.ts'
import { scalars } from './scalars.ts'

/** What was done to a row, by the names that it has in a document. */
export const operationNames: Readonly<Record<string, ChangeOperation>> = {
  INSERT: 'insert',
  UPDATE: 'update',
  SOFT_DELETE: 'softDelete',
  RESTORE: 'restore',
  DELETE: 'delete',
}

const changeOperation = new GraphQLEnumType({
  name: 'ChangeOperation',
  description: 'What was done to a row',
  values: Object.fromEntries(Object.entries(operationNames).map(([name, value]) => [name, { value }])),
})

const needed = <Type extends GraphQLEnumType | GraphQLObjectType | (typeof scalars)['String' | 'DateTime']>(
  type: Type,
) => new GraphQLNonNull(type)

/** The field of `Subscription` that tells the changes of an entity's rows. */
export function changedField(of: {
  readonly entity: Entity
  readonly names: ShapeNames
  /** Of the row. */
  readonly type: GraphQLObjectType
  readonly keyTypes: GraphQLFieldConfigMap<unknown, unknown>
  readonly where: { readonly type: GraphQLInputObjectType }
}): GraphQLFieldConfig<unknown, unknown> {
  const { entity, names, type, keyTypes, where } = of
  const payload = new GraphQLObjectType({
    name: names.part('Change'),
    description: 'One change of one row',
    fields: {
      operation: { type: needed(changeOperation) },
      position: { type: needed(scalars.String), description: 'Give it as "after" to go on behind this change' },
      at: { type: needed(scalars.DateTime), description: 'When it was written' },
      key: { type: needed(new GraphQLObjectType({ name: names.part('Key'), fields: keyTypes })) },
      row: { type, description: 'As it is now; null when it is gone or no longer seen' },
    },
  })
  return {
    type: needed(payload),
    description: 'Tells changes, each at least once and in order for each row',
    args: {
      where: { ...where, description: 'Rows that are such now; of rows that are gone all are told' },
      operations: { type: new GraphQLList(needed(changeOperation)), description: 'Only these' },
      after: { type: scalars.String, description: 'The position to go on behind; absent: begin now' },
      ...(entity.softDelete && { deleted: { type: deleted } }),
    },
  }
}
