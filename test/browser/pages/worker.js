import { isAuthError, PublicClientApplication, SerializableTokenCache } from 'msal-isomorphic'
import { popup } from 'msal-isomorphic/browser'

self.onmessage = async ({ data: { config, cache, scopes, account } }) => {
  const tokenCache = new SerializableTokenCache()
  tokenCache.deserialize(cache)
  const app = new PublicClientApplication({
    ...config,
    knownAuthorities: [new URL(config.authority).host],
    tokenCache,
    interaction: popup(),
  })
  const hit = await app.acquireTokenSilent({ scopes, account })
  const refreshed = await app.acquireTokenSilent({ scopes, account, forceRefresh: true })
  const refused = await app.acquireTokenInteractive({ scopes }).catch((error) => (isAuthError(error) ? error.code : String(error)))
  self.postMessage({ hit: hit?.tokenSource, refreshed: refreshed?.tokenSource, popup: refused })
}
