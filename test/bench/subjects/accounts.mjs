/** Listing the accounts of a cache, writing it and reading it, in either library and as bare JSON. */
import assert from 'node:assert/strict'
import { authority, clientId, realistic, small, userCache } from '../support/fixtures.mjs'

const stateOf = (count) => userCache(count, { sizes: count > 10_000 ? small : realistic })

/** What the heap grew by, for each account. The text that was read is not in it. */
function heap() {
  globalThis.gc()
  return process.memoryUsage().heapUsed
}

export async function msalIsomorphic({ count }) {
  const { PublicClientApplication, SerializableTokenCache } = await import('msal-isomorphic')
  const state = stateOf(count)
  const tokenCache = new SerializableTokenCache()
  const other = new SerializableTokenCache()
  const before = heap()
  tokenCache.deserialize(state)
  const perAccount = (heap() - before) / count
  const app = new PublicClientApplication({ clientId, authority, tokenCache })
  assert.equal((await app.getAccounts()).length, count)
  // A string holds no more than half a gigabyte: of a hundred thousand accounts, only the list is looked at.
  const whole = count <= 10_000
  if (whole) assert.equal(Object.keys(JSON.parse(tokenCache.serialize()).AccessToken).length, count)
  return {
    list: () => app.getAccounts(),
    ...(whole && { serialize: () => tokenCache.serialize(), deserialize: () => other.deserialize(state) }),
    facts: { bytes: state.length, ...(count >= 1000 && { perAccount }) },
  }
}

export async function msalNode({ count }) {
  const { PublicClientApplication } = await import('@azure/msal-node')
  const state = stateOf(count)
  const cacheOf = () => new PublicClientApplication({ auth: { clientId, authority } }).getTokenCache()
  const tokenCache = cacheOf()
  const other = cacheOf()
  const before = heap()
  tokenCache.deserialize(state)
  const perAccount = (heap() - before) / count
  assert.equal((await tokenCache.getAllAccounts()).length, count)
  return {
    list: () => tokenCache.getAllAccounts(),
    serialize: () => tokenCache.serialize(),
    deserialize: () => other.deserialize(state),
    facts: { bytes: state.length, ...(count >= 1000 && { perAccount }) },
  }
}

export async function json({ count }) {
  const state = stateOf(count)
  const content = JSON.parse(state)
  return { serialize: () => JSON.stringify(content), deserialize: () => JSON.parse(state), facts: { bytes: state.length } }
}
