/** Listing the accounts of a cache, writing it and reading it, in either library and as bare JSON. */
import assert from 'node:assert/strict'
import { authority, clientId, userCache } from '../support/fixtures.mjs'

export async function msalIsomorphic({ count }) {
  const { PublicClientApplication, SerializableTokenCache } = await import('msal-isomorphic')
  const state = userCache(count)
  const tokenCache = new SerializableTokenCache()
  const other = new SerializableTokenCache()
  tokenCache.deserialize(state)
  const app = new PublicClientApplication({ clientId, authority, tokenCache })
  assert.equal((await app.getAccounts()).length, count)
  assert.equal(Object.keys(JSON.parse(tokenCache.serialize()).AccessToken).length, count)
  return {
    list: () => app.getAccounts(),
    serialize: () => tokenCache.serialize(),
    deserialize: () => other.deserialize(state),
    facts: { bytes: state.length },
  }
}

export async function msalNode({ count }) {
  const { PublicClientApplication } = await import('@azure/msal-node')
  const state = userCache(count)
  const cacheOf = () => new PublicClientApplication({ auth: { clientId, authority } }).getTokenCache()
  const tokenCache = cacheOf()
  const other = cacheOf()
  tokenCache.deserialize(state)
  assert.equal((await tokenCache.getAllAccounts()).length, count)
  return {
    list: () => tokenCache.getAllAccounts(),
    serialize: () => tokenCache.serialize(),
    deserialize: () => other.deserialize(state),
    facts: { bytes: state.length },
  }
}

export async function json({ count }) {
  const state = userCache(count)
  const content = JSON.parse(state)
  return { serialize: () => JSON.stringify(content), deserialize: () => JSON.parse(state), facts: { bytes: state.length } }
}
