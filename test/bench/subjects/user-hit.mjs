/** acquireTokenSilent that finds its token in the cache, in either library. */
import assert from 'node:assert/strict'
import { accountOf, authority, clientId, partitionOf, rotate, scopes, small, tokenOf, userCache } from '../support/fixtures.mjs'

/** Gives the operations for a library whose `acquire(account)` gives a result, of which `cached` tells whether it came from the cache. */
async function operationsOf({ acquire, cached, count, sizes, requests, each = true }) {
  const accounts = Array.from({ length: count }, (_, index) => accountOf(index))
  const hit = async (index) => {
    const result = await acquire(accounts[index])
    if (!cached(result)) throw new Error('The token did not come from the cache.')
    return result
  }
  const same = count >> 1
  const next = rotate(count)

  // Every user once: the look-ups below are all second ones, and every user has been given the right token.
  const begin = performance.now()
  const lookUps = each ? count : 5
  for (let turn = 0; turn < lookUps; turn++) {
    const index = next()
    assert.equal((await hit(index)).accessToken, tokenOf(index, sizes.accessToken))
  }
  const firstLookUp = ((performance.now() - begin) * 1000) / lookUps

  return {
    same: () => hit(same),
    rotating: () => hit(next()),
    claims: async () => assert((await hit(same)).idTokenClaims?.oid),
    facts: { firstLookUp },
    finish() {
      assert.deepEqual(requests, [], 'a hit makes no request')
      globalThis.gc()
      return { megabytes: Math.round(process.memoryUsage().heapUsed / 1e6) }
    },
  }
}

export async function msalIsomorphic({ count, sizes }) {
  const { PublicClientApplication, SerializableTokenCache } = await import('msal-isomorphic')
  const requests = []
  const fetch = async (url) => {
    requests.push(String(url))
    throw new Error('no network')
  }
  const tokenCache = new SerializableTokenCache()
  tokenCache.deserialize(userCache(count, { sizes }))
  const app = new PublicClientApplication({ clientId, authority, tokenCache, fetch })
  const acquire = (account) => app.acquireTokenSilent({ scopes, account })
  return operationsOf({ acquire, cached: ({ tokenSource }) => tokenSource === 'cache', count, sizes, requests })
}

/** Memory as the first of two levels, which has read every user once: no string holds a million of them. */
export async function overStore({ count, sizes }) {
  const { PublicClientApplication, TokenCache } = await import('msal-isomorphic')
  const requests = []
  const fetch = async (url) => {
    requests.push(String(url))
    throw new Error('no network')
  }
  let reads = 0
  const store = {
    async read(name) {
      reads++
      return { value: partitionOf(name.slice('user:'.length), { sizes }), version: '1' }
    },
    write: async () => assert.fail('a hit writes nothing'),
    remove: async () => assert.fail('a hit removes nothing'),
  }
  const tokenCache = new TokenCache({ store, maxPartitions: count, revalidateAfter: 86_400_000 })
  const app = new PublicClientApplication({ clientId, authority, tokenCache, fetch })
  const acquire = (account) => app.acquireTokenSilent({ scopes, account })
  const operations = await operationsOf({ acquire, cached: ({ tokenSource }) => tokenSource === 'cache', count, sizes, requests })
  assert.equal(reads, count, 'each user is read once')
  return operations
}

export async function msalNode({ count, sizes }) {
  const { PublicClientApplication } = await import('@azure/msal-node')
  const requests = []
  const refuse = async (url) => {
    requests.push(url)
    throw new Error('no network')
  }
  const networkClient = { sendGetRequestAsync: refuse, sendPostRequestAsync: refuse }
  const app = new PublicClientApplication({ auth: { clientId, authority }, system: { networkClient } })
  app.getTokenCache().deserialize(userCache(count, { sizes }))
  const acquire = (account) => app.acquireTokenSilent({ scopes, account })
  // To look every one of ten thousand up once would take it a quarter of an hour.
  return operationsOf({ acquire, cached: ({ fromCache }) => fromCache, count, sizes, requests, each: count <= 1000 })
}

/** The least that a look-up can cost: a Map, the expiry and the scopes. */
export async function plainMap({ count }) {
  const tokens = new Map()
  for (let index = 0; index < count; index++) {
    tokens.set(accountOf(index).homeAccountId, { accessToken: tokenOf(index, small.accessToken), expires: Date.now() + 3.6e6, scopes })
  }
  const acquire = async ({ homeAccountId }) => tokens.get(homeAccountId)
  const cached = ({ expires, scopes: granted }) => expires > Date.now() && scopes.every((scope) => granted.includes(scope))
  const { claims, ...operations } = await operationsOf({ acquire, cached, count, sizes: small, requests: [] })
  return operations
}
