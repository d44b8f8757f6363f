import { describe, expect, it, vi } from 'vitest'
import {
  ConfidentialClientApplication,
  isAuthError,
  PublicClientApplication,
  type PublicClientOptions,
  SerializableTokenCache,
  TokenCache,
} from '../../../src/core/index.ts'
import { FakeProvider } from '../../support/fake-provider.ts'
import { authority, clientId, codeOf, confidentialClient, publicClient, scopes, settled, signedIn, unknownAccount } from './support.ts'

const base = { clientId, authority, clientCredential: 's' }

describe('the constructor throws what the options alone decide', () => {
  it.each<[object, string]>([
    [{ clientId: undefined }, 'invalid_argument'],
    [{ clientId: '' }, 'invalid_argument'],
    [{ clientId: 5 }, 'invalid_argument'],
    [{ tokenCache: {} }, 'invalid_argument'],
    [{ timeout: 0 }, 'invalid_argument'],
    [{ timeout: 'long' }, 'invalid_argument'],
    [{ excludeScopes: ['openid'] }, 'invalid_argument'],
    [{ knownAuthorities: ['https://login.example'] }, 'invalid_argument'],
    [{ oidcAuthority: 'https://idp.example' }, 'invalid_argument'],
    [{ authority: 'http://login.microsoftonline.com/x' }, 'authority_invalid'],
    [{ authority: 'nonsense' }, 'authority_invalid'],
    [{ clientCredential: '' }, 'credential_invalid'],
  ])('%o: %s', (change, code) => {
    const clients =
      'clientCredential' in change ? [ConfidentialClientApplication] : [PublicClientApplication, ConfidentialClientApplication]
    for (const Client of clients) expect(() => new Client({ ...base, ...change } as never)).toThrow(expect.objectContaining({ code }))
  })

  it('takes undefined for absent, as TypeScript has it with exactOptionalPropertyTypes', async () => {
    type Optional = Exclude<keyof PublicClientOptions, 'clientId' | 'authority' | 'fetch'>
    const none: Record<Optional, undefined> = {
      ...{ oidcAuthority: undefined, validateAuthority: undefined, instanceDiscovery: undefined, knownAuthorities: undefined },
      ...{ tokenCache: undefined, httpCache: undefined, timeout: undefined, appName: undefined, appVersion: undefined, logger: undefined },
      ...{ clientCapabilities: undefined, excludeScopes: undefined, verifyIdTokenSignature: undefined, waitUntil: undefined },
      ...{ interaction: undefined, silentInteraction: undefined },
    }
    const app = publicClient(new FakeProvider(), none)
    expect(await app.getAccounts({ username: undefined, signal: undefined, timeout: undefined, waitUntil: undefined })).toEqual([])
    const url = await app.getLogoutUrl({ account: null, postLogoutRedirectUri: undefined })
    expect(new URL(url).searchParams.get('client_id')).toBe(clientId)
  })

  it('and makes no request', () => {
    const provider = new FakeProvider()
    publicClient(provider)
    confidentialClient(provider)
    expect(provider.requests).toEqual([])
  })
})

