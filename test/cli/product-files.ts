import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** A new folder that the embedded server's account can walk into; `remove` it afterwards. */
export function newFolder(files: Readonly<Record<string, string>> = {}): { dir: string; remove(): void } {
  const dir = mkdtempSync(join(tmpdir(), 'tenantry-cli-'))
  chmodSync(dir, 0o755)
  writeFiles(dir, files)
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) }
}

export function writeFiles(dir: string, files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true })
    writeFileSync(join(dir, path), content)
  }
}

const access = "{ admin: 'tenant_writer', auditor: 'tenant_reader' }"

/** A small product: tasks reference people, who are public; notes stand alone. */
export const productFiles = {
  'package.json': '{ "type": "module" }',
  'tenantry.config.ts': `import { defineConfig } from 'tenantry'
export default defineConfig({
  name: 'To do',
  development: { tenants: { acme: { name: 'Acme', subscribe: ['tasks@1'] }, globex: { subscribe: ['people@1'] } } },
})
`,
  'modules/people/v1/module.ts': `import { defineModule, entity, text, seed } from 'tenantry'
export const people = entity('people', { name: text() })
const rows = [{ id: '00000000-0000-7000-8000-000000000001', name: 'Ada' }]
export default defineModule({
  name: 'people', version: '1.2.0', public: true, entities: [people], access: ${access},
  seeds: [seed(people, rows), seed(people, [{ id: '00000000-0000-7000-8000-000000000002', name: 'Test' }], { temporary: true })],
})
`,
  'modules/tasks/v1/module.ts': `import { defineModule, entity, reference, text } from 'tenantry'
import { people } from '../../people/v1/module.ts'
const tasks = entity('tasks', { title: text(), owner_id: reference(() => people).optional() })
export default defineModule({
  name: 'tasks', version: '1.0.0', dependsOn: ['people@1'], entities: [tasks], access: ${access},
})
`,
  'modules/notes/v1/module.ts': `import { defineModule, entity, text } from 'tenantry'
export default defineModule({
  name: 'notes', version: '1.0.0', entities: [entity('notes', { body: text() })], access: ${access},
  routes: app => {
    app.get('/boom', async () => {
      setTimeout(() => { throw new Error('boom') }, 50)
      return {}
    })
  },
})
`,
}
