import { entity } from '../core/entity.ts'
import { TenantryError } from '../core/errors.ts'
import { text } from '../core/field.ts'
import { checkModules } from '../core/module-check.ts'

/** What a new module is called in its files. */
export interface ModuleNames {
  readonly name: string
  readonly version: string
  readonly major: string
  /** Its first entity: called like the module where it can be. */
  readonly entity: string
  /** The entity's constant. */
  readonly constant: string
  /** The entity's file, without its ending. */
  readonly file: string
}

/** Files by their path from the product's folder. */
export type Files = Readonly<Record<string, string>>

const fallback = 'items'

/** The names of a new module, checked with the rules for any module. Throws `invalid` with every problem at once. */
export function nameModule(name: string, version: string): ModuleNames {
  const problems = problemsOf(name, version, fallback)
  if (problems.length > 0) {
    throw new TenantryError('invalid', 'A module cannot be called so', {
      details: problems.join('\n'),
      hint: 'For example: tenantry module new orders --version 1.0.0',
    })
  }
  const isUsable = name !== 'module' && isConstant(camelCase(name)) && problemsOf(name, version, name).length === 0
  const entityName = isUsable ? name : fallback
  return {
    name,
    version,
    major: version.split('.', 1)[0] ?? '',
    entity: entityName,
    constant: camelCase(entityName),
    file: entityName.replaceAll('_', '-'),
  }
}

function problemsOf(name: string, version: string, entityName: string): string[] {
  const definition = { name, version, entities: [entity(entityName, { title: text() }, { indexes: [['title']] })] }
  return checkModules([definition]).map(({ place, message }) => `${place}: ${message}`)
}

function camelCase(name: string): string {
  return name.replace(/_+([a-z0-9]|$)/g, (_, letter: string) => letter.toUpperCase())
}

/** Names that the file imports, and words that JavaScript keeps to itself. */
const taken = new Set([
  ...['entity', 'oneOf', 'text', 'defineModule', 'arguments', 'await', 'break', 'case', 'catch', 'class', 'const'],
  ...['continue', 'debugger', 'default', 'delete', 'do', 'else', 'enum', 'eval', 'export', 'extends', 'false'],
  ...['finally', 'for', 'function', 'if', 'implements', 'import', 'in', 'instanceof', 'interface', 'let', 'new'],
  ...['null', 'package', 'private', 'protected', 'public', 'return', 'static', 'super', 'switch', 'this', 'throw'],
  ...['true', 'try', 'typeof', 'undefined', 'var', 'void', 'while', 'with', 'yield'],
])

function isConstant(name: string): boolean {
  return !taken.has(name)
}

/** The files of a module, below the folder of its version. */
export function moduleFiles({ name, version, entity, constant, file }: ModuleNames): Files {
  return {
    'module.ts': `import { defineModule } from 'tenantry'
import { ${constant} } from './${file}.ts'

export default defineModule({
  name: '${name}',
  version: '${version}',
  entities: [${constant}],
  access: { admin: 'tenant_writer', auditor: 'tenant_reader', service_admin: 'writer', service_auditor: 'reader' },
})
`,
    [`${file}.ts`]: `import { entity, oneOf, text } from 'tenantry'

export const ${constant} = entity(
  '${entity}',
  {
    title: text({ min: 1, max: 200 }),
    status: oneOf('open', 'done').default('open'),
    note: text({ max: 2000 }).optional(),
  },
  { revision: true, indexes: [['status', 'title']] },
)
`,
  }
}

/** What makes a folder a product: two tenants run the module, so that one can see that they are kept apart. */
export function productFiles(
  folderName: string,
  { name, major }: ModuleNames,
  tenantryVersion: string,
): { readonly config: string; readonly manifest: string; readonly ignored: string } {
  const title = folderName.replace(/[^\p{L}\p{N}]+/gu, ' ').trim() || 'Product'
  const packageName =
    folderName
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '') || 'product'
  const manifest = {
    name: packageName === 'tenantry' ? 'product' : packageName,
    version: '0.0.0',
    private: true,
    type: 'module',
    scripts: { start: 'tenantry start' },
    dependencies: { tenantry: `^${tenantryVersion}` },
  }
  return {
    config: `import { defineConfig } from 'tenantry'

export default defineConfig({
  name: '${title[0]?.toUpperCase()}${title.slice(1)}',
  development: {
    tenants: {
      acme: { name: 'Acme Corporation', subscribe: ['${name}@${major}'] },
      globex: { name: 'Globex Corporation', subscribe: ['${name}@${major}'] },
    },
  },
})
`,
    manifest: `${JSON.stringify(manifest, null, 2)}\n`,
    // The embedded database and the master key are in there.
    ignored: '.tenantry/\nnode_modules/\n',
  }
}
