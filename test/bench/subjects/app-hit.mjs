/** acquireTokenForClient of a client with a certificate, tenants rotating, that finds each token in the cache. */
import assert from 'node:assert/strict'
import crypto, { generateKeyPairSync } from 'node:crypto'
import { appCache, appScopes, clientId, host, rotate, small, tenantOf, tokenOf } from '../support/fixtures.mjs'

const thumbprint = 'ab'.repeat(20)
const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
})
const authorityOf = (index) => `https://${host}/${tenantOf(index)}`

/** Counts the calls of a method from now on. */
function spy(object, method) {
  const original = object[method]
  const calls = { count: 0 }
  object[method] = function (...args) {
    calls.count++
    return original.apply(this, args)
  }
  return calls
}

async function operationsOf({ acquire, cached, count, requests, signatures }) {
  const authorities = Array.from({ length: count }, (_, index) => authorityOf(index))
  const hit = async (index) => {
    const result = await acquire(authorities[index])
    if (!cached(result)) throw new Error('The token did not come from the cache.')
    return result
  }
  const next = rotate(count)
  const begin = performance.now()
  for (let turn = 0; turn < count; turn++) {
    const index = next()
    assert.equal((await hit(index)).accessToken, tokenOf(index, small.accessToken))
  }
  const firstLookUp = ((performance.now() - begin) * 1000) / count
  const rotations = { calls: 0, signatures: 0 }
  return {
    same: () => hit(count >> 1),
    rotating: async () => {
      const before = signatures.count
      await hit(next())
      rotations.calls++
      rotations.signatures += signatures.count - before
    },
    facts: { firstLookUp },
    finish() {
      assert.deepEqual(requests, [], 'a hit makes no request')
      return { signatures: signatures.count, perHit: rotations.signatures / rotations.calls }
    },
  }
}

export async function msalIsomorphic({ count }) {
  const { ConfidentialClientApplication, SerializableTokenCache } = await import('msal-isomorphic')
  const requests = []
  const fetch = async (url) => {
    requests.push(String(url))
    throw new Error('no network')
  }
  const tokenCache = new SerializableTokenCache()
  tokenCache.deserialize(appCache(count, { sizes: small }))
  const clientCredential = { privateKey, thumbprint }
  const signatures = spy(globalThis.crypto.subtle, 'sign')
  await assertThatSpySees({ ConfidentialClientApplication, clientCredential, signatures })
  signatures.count = 0
  const app = new ConfidentialClientApplication({ clientId, authority: authorityOf(0), clientCredential, tokenCache, fetch })
  const acquire = (authority) => app.acquireTokenForClient({ scopes: appScopes, authority })
  return operationsOf({ acquire, cached: ({ tokenSource }) => tokenSource === 'cache', count, requests, signatures })
}

/** Zero signatures mean something only if a signature would have been counted. */
async function assertThatSpySees({ ConfidentialClientApplication, clientCredential, signatures }) {
  const { answer } = await import('../support/fake-provider.mjs')
  const app = new ConfidentialClientApplication({
    clientId,
    authority: authorityOf(0),
    clientCredential,
    fetch: async (url) => answer(url),
  })
  await app.acquireTokenForClient({ scopes: appScopes })
  assert.equal(signatures.count, 1, 'a miss signs once')
}

export async function msalNode({ count }) {
  const { ConfidentialClientApplication } = await import('@azure/msal-node')
  const requests = []
  const refuse = async (url) => {
    requests.push(url)
    throw new Error('no network')
  }
  const networkClient = { sendGetRequestAsync: refuse, sendPostRequestAsync: refuse }
  const clientCertificate = { privateKey, thumbprint }
  const app = new ConfidentialClientApplication({
    auth: { clientId, authority: authorityOf(0), clientCertificate },
    system: { networkClient },
  })
  app.getTokenCache().deserialize(appCache(count, { sizes: small }))
  const signatures = spy(crypto, 'createSign')
  const acquire = (authority) => app.acquireTokenByClientCredential({ scopes: appScopes, authority })
  return operationsOf({ acquire, cached: ({ fromCache }) => fromCache, count, requests, signatures })
}
