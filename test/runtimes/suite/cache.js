import { encrypted, isAuthError, SerializableTokenCache, TokenCache } from 'msal-isomorphic'
import { cacheStoreContract } from 'msal-isomorphic/testing'
import { equal, failure, like, ok } from './assert.js'
import { scopes } from './world.js'

/** A store as simple as one can be. */
function memoryStore() {
  const content = new Map()
  let writes = 0
  return {
    content,
    read: async (partition) => content.get(partition) ?? null,
    async write(partition, value, { version }) {
      if (version !== undefined && version !== (content.get(partition)?.version ?? null)) return 'conflict'
      writes += 1
      content.set(partition, { value, version: String(writes) })
      return String(writes)
    },
    async remove(partition) {
      content.delete(partition)
    },
    async *list() {
      yield* [...content.keys()]
    },
  }
}

const newKey = () => crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])

export const cache = {
  async 'what is serialized signs in the next process'({ signedIn, publicClient, requestsDuring, users }) {
    const { tokenCache, account, result } = await signedIn()
    equal(tokenCache.hasStateChanged, true, 'hasStateChanged')
    const text = tokenCache.serialize()
    equal(tokenCache.hasStateChanged, false, 'hasStateChanged')
    equal(Object.keys(JSON.parse(text)).sort(), ['AccessToken', 'Account', 'AppMetadata', 'IdToken', 'RefreshToken'], 'sections')

    const next = new SerializableTokenCache()
    next.deserialize(text)
    const app = publicClient({ tokenCache: next })
    const { requests } = await requestsDuring(async () => {
      equal(await app.getAccounts(), [account], 'accounts')
      like(await app.acquireTokenSilent({ scopes, account }), { tokenSource: 'cache', accessToken: result.accessToken })
    })
    equal(requests, [], 'requests')
    equal(next.serialize(), text, 'the second text')
    ok(text.includes(users.alice.username), 'the text holds the user name')
  },

  async 'S44 a text that is no cache is refused'() {
    const error = await failure(Promise.resolve().then(() => new SerializableTokenCache().deserialize('[]')))
    equal(isAuthError(error, 'cache_invalid'), true, 'isAuthError')
  },

  async 'two clients share an encrypted store, which shows no token'({ signedIn, publicClient, requestsDuring }) {
    const store = memoryStore()
    const key = await newKey()
    const newCache = () => new TokenCache({ store: encrypted(store, key) })
    const { account, result } = await signedIn({ tokenCache: newCache() })
    ok(store.content.size > 0, 'something is stored')
    const open = [result.accessToken, account.username, '"secret"']
    for (const { value } of store.content.values()) ok(!open.some((text) => value.includes(text)), 'the value is sealed')

    const other = publicClient({ tokenCache: newCache() })
    const { result: hit, requests } = await requestsDuring(() => other.acquireTokenSilent({ scopes, account }))
    like(hit, { tokenSource: 'cache', accessToken: result.accessToken })
    equal(requests, [], 'requests')
    const stranger = publicClient({ tokenCache: new TokenCache({ store: encrypted(store, await newKey()) }) })
    equal(await stranger.acquireTokenSilent({ scopes, account }), null, 'with another key')
  },

  async 'an encrypted store keeps the contract of a store'() {
    const key = await newKey()
    const checks = cacheStoreContract(() => encrypted(memoryStore(), key))
    ok(checks.length > 5, 'there are checks')
    for (const { name, run } of checks) {
      await run().catch((error) => {
        throw new Error(`${name}: ${error.message}`)
      })
    }
  },
}
