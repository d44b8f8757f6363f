import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('.', import.meta.url))
const types = { '.html': 'text/html', '.css': 'text/css', '.js': 'text/javascript', '.svg': 'image/svg+xml', '.map': 'application/json' }
const files = Object.fromEntries(
  ['signed-in.html', 'style.css', 'controls.css', 'timeline.css', 'views.css', 'icon.svg'].map((name) => [`/${name}`, name]),
)
files['/'] = 'page.html'
const built = /^\/build\/[\w-]+\.js(\.map)?$/

/**
 * Serves the page on an origin of its own. `pages` is live: further pages by path, each `{ headers, body }`. Where the page has not been built
 * (`npm run build`), its address leads to `/guide`.
 */
export async function startSite({ provider, api, port = 0 }) {
  const pages = new Map()
  const server = createServer((req, res) => {
    answer(req, res).catch((error) => {
      console.error('The page failed:', error)
      res.writeHead(500).end()
    })
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://localhost:${server.address().port}`
  const headers = pageHeaders({ provider, api })
  const config = JSON.stringify(configOf({ provider, api }))

  async function answer(req, res) {
    const { pathname } = new URL(req.url, url)
    const send = (status, type, body, more = {}) =>
      res.writeHead(status, { ...headers, 'content-type': `${type}; charset=utf-8`, ...more }).end(req.method === 'HEAD' ? undefined : body)
    const further = pages.get(pathname)
    if (further) return send(200, 'text/html', further.body, further.headers)
    if (pathname === '/config.json') return send(200, 'application/json', config)
    if (pathname === '/' && !existsSync(`${folder}build/app.js`)) return send(302, 'text/plain', '', { location: '/guide' })
    const file = files[pathname] ?? (built.test(pathname) ? pathname.slice(1) : undefined)
    const body = file && (await readFile(folder + file).catch(() => undefined))
    return body ? send(200, types[extname(file)], body) : send(404, 'text/plain', 'Not found')
  }

  async function close() {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  }

  return { url, pages, close, [Symbol.asyncDispose]: close }
}

/** Nothing inline, and nobody to talk to but the provider and the API. */
function pageHeaders({ provider, api }) {
  return {
    'cache-control': 'no-cache',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    // The popup stays tied to the page, so that closing it is noticed.
    'cross-origin-opener-policy': 'same-origin-allow-popups',
    'content-security-policy': [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self'",
      `connect-src 'self' ${provider.url} ${api.url}`,
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ].join('; '),
  }
}

/** What the page has to know. The passwords are public: see users.mjs of the provider. */
function configOf({ provider, api }) {
  const { clientId } = provider.clients.spa
  return {
    clientId,
    authority: provider.authority('common'),
    knownAuthorities: [new URL(provider.url).host],
    api: api.url,
    tenants: Object.fromEntries(Object.values(provider.tenants).map(({ id, name }) => [id, name])),
    people: Object.values(provider.users).map(({ name, username, password }) => ({ name, username, password })),
  }
}
