/** What the page does. The token stays in the page's memory: a reload forgets it. */
export const pageScript = `'use strict'
const place = new URL(location.pathname.replace(/\\/docs\\/?$/, '/openapi.json'), location.origin)
const byId = id => document.getElementById(id)
byId('document').href = place.pathname
let latest = 0

function say(text) {
  byId('said').textContent = text
  byId('said').hidden = text === ''
}

async function load(token) {
  const turn = ++latest
  const headers = token ? { Authorization: 'Bearer ' + token } : {}
  let answer, document
  try {
    answer = await fetch(place, { headers, credentials: 'omit', cache: 'no-store' })
    document = await answer.json()
  } catch {
    return say('The server does not answer. Is it running?')
  }
  if (turn !== latest) return
  if (!answer.ok) {
    byId('reference').replaceChildren()
    return say(token ? [document.message, document.hint].filter(Boolean).join('. ') : 'Paste an access token to see what it may use.')
  }
  say(Object.keys(document.paths).length === 0 ? 'This token may use nothing here.' : '')
  show(document, token)
}

// An example of what may be left out is told and not filled in: nobody means all filters at once.
function told(part) {
  if (Array.isArray(part)) return part.map(told)
  if (part === null || typeof part !== 'object') return part
  const { example, ...rest } = part
  if (typeof part.in === 'string' && example !== undefined && !part.required)
    return { ...rest, description: part.description + '. For example \`' + example + '\`' }
  return Object.fromEntries(Object.entries(part).map(([name, inner]) => [name, told(inner)]))
}

function show(document, token) {
  const servers = document.servers.map(({ url }) => ({ url: new URL(url, place).href.replace(/\\/$/, '') }))
  const spec = { ...told(document), servers }
  const reference = SwaggerUIBundle({
    domNode: byId('reference'),
    spec,
    presets: [SwaggerUIBundle.presets.apis],
    layout: 'BaseLayout',
    deepLinking: true,
    docExpansion: 'list',
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    filter: true,
    persistAuthorization: false,
    tryItOutEnabled: true,
    validatorUrl: null,
    withCredentials: false,
    onComplete: () => token && reference.preauthorizeApiKey('bearer', token),
  })
}

byId('access').addEventListener('submit', event => {
  event.preventDefault()
  load(byId('token').value.trim().replace(/^Bearer +/i, ''))
})
load('')
`
