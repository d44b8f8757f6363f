import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const file = (name) => fileURLToPath(new URL(name, import.meta.url))

/**
 * Serves the page at `/`, as it is `before` or `after`: `site.version` is live, as if the new one had just been deployed. `config` is what
 * the page signs in with: `clientId`, `authority`, `scopes`, `api`, and MSAL Browser's `cacheLocation`; live too.
 */
export async function startSite({ version, config, port = 0 }) {
  const programs = ['before', 'after', 'bridge', 'signed-in']
  const { outputFiles } = await build({
    entryPoints: programs.map((name) => file(`${name}.js`)),
    ...{ bundle: true, splitting: true, format: 'esm', target: 'es2022', write: false, outdir: '/', logLevel: 'error' },
  })
  const scripts = new Map(outputFiles.map(({ path, contents }) => [`/${basename(path)}`, contents]))
  const page = await readFile(file('page.html'), 'utf8')
  const pageWith = (script, body = '<!doctype html><script type="module" src="/page-script.js"></script>') =>
    body.replace('page-script', script)

  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost')
    const answer = (type, content) =>
      response.writeHead(200, { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-store' }).end(content)
    if (scripts.has(pathname)) return answer('text/javascript', scripts.get(pathname))
    if (pathname === '/config.json') return answer('application/json', JSON.stringify(site.config))
    if (pathname === '/') return answer('text/html', pageWith(site.version, page))
    if (pathname === '/bridge' || pathname === '/signed-in') return answer('text/html', pageWith(pathname.slice(1)))
    response.writeHead(404).end()
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const site = {
    url: `http://localhost:${server.address().port}`,
    version,
    config,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return site
}
