import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Config } from './app.ts'

const programs = ['app', 'bridge', 'finish']

export interface Site {
  origin: string
  /** What the page signs in with; live. */
  config: Config
  close(): Promise<void>
}

/** Serves the pages `/app`, `/bridge` and `/finish`, each with the program of its name as esbuild bundles it. Its site is not the provider's. */
export async function startSite(config: Config): Promise<Site> {
  const { outputFiles } = await build({
    entryPoints: programs.map((name) => fileURLToPath(new URL(`${name}.ts`, import.meta.url))),
    ...{ bundle: true, splitting: true, format: 'esm', target: 'es2022', write: false, outdir: '/', logLevel: 'error' },
  })
  const scripts = new Map(outputFiles.map(({ path, contents }) => [`/${basename(path)}`, contents]))
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url!, 'http://localhost')
    const answer = (type: string, content: string | Uint8Array) => response.writeHead(200, { 'content-type': type }).end(content)
    const script = scripts.get(pathname)
    if (script) return answer('text/javascript', script)
    if (pathname === '/config.json') return answer('application/json', JSON.stringify(site.config))
    if (!programs.includes(pathname.slice(1))) return response.writeHead(404).end()
    answer('text/html', `<!doctype html><title>A site</title><body><script type="module" src="${pathname}.js"></script>`)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const site: Site = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    config,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return site
}