describe('S72 methods never throw synchronously, and reject only with an AuthError', () => {
  const values = [undefined, null, 0, '', 'text', {}, [], () => {}, Symbol('x'), 1n, new Date(0)]
  const deviceFlow = { deviceCode: 'd', scopes, clientId, authority, interval: 1, expiresAt: Date.now() + 60_000 }
  // An interval that is none counts as five seconds.
  const soonOver = { ...deviceFlow, expiresAt: Date.now() + 100 }
  const hostile = [
    ...values,
    ...values.flatMap((value) => [
      { scopes: value },
      { scopes: [value] },
      { scopes, account: value },
      { scopes, account: { homeAccountId: value } },
      { scopes, authority: value },
      { scopes, correlationId: value, forceRefresh: true },
      { scopes, timeout: value, forceRefresh: true },
      { scopes, signal: value, forceRefresh: true },
      { scopes, waitUntil: value, forceRefresh: true },
      { scopes, claimsChallenge: value, forceRefresh: true },
      { scopes, extraQueryParameters: value, forceRefresh: true },
      { scopes, extraBodyParameters: value, forceRefresh: true },
      { scopes, extraBodyParameters: { x: value }, forceRefresh: true },
      { scopes, redirectUri: value, state: value, prompt: value },
      { scopes, interaction: value },
      { scopes, interaction: { begin: value } },
      { scopes, interaction: { begin: () => value, responseModes: value } },
      { flow: value },
      { flow: { state: value, scopes: value } },
      { flow: {}, response: value },
      { flow: { ...deviceFlow, expiresAt: value } },
      { flow: { ...soonOver, interval: value } },
      { flow: { ...deviceFlow, deviceCode: value } },
      { flow: { ...deviceFlow, clientId: value } },
      { flow: { ...deviceFlow, authority: value } },
      { flow: { ...deviceFlow, scopes: value } },
      { flow: { ...deviceFlow, scopes: [value] } },
      { code: value },
      { redirectUri: value, nonce: value },
      { codeVerifier: value },
      { refreshToken: value },
      { userAssertion: value },
      { userAssertion: { toString: value } },
      { password: value },
      { responseType: value, nonce: value },
      { loginHint: value, domainHint: value, state: value },
      { username: value },
      { homeAccountId: value },
      { logoutHint: value, postLogoutRedirectUri: value },
    ]),
    Object.defineProperty({}, 'scopes', {
      get() {
        throw new Error('getter')
      },
    }),
  ]
  const deviceCode = { user_code: 'A', device_code: 'd', verification_uri: 'https://idp.example/', expires_in: 900 }
  /** What lets a call get as far as the request, in place of what is not given. */
  const methods: [string, object?][] = [
    ['initiateAuthCodeFlow'],
    ['acquireTokenByAuthCodeFlow'],
    ['acquireTokenByAuthorizationCode', { code: 'c' }],
    ['getAuthorizationRequestUrl', {}],
    ['acquireTokenByRefreshToken', { refreshToken: 'rt' }],
    ['acquireTokenByUsernamePassword', { username: 'alice@contoso.example', password: 'p' }],
    ['acquireTokenSilent'],
    ['acquireTokenSilentWithError'],
    ['acquireTokenInteractive'],
    ['initiateDeviceFlow', {}],
    ['acquireTokenByDeviceFlow', { flow: deviceFlow }],
    ['acquireTokenForClient'],
    ['acquireTokenOnBehalfOf', { userAssertion: 'a-token' }],
    ['removeTokensForClient'],
    ['getAccounts'],
    ['getAccount'],
    ['removeAccount'],
    ['getLogoutUrl'],
    ['close'],
  ]

  it.each(methods)('%s', async (name, good) => {
    const rejections: unknown[] = []
    const notice = (reason: unknown) => void rejections.push(reason)
    process.on('unhandledRejection', notice)
    const outcomes: string[] = []
    try {
      const { provider, tokenCache, account, app } = await signedIn()
      provider.onRequest = ({ url }) => (url.pathname.endsWith('/devicecode') ? Response.json(deviceCode) : undefined)
      const confidential = confidentialClient(provider, { tokenCache })
      const target = (name in app ? app : confidential) as unknown as Record<string, (options: unknown) => Promise<unknown>>
      const state = tokenCache.serialize()
      for (const given of hostile) {
        tokenCache.deserialize(state)
        // A signed-in account lets the call get as far as the request.
        const plain = typeof given === 'object' && given !== null && Object.getPrototypeOf(given) === Object.prototype
        const open = plain && !Object.getOwnPropertyDescriptor(given, 'scopes')?.get
        const options = open && (good || ('scopes' in given && !('account' in given)))
        const promise = target[name]!(options ? { account, ...(good && { scopes, ...good }), ...given } : given)
        expect(promise).toBeInstanceOf(Promise)
        const error = await promise.then(
          () => undefined,
          (reason: unknown) => reason,
        )
        if (error !== undefined && !isAuthError(error)) throw error
        outcomes.push(error ? error.code : 'resolved')
      }
      await settled()
    } finally {
      process.off('unhandledRejection', notice)
    }
    expect(rejections).toEqual([])
    if (good) expect(outcomes, 'something got through').toContain('resolved')
  })

  it('nor when a method has lost its object', async () => {
    const { acquireTokenSilent, getAccounts } = publicClient(new FakeProvider())
    expect(await codeOf(getAccounts.call(undefined as never))).toBe('invalid_argument')
    expect(await codeOf(acquireTokenSilent.call(undefined as never, { scopes, account: unknownAccount }))).toBe('invalid_argument')
  })

  it('nor when a logger throws', async () => {
    const logger = () => {
      throw new Error('log')
    }
    const app = confidentialClient(new FakeProvider(), { logger, authority: 'https://login.microsoftonline.com/common' })
    expect(await app.acquireTokenForClient({ scopes })).toHaveProperty('accessToken')
  })
})

it.each([
  [['openid'], 'scopes_reserved'],
  [['User.Read', 'offline_access'], 'scopes_reserved'],
  [[], 'scopes_empty'],
  [undefined, 'scopes_empty'],
  [['a b'], 'invalid_argument'],
])('silent with the scopes %o: %s', async (asked, code) => {
  const { app, account } = await signedIn()
  expect(await codeOf(app.acquireTokenSilent({ scopes: asked as never, account }))).toBe(code)
})

it('clients keep nothing where it could be printed (S69)', async () => {
  const { app } = await signedIn()
  for (const one of [app, confidentialClient(new FakeProvider(), { clientCredential: 'CANARY' })]) {
    const { inspect } = await import('node:util')
    expect(inspect(one, { showHidden: true, depth: 9 }) + JSON.stringify(one)).not.toMatch(/CANARY|at-\d|rt-\d/)
  }
})

describe('close', () => {
  it('waits for renewals, so that a process may end', async () => {
    const provider = new FakeProvider()
    provider.changes = { refresh_in: 0 }
    const { app, account, tokenCache } = await signedIn({ provider })
    const gate = provider.hold()
    await app.acquireTokenSilent({ scopes, account })
    const closed = vi.fn()
    const closing = app.close().then(closed)
    await gate.arrived()
    expect(closed).not.toHaveBeenCalled()
    tokenCache.serialize()
    gate.open()
    await closing
    expect(tokenCache.hasStateChanged).toBe(true)
  })

  it('may be called at any time, twice, and by await using', async () => {
    const app = publicClient(new FakeProvider())
    await app.close()
    await app.close()
    if (Symbol.asyncDispose) await app[Symbol.asyncDispose]()
    expect(await app.getAccounts()).toEqual([])
  })

  it('a close that fails to renew still resolves', async () => {
    const provider = new FakeProvider()
    provider.changes = { refresh_in: 0 }
    const { app, account } = await signedIn({ provider })
    provider.onToken = () => () => new Response('', { status: 503 })
    await app.acquireTokenSilent({ scopes, account })
    await expect(app.close()).resolves.toBeUndefined()
  })
})

it('a cache of another kind that extends ours will do', async () => {
  class Mine extends TokenCache {}
  expect(await publicClient(new FakeProvider(), { tokenCache: new Mine() }).getAccounts()).toEqual([])
  expect(await publicClient(new FakeProvider(), { tokenCache: new SerializableTokenCache() }).getAccounts()).toEqual([])
})
