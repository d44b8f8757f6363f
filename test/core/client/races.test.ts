import { describe, expect, it } from 'vitest'
import { type CacheStore, SerializableTokenCache, TokenCache } from '../../../src/core/index.ts'
import { FakeProvider, refuse, tokens } from '../../support/fake-provider.ts'
import { memoryStore } from '../../support/memory-store.ts'
import { confidentialClient, errorOf, publicClient, scopes, secrets, storedSecrets } from './support.ts'

const entra = { authority: 'https://login.microsoftonline.com/contoso.example' }
const oidc = { authority: undefined as never, oidcAuthority: 'https://idp.example' }

/** What two processes see of one store that has no lock, and a promise of the first write that somebody awaits from now on. */
function withoutLock() {
  const { lock: _, ...store } = memoryStore()
  let written = Promise.resolve()
  const watched: CacheStore = {
    ...store,
    async write(...args) {
      const outcome = await store.write(...args)
      tell()
      return outcome
    },
  }
  let tell = () => {}
  const nextWrite = () => {
    written = new Promise((resolve) => {
      tell = resolve
    })
    return written
  }
  return { store: watched, content: store.content, nextWrite }
}

it.each([
  ['Microsoft, no suberror', entra, {}],
  ['Microsoft, an unknown suberror', entra, { suberror: 'new_one' }],
  ['Microsoft, bad_token', entra, { suberror: 'bad_token' }],
  ['OIDC, no suberror', oidc, {}],
  ['OIDC, an unknown suberror', oidc, { suberror: 'new_one' }],
])('S28 two clients use one refresh token at once, over a store without a lock: both end signed in (%s)', async (_, settings, fields) => {
  const provider = new FakeProvider()
  const { store, content, nextWrite } = withoutLock()
  const options = () => ({ ...settings, tokenCache: new TokenCache({ store }) })
  const first = publicClient(provider, options())
  const { account } = await first.acquireTokenByRefreshToken({ refreshToken: 'the-first', scopes })
  const clients = [first, publicClient(provider, options())]

  const used = new Set<string>()
  const written = nextWrite()
  provider.onToken = ({ form }) => {
    const token = form.refresh_token!
    // The loser hears of it once the winner has stored what it was given.
    if (used.has(token)) return async (...args) => written.then(() => refuse('invalid_grant', fields)(...args))
    used.add(token)
    return undefined
  }
  const gate = provider.hold()
  const calls = clients.map((app, index) => app.acquireTokenSilentWithError({ scopes: [`Scope.${index}`], account }))
  await gate.arrived(2)
  const sent = provider.tokenRequests().slice(-2)
  expect(new Set(sent.map(({ form }) => form.refresh_token)).size).toBe(1)
  gate.open()
  for (const result of await Promise.all(calls)) expect(result).toMatchObject({ account, tokenSource: 'identity_provider' })
  expect(provider.count()).toBe(4)

  const left = storedSecrets(content, 'RefreshToken')
  expect(left).toHaveLength(1)
  expect(used).not.toContain(left[0])
  for (const app of clients) {
    expect(await app.acquireTokenSilentWithError({ scopes: ['Files.Read'], account })).toMatchObject({ account })
  }
})

it('S28 the loser is content with the very token that the winner has got', async () => {
  const provider = new FakeProvider()
  const { store, nextWrite } = withoutLock()
  const clients = [0, 1].map(() => publicClient(provider, { tokenCache: new TokenCache({ store }) }))
  const { account } = await clients[0]!.acquireTokenByRefreshToken({ refreshToken: 'the-first', scopes })
  const written = nextWrite()
  provider.replies.push(tokens(), async (...args) => written.then(() => refuse('invalid_grant')(...args)))
  const gate = provider.hold()
  const calls = clients.map((app) => app.acquireTokenSilentWithError({ scopes: ['Mail.Read'], account }))
  await gate.arrived(2)
  gate.open()
  const [one, two] = await Promise.all(calls)
  expect(one!.accessToken).toBe(two!.accessToken)
  expect(provider.count()).toBe(3)
})

