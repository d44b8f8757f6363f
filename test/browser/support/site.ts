import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const types: Record<string, string> = { '.js': 'text/javascript', '.map': 'application/json' }

/** Where the pages find the package: as it is built, one file at a time. */
const importMap = {
  imports: {
    'msal-isomorphic': '/dist/index.js',
    'msal-isomorphic/browser': '/dist/browser.js',
    jose: '/node_modules/jose/dist/webapi/index.js',
    'idb-keyval': '/node_modules/idb-keyval/dist/index.js',
  },
}

/** An application's own site. */
export interface Site {
  origin: string
  /** The same server under another name, which is another site to a browser. */
  otherOrigin: string
  /** Added to every page; live. */
  headers: Record<string, string>
  /** The paths of the package's files that were asked for. */
  readonly loaded: Set<string>
  /** What pages posted to `/said`. */
  readonly said: string[]
  /** What the pages find as `config`. */
  config: object
  close(): Promise<void>
}

/**
 * Serves pages that use the built package. What a page runs is the first segment of its path, a file of `pages/`: `/app/…`, `/finish`;
 * any other is empty. Under `/bundled/…` the same program comes as esbuild makes it, for pages that may run no inline script.
 */
export async function startSite(config: object = {}): Promise<Site> {
  const out = await mkdtemp(join(tmpdir(), 'msal-isomorphic-site-'))
  const folders: Record<string, string> = {
    dist: root,
    node_modules: root,
    pages: fileURLToPath(new URL('..', import.meta.url)),
    bundle: out,
  }
  let bundled: Promise<unknown> | undefined
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url!, 'http://localhost')
    const [first = '', second = ''] = pathname.slice(1).split('/')
    const folder = folders[first]
    if (pathname === '/said') {
      let said = ''
      for await (const chunk of request) said += chunk
      site.said.push(said)
      return response.writeHead(204).end()
    }
    if (pathname === '/config.js') return send(response, 'text/javascript', `export const config = ${JSON.stringify(site.config)}`)
    if (first === 'bundled' || first === 'bundle') {
      bundled ??= bundle(out)
      await bundled
    }
    if (folder) {
      if (first === 'dist') site.loaded.add(pathname.slice(1))
      const path = first === 'bundle' ? pathname.slice('/bundle'.length) : pathname
      const content = await readFile(join(folder, path)).catch(() => undefined)
      return content ? send(response, types[extname(path)] ?? 'text/plain', content) : response.writeHead(404).end()
    }
    send(response, 'text/html', pageOf(first, second), site.headers)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const site: Site = {
    origin: `http://localhost:${port}`,
    otherOrigin: `http://127.0.0.1:${port}`,
    headers: {},
    loaded: new Set(),
    said: [],
    config,
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
      await rm(out, { recursive: true, force: true })
    },
  }
  return site
}

function send(response: ServerResponse, type: string, content: string | Uint8Array, headers: Record<string, string> = {}): void {
  response.writeHead(200, { 'content-type': `${type}; charset=utf-8`, 'cache-control': 'no-cache', ...headers }).end(content)
}

const programs = ['app', 'finish', 'worker']

function pageOf(first: string, second: string): string {
  const script = first === 'bundled' ? `/bundle/${second}.js` : programs.includes(first) ? `/pages/${first}.js` : undefined
  const head = first === 'bundled' ? '' : `<script type="importmap">${JSON.stringify(importMap)}</script>`
  return `<!doctype html><title>${first}</title>${head}<body>${script ? `<script type="module" src="${script}"></script>` : ''}`
}

function bundle(outdir: string): Promise<unknown> {
  return build({
    entryPoints: programs.map((name) => fileURLToPath(new URL(`../pages/${name}.js`, import.meta.url))),
    bundle: true,
    splitting: true,
    minify: true,
    format: 'esm',
    external: ['/config.js'],
    outdir,
    logLevel: 'error',
  })
}
