import * as browser from '../../../src/browser/index.ts'
import * as core from '../../../src/core/index.ts'
import { cacheStoreContract } from '../../../src/testing/index.ts'

declare global {
  /** The client of a page or worker, and what it was told. */
  var tab: ReturnType<typeof openTab>
  var library: typeof core & typeof browser & { cacheStoreContract: typeof cacheStoreContract }
  var openApp: typeof openTab
}

function openTab(options: core.PublicClientOptions) {
  const errors: unknown[] = []
  const store = browser.indexedDbStore()
  const tokenCache = new core.TokenCache({
    store,
    onStoreError: (error) => errors.push((error as core.AnyAuthError).code ?? String(error)),
  })
  const app = new core.PublicClientApplication({ tokenCache, ...options })
  return { app, store, tokenCache, errors, accounts: browser.accounts(app) }
}

globalThis.library = { ...core, ...browser, cacheStoreContract }
globalThis.openApp = openTab
