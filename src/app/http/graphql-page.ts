import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { createPageFiles, scriptType, styleType } from '../page-files.ts'
import { sendPageFile } from './page-file.ts'

/** Only what this server sends is run or asked; the editor makes its styles as it goes. */
const policy =
  "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** Everything is beside the page, wherever it is mounted. */
const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>GraphiQL</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="graphql/page.css">
</head>
<body class="no-focus-outline">
<noscript>This page needs JavaScript.</noscript>
<div id="root"></div>
<script src="graphql/page.js" defer></script>
<script src="graphql/start.js" defer></script>
</body>
</html>
`

const start = `const workers = { editorWorkerService: 'editor.js', json: 'json.js', graphql: 'graphql.js' }
self.MonacoEnvironment = { globalAPI: false, getWorkerUrl: (_, label) => 'graphql/' + (workers[label] ?? 'editor.js') }
YogaGraphiQL.renderYogaGraphiQL(document.querySelector('#root'), {
  endpoint: location.pathname,
  title: 'GraphiQL',
  defaultQuery: '# Put your token into "Headers" below: { "Authorization": "Bearer …" }\\n\\n{\\n  __typename\\n}\\n',
  subscriptionsProtocol: 'SSE',
})
`

const library = () => import('@graphql-yoga/render-graphiql/graphiql')

/** Read when somebody first looks at the page: they are ten megabytes. */
const findFile = createPageFiles({
  'page.js': { type: scriptType, read: async () => (await library()).js },
  'editor.js': { type: scriptType, read: async () => (await library()).editorWorkerService },
  'graphql.js': { type: scriptType, read: async () => (await library()).graphqlWorker },
  'json.js': { type: scriptType, read: async () => (await library()).jsonWorker },
  'start.js': { type: scriptType, read: async () => start },
  'page.css': { type: styleType, read: async () => (await library()).css },
})

/** True for a browser that shows a page, and asks for no document. */
export function wantsPage({ method, headers, query }: FastifyRequest): boolean {
  const asks = typeof query === 'object' && query !== null && ('query' in query || 'documentId' in query)
  return method === 'GET' && !asks && /(^|,)\s*text\/html\b/i.test(headers.accept ?? '')
}

/** GraphiQL, without any of the tenant's data: the schema comes with the token that its reader gives it. */
export function sendPage(reply: FastifyReply): FastifyReply {
  return reply
    .type('text/html; charset=utf-8')
    .header('Content-Security-Policy', policy)
    .header('Referrer-Policy', 'no-referrer')
    .header('Vary', 'Accept')
    .send(html)
}

/** What the page consists of. */
export function pageFiles(app: FastifyInstance): void {
  for (const url of ['/:tenant/graphql/:file', '/:tenant/:module/:version/graphql/:file']) {
    app.get<{ Params: { readonly file: string } }>(url, async (request, reply) => {
      // A worker has the policy of its own file.
      reply.header('Content-Security-Policy', policy)
      return sendPageFile(request, reply, findFile(request.params.file))
    })
  }
}
