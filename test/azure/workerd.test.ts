import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { Miniflare } from 'miniflare'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Playground, startPlayground } from '../support/provider.ts'
import { blob, type Service, startService } from './services.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

let playground: Playground
let service: Service
let workerd: Miniflare
beforeAll(async () => {
  playground = await startPlayground({ https: false })
  const { clients, tenants, authority } = playground.provider
  const home = { authority: authority(tenants.contoso), tenantId: tenants.contoso.id }
  service = startService({ ...home, audience: 'https://storage.azure.com', answer: () => blob('a blob of Contoso') })
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: ['test/azure/workers/blob.ts'],
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    conditions: ['workerd', 'worker', 'browser'],
    mainFields: ['browser', 'module', 'main'],
    // Its file for browsers wants a document, which workerd has not.
    alias: { '@azure/core-xml': `${root}node_modules/@azure/core-xml/dist/esm/index.js` },
    write: false,
    logLevel: 'error',
  })
  // No flag for Node's compatibility: the SDK's files for browsers do with what is there.
  workerd = new Miniflare({
    cf: false,
    modules: [{ type: 'ESModule', path: 'blob.mjs', contents: outputFiles[0]!.text }],
    compatibilityDate: '2026-04-01',
    bindings: { AUTHORITY: home.authority, CLIENT_ID: clients.daemon.clientId, SECRET: clients.daemon.secret },
    // The internet of this Worker: the storage account, and the provider on this machine.
    outboundService: (request: Request) => (isStorage(request) ? service.handle(request) : passOn(request)),
  } as never)
  await workerd.ready
})
afterAll(async () => {
  await workerd?.dispose()
  await playground?.close()
})

const isStorage = ({ url }: Request) => new URL(url).hostname === 'contoso.blob.core.windows.net'

// Of miniflare's own class, which the global fetch does not take.
async function passOn({ url, method, headers, body }: Request): Promise<Response> {
  return fetch(url, { method, headers: [...headers], ...(body && { body: await new Response(body).text() }) })
}

const get = async () => {
  const answer = await workerd.dispatchFetch('http://worker/')
  return answer.text()
}

describe('the blob client of the Azure SDK in workerd', () => {
  it('gets its blob with a token from the cache, and after a claims challenge with a new one', async () => {
    expect([await get(), await get()]).toEqual(Array(2).fill('a blob of Contoso'))
    expect(playground.provider.tokenRequests()).toHaveLength(1)
    service.revoke()
    expect(await get()).toBe('a blob of Contoso')
    expect(playground.provider.tokenRequests()).toHaveLength(2)
    const [first, second, refused, renewed] = service.tokens
    expect([second === first, refused === first, renewed === first]).toEqual([true, true, false])
  })
})
