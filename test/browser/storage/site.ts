import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

export interface Site {
  origin: string
  close(): Promise<void>
}

/** Serves empty pages that run `page.ts`; `/worker.js` is the program as one file, for workers that cannot load parts. */
export async function startSite(): Promise<Site> {
  const files = new Map<string, Uint8Array>()
  const options = { bundle: true, format: 'esm', write: false, outdir: '/', logLevel: 'error' } as const
  const program = (name: string) => fileURLToPath(new URL(name, import.meta.url))
  const built = await Promise.all([
    build({ ...options, entryPoints: [program('page.ts')], splitting: true }),
    build({ ...options, entryPoints: { worker: program('page.ts') } }),
  ])
  for (const { path, contents } of built.flatMap(({ outputFiles }) => outputFiles)) files.set(basename(path), contents)

  const server = createServer((request, response) => {
    const path = request.url!.slice(1).split('?')[0]!
    const script = files.get(path)
    // Also for a sandboxed frame, whose origin is its own.
    const headers = { 'access-control-allow-origin': '*', 'content-type': script ? 'text/javascript' : 'text/html' }
    response.writeHead(200, headers).end(script ?? '<!doctype html><script type="module" src="/page.js"></script>')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
