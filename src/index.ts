export { type Authorizer, type Config, defineConfig, type Instancer, type RequestFacts } from './app/config.ts'
export { defineModule, type ModuleApp } from './app/define-module.ts'
export type { AccessRole, GrantedRole } from './core/access-role.ts'
export { action } from './core/action.ts'
export { type ActionDefinition, row, rows } from './core/action-definition.ts'
export type { Change, ChangeOf, ChangeOperation, ChangeOptions } from './core/changes.ts'
export { type EntityDefinition, entity, type Insert, type KeyOf, type Patch, type Row } from './core/entity.ts'
export { type ErrorCode, TenantryError } from './core/errors.ts'
export type { Features } from './core/features.ts'
export {
  array,
  bigint,
  boolean,
  bytes,
  date,
  decimal,
  type Field,
  integer,
  json,
  oneOf,
  range,
  reference,
  searchText,
  text,
  timestamp,
  uuid,
} from './core/field.ts'
export type { JsonValue } from './core/json.ts'
export { type ModuleDefinition, type Seed, seed } from './core/module.ts'
export type { Principal } from './core/principal.ts'
export { type Page, related, type Select, type Selected, type Where } from './core/query.ts'
export type { TenantData } from './core/tenant-data.ts'
export { type RowStep, type UpgradeDefinition, upgradeRows } from './core/upgrade-definition.ts'
export type { Version } from './core/version.ts'
export { sql, view } from './core/view.ts'