it('S28 refused where the store holds no other: one request, and the refusal', async () => {
  const provider = new FakeProvider()
  const { store, content } = withoutLock()
  const app = publicClient(provider, { tokenCache: new TokenCache({ store }) })
  const { account } = await app.acquireTokenByRefreshToken({ refreshToken: 'the-first', scopes })
  const before = storedSecrets(content, 'RefreshToken')
  provider.onToken = () => refuse('invalid_grant', { suberror: 'new_one' })
  provider.requests.length = 0
  await expect(app.acquireTokenSilentWithError({ scopes: ['Mail.Read'], account })).rejects.toMatchObject({ suberror: 'new_one' })
  expect(provider.count()).toBe(1)
  expect(storedSecrets(content, 'RefreshToken')).toEqual(before)
})

describe('a refresh token from elsewhere', () => {
  const refreshToken = 'an-older-library.s-refresh-token'

  it.each([
    ['an abort', { code: 'aborted', cause: 'enough', correlationId: 'mine' }],
    ['a timeout', { code: 'timed_out', correlationId: 'mine' }],
  ])('S23 after the request has been sent, %s ends the call at once, and the new refresh token is stored', async (end, error) => {
    const provider = new FakeProvider()
    const tokenCache = new SerializableTokenCache()
    const app = publicClient(provider, { tokenCache })
    const gate = provider.hold()
    const aborter = new AbortController()
    const work: Promise<unknown>[] = []
    const call = errorOf(
      app.acquireTokenByRefreshToken({
        refreshToken,
        scopes,
        correlationId: 'mine',
        signal: aborter.signal,
        ...(end === 'a timeout' && { timeout: 50 }),
        waitUntil: (promise) => void work.push(promise),
      }),
    )
    await gate.arrived()
    if (end === 'an abort') aborter.abort('enough')
    expect(await call).toMatchObject(error)
    gate.open()
    expect(work).toHaveLength(1)
    await Promise.all(work)
    const held = await secrets(tokenCache, 'RefreshToken')
    expect(held).toHaveLength(1)
    expect(held).not.toContain(refreshToken)
    expect(await app.getAccounts()).toHaveLength(1)
    await app.close()
  })

  it('S22 three calls at once, of several clients over one cache: one request, and each its own result', async () => {
    const provider = new FakeProvider()
    const tokenCache = new SerializableTokenCache()
    const apps = [0, 1, 2].map(() => confidentialClient(provider, { tokenCache }))
    const gate = provider.hold()
    const calls = apps.map((app, index) =>
      app.acquireTokenByRefreshToken({ refreshToken, scopes: index ? ['A', 'B'] : ['B', 'A'], correlationId: `${index}` }),
    )
    await gate.arrived()
    await new Promise((resolve) => setTimeout(resolve, 50))
    gate.open()
    const results = await Promise.all(calls)
    expect(provider.count()).toBe(1)
    expect(new Set(results.map(({ accessToken }) => accessToken)).size).toBe(1)
    expect(new Set(results).size).toBe(3)
    expect(results.map(({ correlationId }) => correlationId)).toEqual(['0', '1', '2'])
    // Later, it is asked for anew.
    await apps[0]!.acquireTokenByRefreshToken({ refreshToken, scopes })
    expect(provider.count()).toBe(2)
  })

  it('S22 S24 what differs is asked for by itself', async () => {
    const provider = new FakeProvider()
    const tokenCache = new SerializableTokenCache()
    const app = publicClient(provider, { tokenCache })
    const elsewhere = publicClient(provider, { tokenCache, authority: 'https://login.microsoftonline.com/fabrikam.example' })
    const another = publicClient(provider, { tokenCache, clientId: 'another-client' })
    await Promise.all([
      app.acquireTokenByRefreshToken({ refreshToken, scopes }),
      app.acquireTokenByRefreshToken({ refreshToken: 'another', scopes }),
      app.acquireTokenByRefreshToken({ refreshToken, scopes: ['Mail.Read'] }),
      app.acquireTokenByRefreshToken({ refreshToken, scopes, extraBodyParameters: { more: '1' } }),
      app.acquireTokenByRefreshToken({ refreshToken, scopes, extraQueryParameters: { more: '1' } }),
      elsewhere.acquireTokenByRefreshToken({ refreshToken, scopes }),
      another.acquireTokenByRefreshToken({ refreshToken, scopes }),
    ])
    expect(provider.count()).toBe(7)
  })
})
