/** acquireTokenSilent that finds its token in Redis: a partition for each user, or one blob for all. */
import assert from 'node:assert/strict'
import { createClient } from 'redis'
import { accountOf, authority, clientId, partitionOf, realistic, scopes, tokenOf, userCache } from '../support/fixtures.mjs'

const sizes = realistic
const refuse = async () => assert.fail('a hit makes no request')

async function connect(url) {
  const client = createClient({ url }).on('error', () => {})
  return client.connect()
}

export async function msalIsomorphic({ url, users }) {
  const { PublicClientApplication, TokenCache } = await import('msal-isomorphic')
  const { fromNodeRedis, redisStore } = await import('msal-isomorphic/redis')
  const client = await connect(url)
  const writer = redisStore(fromNodeRedis(client))
  let reads = 0
  const store = {
    ...redisStore(fromNodeRedis(client)),
    read(name) {
      reads++
      return writer.read(name)
    },
  }
  for (let index = 0; index < users; index++) {
    const { homeAccountId } = accountOf(index)
    const value = partitionOf(homeAccountId, { sizes })
    await writer.write(`user:${homeAccountId}`, value, { version: null })
    await client.set(`bare:${homeAccountId}`, value)
  }
  const appWith = (revalidateAfter) =>
    new PublicClientApplication({ clientId, authority, fetch: refuse, tokenCache: new TokenCache({ store, revalidateAfter }) })
  const [asking, trusting] = [appWith(0), appWith(3_600_000)]
  const index = users >> 1
  const account = accountOf(index)
  const hit = async (app) => {
    const result = await app.acquireTokenSilent({ scopes, account })
    if (result?.tokenSource !== 'cache') throw new Error('The token did not come from the cache.')
    return result
  }
  const before = reads
  assert.equal((await hit(asking)).accessToken, tokenOf(index, sizes.accessToken))
  await hit(asking)
  assert.equal(reads, before + 2, 'each hit reads the store')
  await hit(trusting)
  await hit(trusting)
  assert.equal(reads, before + 3, 'only the first hit reads the store')
  return {
    bare: async () => {
      const { AccessToken } = JSON.parse(await client.get(`bare:${account.homeAccountId}`))
      for (const key in AccessToken) if (!(Number(AccessToken[key].expires_on) * 1000 > Date.now())) throw new Error('expired')
    },
    hit: () => hit(asking),
    trusted: () => hit(trusting),
    finish: () => client.destroy(),
  }
}

/** The way of its documentation where no partition is chosen: the whole cache under one key. */
export async function msalNode({ url, users }) {
  const { PublicClientApplication } = await import('@azure/msal-node')
  const client = await connect(url)
  await client.set('blob', userCache(users, { sizes }))
  const cachePlugin = {
    beforeCacheAccess: async ({ tokenCache }) => tokenCache.deserialize(await client.get('blob')),
    afterCacheAccess: async ({ tokenCache, cacheHasChanged }) => {
      if (cacheHasChanged) await client.set('blob', tokenCache.serialize())
    },
  }
  const networkClient = { sendGetRequestAsync: refuse, sendPostRequestAsync: refuse }
  const app = new PublicClientApplication({ auth: { clientId, authority }, cache: { cachePlugin }, system: { networkClient } })
  const index = users >> 1
  const account = accountOf(index)
  const hit = async () => {
    const result = await app.acquireTokenSilent({ scopes, account })
    if (!result.fromCache) throw new Error('The token did not come from the cache.')
    return result
  }
  assert.equal((await hit()).accessToken, tokenOf(index, sizes.accessToken))
  return { bare: async () => JSON.parse(await client.get('blob')), hit, finish: () => client.destroy() }
}
