/** Nothing but what comes from here, and no script or style inside the page. */
export const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  // Its icons are in the style sheet.
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/**
 * The page at `/{tenant}/docs` and `/{tenant}/{module}/v1/docs`: the same for everybody and everywhere, since it knows nothing. It
 * asks for the document beside it with the token that its reader pastes. `title`: the product's.
 */
export function docsPage(title: string): string {
  const name = escapeHtml(title)
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${name}: API</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="stylesheet" href="docs/page.css">
<link rel="icon" href="data:,">
</head>
<body>
<header>
<h1>${name}</h1>
<form id="access">
<label for="token">Access token</label>
<input id="token" type="password" autocomplete="off" spellcheck="false" placeholder="Paste a token to see what it may use">
<button type="submit">Use it</button>
<a id="document" href="openapi.json" rel="nofollow">openapi.json</a>
</form>
</header>
<p id="said" role="status" hidden></p>
<main id="reference"></main>
<noscript><p>This page needs JavaScript. Without it there is <a href="openapi.json">openapi.json</a>.</p></noscript>
<script src="docs/swagger-ui.js" defer></script>
<script src="docs/page.js" defer></script>
</body>
</html>
`
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}
