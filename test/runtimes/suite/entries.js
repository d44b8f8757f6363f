import { AuthError, ClientConfigurationError, isAuthError, PublicClientApplication } from 'msal-isomorphic'
import { equal, failure, like, ok } from './assert.js'
import { scopes } from './world.js'

export const entries = {
  async 'S73 S77 every entry can be imported'() {
    const modules = await Promise.all([
      import('msal-isomorphic'),
      import('msal-isomorphic/browser'),
      import('msal-isomorphic/node'),
      import('msal-isomorphic/edge'),
      import('msal-isomorphic/redis'),
      import('msal-isomorphic/azure'),
      import('msal-isomorphic/testing'),
    ])
    for (const module of modules) ok(Object.values(module).every(Boolean) && Object.keys(module).length > 0, 'an entry exports something')
  },

  async 'a fake provider signs a user in, and its token is one of the Azure SDK'() {
    const { fakeInteraction, fakeProvider } = await import('msal-isomorphic/testing')
    const { toTokenCredential } = await import('msal-isomorphic/azure')
    const provider = fakeProvider()
    const interaction = fakeInteraction(provider)
    const app = new PublicClientApplication({ clientId: 'app', ...provider.clientOptions, interaction, verifyIdTokenSignature: true })
    const { account, accessToken } = await app.acquireTokenInteractive({ scopes })
    equal(account.username, 'alice@contoso.example', 'username')
    const credential = toTokenCredential(app, { account })
    equal((await credential.getToken(scopes)).token, accessToken, 'token')
    await app.acquireTokenSilent({ scopes, account, forceRefresh: true })
    const other = { tenantId: '11111111-2222-4333-8444-555555555555' }
    like(await failure(credential.getToken(scopes, other)), { code: 'authority_invalid' }, 'getToken of another tenant')
  },

  async 'all entries throw errors of the same classes'() {
    const { redisStore } = await import('msal-isomorphic/redis')
    const { createFetch } = await import('msal-isomorphic/node')
    for (const use of [() => redisStore(null), () => createFetch({ proxy: 'ftp://proxy.example' })]) {
      const error = await failure(Promise.resolve().then(use))
      ok(error instanceof ClientConfigurationError && error instanceof AuthError, `${error} is an error of the core`)
      equal(isAuthError(error, 'invalid_argument'), true, 'isAuthError')
    }
  },

  async 'an adapter of another runtime says so when it is used'({ knownAuthorities, authority, clients, files }) {
    if (typeof document === 'undefined') {
      const { completePopup } = await import('msal-isomorphic/browser')
      like(await failure(Promise.resolve().then(completePopup)), { code: 'environment_unsupported' }, 'completePopup()')
    }
    if (files) return
    const { fileStore, loopback } = await import('msal-isomorphic/node')
    const store = fileStore('/tokens.json')
    like(await failure(store.read('user:somebody')), { code: 'environment_unsupported', action: 'reconfigure' }, 'fileStore()')
    const { clientId } = clients.native
    const app = new PublicClientApplication({ clientId, authority, knownAuthorities, interaction: loopback() })
    like(await failure(app.acquireTokenInteractive({ scopes })), { code: 'environment_unsupported' }, 'loopback()')
  },
}
