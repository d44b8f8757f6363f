import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Config } from './app.ts'

/** What each page runs. */
const pages: Record<string, string> = { app: 'app', peer: 'app', ours: 'app', bridge: 'bridge', finish: 'finish' }
const programs = [...new Set(Object.values(pages))]

export interface Site {
  origin: string
  /** What the page signs in with; live. */
  config: Config
  close(): Promise<void>
}

/** Serves the pages, each with its program as esbuild bundles it. Their site is not the provider's. */
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
    const program = pages[pathname.slice(1)]
    if (!program) return response.writeHead(404).end()
    answer('text/html', `<!doctype html><title>A site</title><body><script type="module" src="/${program}.js"></script>`)
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
