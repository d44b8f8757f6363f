import { expect, it } from 'vitest'
import { encrypted } from '../../../src/core/cache/encrypted.ts'
import { TokenCache } from '../../../src/core/index.ts'
import { FakeProvider } from '../../support/fake-provider.ts'
import { memoryStore } from '../../support/memory-store.ts'
import { confidentialClient, scopes } from '../client/support.ts'

/** Every so many bits; every one with FULL=1. A step that shares no factor with a character's eight bits comes to each of them. */
const step = process.env.FULL ? 1 : 37

const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
const offline: typeof fetch = () => Promise.reject(new TypeError('offline'))

it('S44 through a client: any bit of what an encrypted store holds turned, the right token comes or none', async () => {
  const memory = memoryStore()
  const provider = new FakeProvider()
  const first = confidentialClient(provider, { tokenCache: new TokenCache({ store: encrypted(memory, key) }) })
  const flow = await first.initiateAuthCodeFlow({ scopes, redirectUri: 'https://app.example/' })
  const { account, accessToken } = await first.acquireTokenByAuthCodeFlow({ flow, response: provider.signIn(flow.authUri) })
  const own = await first.acquireTokenForClient({ scopes })
  const reports: unknown[] = []
  const outcomes = new Set<string>()
  for (const [name, stored] of [...memory.content]) {
    const bytes = Buffer.from(stored.value)
    for (let bit = 0; bit < bytes.length * 8; bit += step) {
      const flipped = Buffer.from(bytes)
      flipped[bit >> 3]! ^= 1 << (bit & 7)
      // As text, which is what a store gives: what is no UTF-8 comes as something else.
      memory.content.set(name, { value: flipped.toString(), version: 'flipped' })
      const tokenCache = new TokenCache({ store: encrypted(memory, key), onStoreError: (error) => reports.push(error) })
      const app = confidentialClient(provider, { tokenCache, fetch: offline })
      const found = name.startsWith('user:')
        ? await app.acquireTokenSilent({ scopes, account })
        : await app.acquireTokenForClient({ scopes }).catch((error) => {
            expect(error).toMatchObject({ name: 'NetworkError', code: 'unreachable' })
            return null
          })
      // Some bits of the last character carry nothing: with one of them turned it is still the same value.
      if (found) expect(found.accessToken).toBe(name.startsWith('user:') ? accessToken : own.accessToken)
      outcomes.add(`${name.split(':')[0]} ${found ? 'found' : 'absent'}`)
    }
    memory.content.set(name, stored)
    const tokenCache = new TokenCache({ store: encrypted(memory, key) })
    const app = confidentialClient(provider, { tokenCache, fetch: offline })
    if (name.startsWith('user:')) expect(await app.acquireTokenSilent({ scopes, account })).toHaveProperty('accessToken', accessToken)
    else expect(await app.acquireTokenForClient({ scopes })).toHaveProperty('accessToken', own.accessToken)
  }
  expect([...outcomes]).toEqual(expect.arrayContaining(['user absent', 'app absent']))
  expect(reports).toEqual([])
}, 300_000)
