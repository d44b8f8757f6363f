import { createHash, generateKeyPairSync } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { type BrowserContext, chromium, type Worker } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type * as browser from '../../src/browser/index.ts'
import type * as core from '../../src/core/index.ts'
import type * as testing from '../../src/testing/index.ts'
import { hasChromium, typeCredentials } from '../e2e/chromium.ts'
import { emptyFolder, root } from '../package/support.ts'
import { type Playground, startPlayground, users } from '../support/provider.ts'
import { lacks } from '../support/require.ts'
import type * as auth from './extension/auth.d.ts'

/** What `extension/worker.js` makes of its global object. */
interface Program {
  library: typeof core & typeof browser & typeof testing & typeof auth
  options: core.PublicClientOptions
}

// A browser extension of manifest version 3: its service worker has no window, no document and no localStorage, and may load no parts.
describe.skipIf(lacks('chromium', hasChromium))('an extension in Chromium', { timeout: 60_000 }, () => {
  const cleanups: (() => Promise<void>)[] = []
  let playground: Playground
  let context: BrowserContext
  let worker: Worker

  beforeAll(async () => {
    const { der, id } = newIdentity()
    const folder = await emptyFolder((clean) => cleanups.push(clean))
    const extension = await buildExtension(join(folder, 'extension'), der)
    const client = { clientId: 'e87e0510-0000-4000-8000-00000000ee87', name: 'Notes in the toolbar', type: 'spa' } as const
    const redirectUris = [`https://${id}.chromiumapp.org/`]
    playground = await startPlayground({ https: false, clients: { extension: { ...client, redirectUris } } })
    // The look-alike compares the origin of a request with the redirect URIs, and would not begin with one like that.
    redirectUris.push(`chrome-extension://${id}`)
    context = await chromium.launchPersistentContext(join(folder, 'profile'), {
      executablePath: '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-background-networking',
        `--disable-extensions-except=${extension}`,
        `--load-extension=${extension}`,
      ],
    })
    worker = context.serviceWorkers()[0] ?? (await context.waitForEvent('serviceworker'))
    const { provider } = playground
    const options = {
      clientId: client.clientId,
      authority: provider.authority(provider.tenants.contoso),
      knownAuthorities: [new URL(provider.url).host],
    }
    await worker.evaluate((options) => Object.assign(globalThis, { options }), options)
  })
  afterAll(async () => {
    await context?.close()
    await playground?.close()
    for (const clean of cleanups) await clean()
  })

  test('has none of what pages have', async () => {
    expect(await worker.evaluate(() => [typeof window, typeof document, typeof localStorage])).toEqual(Array(3).fill('undefined'))
  })

  test.each(['indexedDbStore', 'sessionStore'])('keeps tokens: %s does what a store must do', async (name) => {
    const wrong = await worker.evaluate(async (name) => {
      const { library } = globalThis as never as Program
      const open = () => (name === 'indexedDbStore' ? library.indexedDbStore() : library.sessionStore)
      const wrong: string[] = []
      for (const check of library.cacheStoreContract(open, { versions: name === 'indexedDbStore' }))
        await check.run().catch((error) => wrong.push(`${check.name}: ${error.message}`))
      return wrong
    }, name)
    expect(wrong).toEqual([])
  })

  test.each(['sessionStore', 'indexedDbStore'])('signs a person in by chrome.identity, and stays signed in: %s', async (name) => {
    await context.clearCookies()
    const result = worker.evaluate(async (name) => {
      const { library, options } = globalThis as never as Program
      const open = () =>
        name === 'sessionStore'
          ? library.createApp(options)
          : new library.PublicClientApplication({
              ...options,
              interaction: library.webAuthFlow,
              tokenCache: new library.TokenCache({ store: library.indexedDbStore() }),
            })
      const { account } = await open().acquireTokenInteractive({ scopes: ['User.Read'] })
      // As after the worker has been ended and begun again.
      const next = open()
      const [known] = await next.getAccounts()
      const cached = await next.acquireTokenSilent({ scopes: ['User.Read'], account: known })
      const renewed = await next.acquireTokenSilent({ scopes: ['User.Read'], account: known, forceRefresh: true })
      library.accounts(next).active = known!
      const { active } = library.accounts(next)
      return { username: account.username, sources: [cached?.tokenSource, renewed?.tokenSource], active: active?.username }
    }, name)
    result.catch(() => {})
    const page = await vi.waitUntil(() => context.pages().find((each) => each.url().startsWith(playground.provider.url)), {
      timeout: 10_000,
    })
    await page.waitForSelector('#username')
    await typeCredentials(page, users.alice)
    const { username } = users.alice
    expect(await result).toEqual({ username, sources: ['cache', 'identity_provider'], active: username })
  })
})

/** The key of an extension, and the id that follows from it. */
function newIdentity() {
  const der = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'der' })
  const hash = createHash('sha256').update(der).digest('hex').slice(0, 32)
  return { der, id: hash.replace(/./g, (digit) => String.fromCharCode(97 + Number.parseInt(digit, 16))) }
}

async function buildExtension(folder: string, key: Buffer): Promise<string> {
  const source = (path: string) => join(root, 'src', path, 'index.ts')
  await mkdir(folder)
  await build({
    entryPoints: [fileURLToPath(new URL('extension/worker.js', import.meta.url))],
    outdir: folder,
    bundle: true,
    format: 'esm',
    logLevel: 'error',
    alias: {
      'msal-isomorphic/browser': source('browser'),
      'msal-isomorphic/testing': source('testing'),
      'msal-isomorphic': source('core'),
    },
  })
  const manifest = {
    manifest_version: 3,
    name: 'Notes in the toolbar',
    version: '1',
    key: key.toString('base64'),
    permissions: ['identity', 'storage'],
    host_permissions: ['http://localhost/*'],
    background: { service_worker: 'worker.js', type: 'module' },
  }
  await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest))
  return folder
}
