/** acquireTokenSilent that finds its token in a page, in either library. */
import { loadExternalTokens, PublicClientApplication as Peer } from '@azure/msal-browser'
import { PublicClientApplication, SerializableTokenCache, TokenCache } from 'msal-isomorphic'
import { indexedDbStore } from 'msal-isomorphic/browser'

/** @param acquire gives the result for one of the users, of which `cached` tells whether it came from the cache */
async function operationsOf({ acquire, cached, users }) {
  const hit = async (index) => {
    const result = await acquire(index)
    if (!cached(result)) throw new Error('The token did not come from the cache.')
    return result
  }
  const order = users.map((_, index) => (index * 37) % users.length)
  for (const index of order) {
    if ((await hit(index)).accessToken !== users[index].accessToken) throw new Error('The token is of somebody else.')
  }
  let turn = 0
  const next = () => order[turn++ % order.length]
  return { same: () => hit(users.length >> 1), rotating: () => hit(next()) }
}

const fromOurs = ({ tokenSource }) => tokenSource === 'cache'

export function inMemory({ clientId, authority, scopes, users, cache }) {
  const tokenCache = new SerializableTokenCache()
  tokenCache.deserialize(cache)
  const app = new PublicClientApplication({ clientId, authority, tokenCache })
  return operationsOf({ acquire: (index) => app.acquireTokenSilent({ scopes, account: users[index].account }), cached: fromOurs, users })
}

/** Signs users in, as far as the store can tell. */
export async function fillIndexedDb({ users }) {
  const store = indexedDbStore()
  for (const { account, partition } of users) await store.write(`user:${account.homeAccountId}`, partition, { version: null })
}

/** @param revalidateAfter ms for which memory is trusted; 0 asks IndexedDB each time */
export async function overIndexedDb({ clientId, authority, scopes, users, revalidateAfter }) {
  await fillIndexedDb({ users })
  const tokenCache = new TokenCache({ store: indexedDbStore(), ...(revalidateAfter !== undefined && { revalidateAfter }) })
  const app = new PublicClientApplication({ clientId, authority, tokenCache })
  return operationsOf({ acquire: (index) => app.acquireTokenSilent({ scopes, account: users[index].account }), cached: fromOurs, users })
}

/** The same by the library's own means. */
export async function fillMsalBrowser({ clientId, authority, scopes, users, cacheLocation }) {
  const configuration = { auth: { clientId, authority }, cache: { cacheLocation } }
  for (const { clientInfo, accessToken, idToken, refreshToken } of users) {
    const response = {
      access_token: accessToken,
      id_token: idToken,
      refresh_token: refreshToken,
      expires_in: 3600,
      scope: scopes.join(' '),
    }
    await loadExternalTokens(configuration, { authority, scopes }, response, { clientInfo })
  }
}

export async function msalBrowser({ clientId, authority, scopes, users, cacheLocation }) {
  await fillMsalBrowser({ clientId, authority, scopes, users, cacheLocation })
  const app = new Peer({ auth: { clientId, authority }, cache: { cacheLocation } })
  await app.initialize()
  const accounts = users.map(({ account: { homeAccountId } }) => app.getAccount({ homeAccountId }))
  if (!accounts.every(Boolean)) throw new Error('An account is missing.')
  const acquire = (index) => app.acquireTokenSilent({ scopes, account: accounts[index] })
  return operationsOf({ acquire, cached: ({ fromCache }) => fromCache, users })
}
