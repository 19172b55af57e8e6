import { createHash } from 'node:crypto'
import { isTenantRole, servingRoles } from '../../core/access-role.ts'
import type { Entity, Module, View } from '../../core/module-set.ts'
import { tableOf } from './sql/join.ts'
import { columnType, elementType } from './sql/types.ts'
import { identifier } from './sql/writer.ts'
import type { Step } from './step.ts'

/** Stands in the comment of a view that was made from a definition, before its print. */
export const viewComment = 'tenantry view '

/** The views of a module, each behind those that it reads. Only roles inside a tenant read them: a row does not say whose it is. */
export function viewSteps(module: Module, prefix: string): Step[] {
  return inOrder(module).flatMap(({ entity, view }) => {
    const name = `${module.schema}.${entity.name}`
    const sql = viewSql(entity, view)
    return [
      { id: `view ${name}`, sql: `${sql}; comment on view ${tableOf(entity)} is '${viewComment}${printOf(sql)}'` },
      ...servingRoles.filter(isTenantRole).map(role => ({
        id: `grant ${name} ${prefix}_${role}`,
        sql: `grant select on ${tableOf(entity)} to ${identifier(`${prefix}_${role}`)}`,
      })),
    ]
  })
}

/** Names and types are those of the fields, whatever the author's query calls and gives; nothing else of it can be seen. */
function viewSql(entity: Entity, { texts, reads }: View): string {
  const query = texts.map((text, index) => text + (index < reads.length ? tableOfRead(reads[index]) : '')).join('')
  const columns = [...entity.fields.values()].map(field => {
    const collation = elementType(entity, field) === 'text' ? ` collate ${identifier(field.spec.collation ?? 'C')}` : ''
    return `q.${identifier(field.name)}::${columnType(entity, field)}${collation} as ${identifier(field.name)}`
  })
  return `create view ${tableOf(entity)} with (security_invoker = true) as select ${columns.join(', ')} from (\n${query.trim().replace(/;$/, '')}\n) q`
}

function tableOfRead(entity: Entity | undefined): string {
  return entity ? tableOf(entity) : ''
}

function printOf(sql: string): string {
  return createHash('sha256').update(sql).digest('base64url')
}

function inOrder({ entities }: Module): { entity: Entity; view: View }[] {
  const done = new Map<Entity, View>()
  const visit = (entity: Entity): void => {
    if (!entity.view || done.has(entity) || !entities.includes(entity)) return
    for (const read of entity.view.reads) if (read !== entity) visit(read)
    done.set(entity, entity.view)
  }
  for (const entity of entities) visit(entity)
  return [...done].map(([entity, view]) => ({ entity, view }))
}
