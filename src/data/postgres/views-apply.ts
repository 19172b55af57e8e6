import type pg from 'pg'
import { TenantryError } from '../../core/errors.ts'
import type { Entity, Module } from '../../core/module-set.ts'
import { treeFaultsSql } from './actions-check.ts'
import type { Step } from './step.ts'
import { viewComment } from './views-ddl.ts'

/**
 * Drops the views that were made from definitions which say otherwise now, and what was made over them: views and functions of
 * actions, all of which are made anew. They hold nothing. Answers how many there were.
 */
export async function dropOutdatedViews(
  client: pg.ClientBase,
  schemas: readonly string[],
  steps: readonly Step[],
): Promise<number> {
  const wanted = new Map(steps.map(({ id, sql }) => [id, sql]))
  const { rows } = await client.query<{ id: string; name: string; comment: string }>(
    `select 'view ' || n.nspname || '.' || c.relname as id, c.oid::regclass::text as name, obj_description(c.oid, 'pg_class') as comment
     from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = any ($1::text[]) and c.relkind = 'v'`,
    [schemas],
  )
  const outdated = rows.filter(
    ({ id, comment }) => comment?.startsWith(viewComment) && !wanted.get(id)?.includes(`'${comment}'`),
  )
  for (const { name } of outdated) await client.query(`drop view if exists ${name} cascade`)
  return outdated.length
}

/** Throws `invalid` for views that read what their definition does not name, or call what could change for whom they run. */
export async function refuseViewFaults(client: pg.ClientBase, modules: readonly Module[]): Promise<void> {
  const views = new Map<string, Entity>()
  for (const entity of modules.flatMap(({ entities }) => entities)) if (entity.view) views.set(placeOf(entity), entity)
  if (views.size === 0) return
  const { rows } = await client.query<{
    name: string
    relations: readonly { name: string }[]
    functions: readonly string[]
  }>(
    treeFaultsSql(`select n.nspname || '.' || c.relname as name, w.ev_action::text as tree from pg_rewrite w join pg_class c on c.oid = w.ev_class
      join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'v' and n.nspname || '.' || c.relname = any ($1::text[])`),
    [[...views.keys()]],
  )
  const problems = rows.flatMap(({ name, relations, functions }) => {
    const view = views.get(name)
    const allowed = new Set([name, ...(view?.view?.reads ?? []).map(placeOf)])
    return [
      ...relations
        .filter(relation => !allowed.has(relation.name))
        .map(relation => `${view?.id}: it reads ${relation.name} which no value of its template names`),
      ...functions.map(called => `${view?.id}: it calls ${called}, which a view may not`),
    ]
  })
  if (problems.length === 0) return
  throw new TenantryError('invalid', 'The views read or call what they may not', {
    details: problems.join('\n'),
    hint: 'Entities stand in their SQL as values of the template, and call functions of PostgreSQL that change nothing',
  })
}

function placeOf({ module, name }: Entity): string {
  return `${module.schema}.${name}`
}
