import { afterEach, beforeEach, onTestFinished, vi } from 'vitest'
import { accounts } from '../../src/browser/index.ts'
import { type AccountInfo, type PublicClientApplication, TokenCache } from '../../src/core/index.ts'
import { publicClient, scopes } from '../core/client/support.ts'
import { alice, FakeProvider, type Person } from '../support/fake-provider.ts'
import type { MemoryStore } from '../support/memory-store.ts'

export const carol: Person = { ...alice, uid: '00000000-0000-4000-8000-0000000ca401', username: 'carol@contoso.example', name: 'Carol' }

/** What all tabs of an origin share, as far as one process can show it: the content of `localStorage`, empty for each test. */
export const stored = new Map<string, string>()
beforeEach(() => {
  stored.clear()
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => void stored.set(key, value),
    removeItem: (key: string) => void stored.delete(key),
  })
})
afterEach(() => vi.unstubAllGlobals())

export const provider = new FakeProvider()
provider.persons.push(carol)
export const open = (store?: MemoryStore) => publicClient(provider, { tokenCache: new TokenCache(store ? { store } : {}) })

export async function signIn(app: PublicClientApplication, person: Person): Promise<AccountInfo> {
  const flow = await app.initiateAuthCodeFlow({ scopes, redirectUri: 'https://app.example/' })
  return (await app.acquireTokenByAuthCodeFlow({ flow, response: provider.signIn(flow.authUri, person) })).account
}

/** Subscribes for the duration of a test, and counts. */
export function watch(app: PublicClientApplication) {
  const told = vi.fn()
  onTestFinished(accounts(app).subscribe(told))
  return told
}

export const names = (app: PublicClientApplication) =>
  accounts(app)
    .get()
    .map(({ username }) => username.split('@')[0])
export const activeName = (app: PublicClientApplication) => accounts(app).active?.username.split('@')[0] ?? null
