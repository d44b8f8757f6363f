import { once } from 'node:events'
import { createServer } from 'node:net'
import { Miniflare } from 'miniflare'
import { bundle } from './hosts/bundle.mjs'
import { bindingsOf } from './hosts/environment.mjs'

/**
 * Runs the Worker in Cloudflare's workerd, without Node's compatibility, beside the rest of the playground.
 *
 * @param {Parameters<typeof bindingsOf>[0]} environment what `npm start` writes
 * @param {{ contents?: string, bindings?: Record<string, string>, inspectorPort?: number }} [options] another bundle; bindings that replace
 * those of the environment
 */
export async function startWorker(environment, { contents, bindings, inspectorPort } = {}) {
  const text = contents ?? (await bundle({ format: 'esm', conditions: ['workerd', 'worker', 'browser'] }))
  const port = await freePort()
  const url = `http://localhost:${port}`
  const workerd = new Miniflare({
    modules: [{ type: 'ESModule', path: 'worker.js', contents: text }],
    compatibilityDate: '2026-04-01',
    compatibilityFlags: [],
    bindings: { ...bindingsOf(environment, url), ...bindings },
    kvNamespaces: ['KV'],
    host: '127.0.0.1',
    port,
    ...(inspectorPort !== undefined && { inspectorPort }),
    cf: false,
  })
  await workerd.ready
  return {
    url,
    workerd,
    /** What Cloudflare does when the time of a cron trigger has come. */
    async runJob() {
      // Its declarations need those of Cloudflare, which are not here.
      const worker = /** @type {{ scheduled(event: object): Promise<{ outcome: string }> }} */ (
        /** @type {unknown} */ (await workerd.getWorker())
      )
      return worker.scheduled({ cron: '0 * * * *' })
    },
    close: () => workerd.dispose(),
  }
}

/** The Worker has to know its address before it starts. */
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  server.close()
  await once(server, 'close')
  return port
}
