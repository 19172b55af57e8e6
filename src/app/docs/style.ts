/** Over the library's own: a bar of ours, and plainer. */
export const pageStyle = `:root { color-scheme: light; --line: #d9dbe4; --ink: #1b1d29; --quiet: #5b5f73; --accent: #3b3bb3 }
* { box-sizing: border-box }
body { margin: 0; background: #fff; color: var(--ink); font: 16px/1.5 system-ui, sans-serif }
header { position: sticky; top: 0; z-index: 10; display: flex; flex-wrap: wrap; align-items: center; gap: .5rem 1.5rem; padding: .75rem max(1.25rem, calc((100vw - 1420px) / 2)); background: #fff; border-bottom: 1px solid var(--line) }
header h1 { margin: 0; font-size: 1.15rem }
#access { display: flex; flex: 1 1 24rem; align-items: center; justify-content: flex-end; gap: .6rem }
#access label { color: var(--quiet); font-size: .875rem; white-space: nowrap }
#access input { flex: 1 1 auto; min-width: 8rem; max-width: 30rem; padding: .4rem .6rem; font: .875rem ui-monospace, monospace; border: 1px solid var(--line); border-radius: .35rem; background: #fff; color: inherit }
#access button { padding: .4rem .9rem; font: inherit; font-size: .875rem; color: #fff; background: var(--accent); border: 0; border-radius: .35rem; cursor: pointer; white-space: nowrap }
#access a { color: var(--accent); font-size: .875rem }
#access :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }
#said { max-width: 1420px; margin: 2rem auto; padding: 0 1.25rem; color: var(--quiet) }
.swagger-ui, .swagger-ui .opblock-tag, .swagger-ui .info .title, .swagger-ui .opblock .opblock-summary-description, .swagger-ui table thead tr td, .swagger-ui table thead tr th, .swagger-ui .btn, .swagger-ui label, .swagger-ui select, .swagger-ui .parameter__name, .swagger-ui .response-col_status, .swagger-ui .opblock-description-wrapper p { font-family: system-ui, sans-serif; color: var(--ink) }
.swagger-ui .info { margin: 1.75rem 0 1rem }
.swagger-ui .info .title { font-size: 1.6rem }
.swagger-ui .info .title small { background: var(--quiet) }
.swagger-ui .info .title small.version-stamp { background: var(--accent) }
.swagger-ui .info .description, .swagger-ui .info p { font-size: .95rem; line-height: 1.6; max-width: 60rem; color: var(--ink) }
.swagger-ui .scheme-container { padding: .75rem 0; box-shadow: none; border-block: 1px solid var(--line); background: none }
.swagger-ui .opblock { box-shadow: none; border-radius: .4rem }
.swagger-ui .opblock .opblock-summary-method { border-radius: .3rem; min-width: 5rem; color: #fff }
.swagger-ui .opblock .opblock-summary-path { font-family: ui-monospace, monospace; font-weight: 600 }
.swagger-ui .opblock-tag { border-bottom-color: var(--line); font-size: 1.2rem }
.swagger-ui .opblock-tag small { color: var(--quiet) }
.swagger-ui .btn.execute { color: #fff; background: var(--accent); border-color: var(--accent) }
.swagger-ui .auth-wrapper, .swagger-ui .authorization__btn { display: none }
.swagger-ui .filter .operation-filter-input { border: 1px solid var(--line); border-radius: .35rem; padding: .5rem .7rem }
@media (max-width: 44rem) { #access { flex-wrap: wrap; justify-content: flex-start } header { position: static } }
`
