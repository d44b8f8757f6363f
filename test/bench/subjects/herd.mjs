/** Clients of either library over a fake network that counts the token requests it gets and takes its time to answer. */

import { generateKeyPairSync } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { ConfidentialClientApplication as MsalConfidential, PublicClientApplication as MsalPublic } from '@azure/msal-node'
import { ConfidentialClientApplication, PublicClientApplication, SerializableTokenCache } from 'msal-isomorphic'
import { answer, body } from '../support/fake-provider.mjs'
import { accountOf, appScopes, authority, clientId, scopes } from '../support/fixtures.mjs'

const thumbprint = 'ab'.repeat(20)
const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
})
const account = accountOf(0)
const isToken = (url) => new URL(url).pathname.endsWith('/token')

/** @param state the serialized cache that all instances share */
export function msalIsomorphic(state, { delay }) {
  const sent = { tokenRequests: 0 }
  const tokenCache = new SerializableTokenCache()
  tokenCache.deserialize(state)
  const apps = []
  const network = (home) => async (url, init) => {
    if (isToken(url)) sent.tokenRequests++
    await sleep(delay)
    return answer(url, init?.body, home)
  }
  const keep = (app) => apps[apps.push(app) - 1]
  const clientCredential = { privateKey, thumbprint }
  return {
    sent,
    settle: () => Promise.all(apps.map((app) => app.close())),
    userApp: () => keep(new PublicClientApplication({ clientId, authority, tokenCache, fetch: network(account.homeAccountId) })),
    ownApp: () => keep(new ConfidentialClientApplication({ clientId, authority, clientCredential, tokenCache, fetch: network() })),
    silent: (app, options) => app.acquireTokenSilent({ scopes, account, ...options }),
    own: (app, options) => app.acquireTokenForClient({ scopes: appScopes, ...options }),
    cached: ({ tokenSource }) => tokenSource === 'cache',
  }
}

/** Its instances share a cache by a plugin, as its documentation has it for web apps. */
export function msalNode(state, { delay }) {
  const sent = { tokenRequests: 0 }
  let blob = state
  const cachePlugin = {
    beforeCacheAccess: async ({ tokenCache }) => tokenCache.deserialize(blob),
    afterCacheAccess: async ({ tokenCache, cacheHasChanged }) => {
      if (cacheHasChanged) blob = tokenCache.serialize()
    },
  }
  const network = (home) => {
    const send = async (url, init) => {
      if (isToken(url)) sent.tokenRequests++
      await sleep(delay)
      return { status: 200, headers: {}, body: body(url, init?.body, home) }
    }
    return { sendGetRequestAsync: send, sendPostRequestAsync: send }
  }
  const clientCertificate = { privateKey, thumbprint }
  const options = (home, auth) => ({
    auth: { clientId, authority, ...auth },
    cache: { cachePlugin },
    system: { networkClient: network(home) },
  })
  return {
    sent,
    settle: () => sleep(2 * delay),
    userApp: () => new MsalPublic(options(account.homeAccountId)),
    ownApp: () => new MsalConfidential(options(undefined, { clientCertificate })),
    silent: (app, given) => app.acquireTokenSilent({ scopes, account, ...given }),
    own: (app, given) => app.acquireTokenByClientCredential({ scopes: appScopes, ...given }),
    cached: ({ fromCache }) => fromCache,
  }
}
