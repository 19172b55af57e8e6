import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { TenantryError } from '../../core/errors.ts'
import { defineCommand } from '../command.ts'
import { indent } from '../output.ts'
import { packageVersion } from '../package-version.ts'
import { findProductFolder, hasConfig, readModulesFolder } from '../product-folder.ts'
import { moduleFiles, nameModule, productFiles } from '../scaffold.ts'

export const moduleNew = defineCommand({
  about: 'In a folder without a tenantry.config.ts that is written too, so that "tenantry start" works at once.',
  args: { name: 'Its name: a-z, 0-9 and "_"' },
  options: { version: { type: 'text', value: '<x.y.z>', about: 'Its full version; default 1.0.0' } },
  examples: ['module new orders', 'module new orders --version 2.0.0'],
  async run({ args, options, globals, output }) {
    const names = nameModule(args.name, options.version ?? '1.0.0')
    const dir = globals.dir === undefined ? findProductFolder(undefined) : resolve(globals.dir)
    const isNew = !hasConfig(dir)
    await refuseCommonJs(dir)
    const folder = join(isNew ? join(dir, 'modules') : await readModulesFolder(dir), names.name, `v${names.major}`)
    if (existsSync(folder)) {
      throw new TenantryError('conflict', `There is a module in ${folder} already`, {
        hint: 'Choose another name, or a version with another major',
      })
    }

    const written: string[] = []
    const write = async (path: string, content: string) => {
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, content, { flag: 'wx' })
      written.push(relative(dir, path))
    }
    if (isNew) {
      const { config, manifest, ignored } = productFiles(basename(dir), names, packageVersion())
      await write(join(dir, 'tenantry.config.ts'), config)
      if (!existsSync(join(dir, 'package.json'))) await write(join(dir, 'package.json'), manifest)
      if (!existsSync(join(dir, '.gitignore'))) await write(join(dir, '.gitignore'), ignored)
    }
    for (const [file, content] of Object.entries(moduleFiles(names))) await write(join(folder, file), content)

    const module = `${names.name}@${names.major}`
    const next = isNew
      ? `Start it: tenantry start${globals.dir === undefined ? '' : ` --dir ${globals.dir}`}`
      : `Let a tenant run it: tenantry subscribe <tenant> ${module}`
    output.show({ dir, module, files: written }, `Wrote in ${dir}\n\n${indent(written.join('\n'))}\n\n${next}`)
    return undefined
  },
})

/** Modules are ES modules. Where nothing is said, Node finds that out; what says otherwise must be changed first. */
async function refuseCommonJs(dir: string): Promise<void> {
  const manifest = await readFile(join(dir, 'package.json'), 'utf8').catch(() => '{}')
  if (!/"type"\s*:\s*"commonjs"/.test(manifest)) return
  throw new TenantryError('conflict', `${join(dir, 'package.json')} says that its files are CommonJS`, {
    hint: 'Say: npm pkg set type=module',
  })
}
