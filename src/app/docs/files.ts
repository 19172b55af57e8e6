import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { createPageFiles, scriptType, styleType } from '../page-files.ts'
import { pageScript } from './script.ts'
import { pageStyle } from './style.ts'

/** The library's files, without the Fastify plugin that they come with. */
const ofLibrary = (url: string) => () => readFile(fileURLToPath(url))

export const findPageFile = createPageFiles({
  'swagger-ui.js': {
    type: scriptType,
    read: ofLibrary(import.meta.resolve('@fastify/swagger-ui/static/swagger-ui-bundle.js')),
  },
  'swagger-ui.css': {
    type: styleType,
    read: ofLibrary(import.meta.resolve('@fastify/swagger-ui/static/swagger-ui.css')),
  },
  'page.js': { type: scriptType, read: async () => pageScript },
  'page.css': { type: styleType, read: async () => pageStyle },
})
