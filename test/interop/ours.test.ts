import { decodeJwt, decodeProtectedHeader } from 'jose'
import {
  type ClientApplication,
  type ClientCredential,
  ConfidentialClientApplication,
  type ConfidentialClientOptions,
  type InitiateAuthCodeFlowOptions,
  InteractionRequiredAuthError,
  PublicClientApplication,
  type PublicClientOptions,
  SerializableTokenCache,
  ServerError,
  type UserResult,
} from 'msal-isomorphic'
import { createFetch } from 'msal-isomorphic/node'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Browser, type Playground, signIn, startPlayground, tenants, users } from '../support/provider.ts'
import type { Person } from '../support/sign-in.ts'

// This library's clients against a certified provider, over HTTP: what both sides think of the protocol must fit.
const { contoso, fabrikam } = tenants
const { alice, bob, gina } = users
const redirectUri = 'http://localhost:5555/redirect'
const scopes = ['api://notes/Notes.Read']
const appScopes = ['api://notes/.default']
const modes = ['query', 'fragment', 'form_post'] as const

let playground: Playground
let provider: Playground['provider']
let host: string

beforeAll(async () => {
  playground = await startPlayground()
  provider = playground.provider
  host = new URL(provider.url).host
})
afterAll(() => playground?.close())
afterEach(() => {
  provider.control.clearFaults()
  provider.settings.rotationGraceSeconds = Number.POSITIVE_INFINITY
})

function publicClient(options: Partial<PublicClientOptions> = {}): PublicClientApplication {
  const { clientId } = provider.clients.native
  return new PublicClientApplication({ clientId, authority: provider.authority('common'), knownAuthorities: [host], ...options })
}

function webClient(options: Partial<ConfidentialClientOptions> = {}): ConfidentialClientApplication {
  const { clientId, secret } = provider.clients.web
  const authority = provider.authority(contoso)
  return new ConfidentialClientApplication({ clientId, clientCredential: secret, authority, knownAuthorities: [host], ...options })
}

interface SignIn extends InitiateAuthCodeFlowOptions {
  browser?: Browser
  ca?: string | undefined
}

/** Both halves of a sign-in, with the person's part between them. */
async function signInWith(app: ClientApplication, person: Person, { browser, ca, ...options }: SignIn = {}): Promise<UserResult> {
  const flow = await app.initiateAuthCodeFlow({ scopes, redirectUri, ...options })
  const { url, params, method } = await signIn(flow.authUri, person, { ...(browser && { browser }), ca })
  expect(method).toBe(options.responseMode === 'form_post' ? 'POST' : 'GET')
  const response = method === 'POST' ? new Request(url, { method, body: new URLSearchParams(params) }) : url
  // What a server keeps of a flow is JSON.
  return app.acquireTokenByAuthCodeFlow({ flow: JSON.parse(JSON.stringify(flow)), response })
}

async function callApi(accessToken: string, query = '') {
  const response = await fetch(`${playground.api.url}/notes${query}`, { headers: { authorization: `Bearer ${accessToken}` } })
  return { status: response.status, challenge: response.headers.get('www-authenticate'), body: await response.json() }
}

/** The requests that the provider got while `task` ran. */
async function requestsDuring<T>(task: () => Promise<T>) {
  const before = provider.requests.length
  const result = await task()
  const requests = provider.requests.slice(before)
  return { result, requests, tokenRequests: requests.filter(({ path }) => path.endsWith('/token')) }
}

const changed = (cache: SerializableTokenCache, change: (token: Record<string, string>) => void): SerializableTokenCache => {
  const content = JSON.parse(cache.serialize())
  for (const token of Object.values<Record<string, string>>(content.AccessToken)) change(token)
  const copy = new SerializableTokenCache()
  copy.deserialize(JSON.stringify(content))
  return copy
}

/** A copy, as another process would read it from a file, in which every access token has expired. */
function expired(cache: SerializableTokenCache): SerializableTokenCache {
  const past = String(Math.floor(Date.now() / 1000) - 1)
  return changed(cache, (token) => Object.assign(token, { expires_on: past, extended_expires_on: past }))
}

describe('signing in', () => {
  test.each(modes)('under common, with an answer by %s', async (responseMode) => {
    const { result, requests } = await requestsDuring(() => signInWith(publicClient(), alice, { responseMode }))
    expect(result).toMatchObject({
      tokenSource: 'identity_provider',
      tokenType: 'Bearer',
      account: {
        homeAccountId: alice.homeAccountId,
        username: alice.username,
        name: alice.name,
        tenantId: contoso.id,
        localAccountId: alice.objectIds[contoso.id],
      },
      idTokenClaims: { iss: `${provider.url}/${contoso.id}/v2.0`, preferred_username: alice.username },
    })
    expect(result.scopes).toEqual(expect.arrayContaining(scopes))
    expect(result.expiresOn.getTime()).toBeGreaterThan(Date.now() + 3_500_000)
    expect(await callApi(result.accessToken)).toMatchObject({ status: 200, body: { owner: alice.name, tenant: contoso.id } })
    const own = requests.filter(({ path }) => /openid-configuration$|\/token$/.test(path))
    expect(own.map(({ path, status }) => `${status} ${path}`)).toEqual([
      '200 /common/v2.0/.well-known/openid-configuration',
      '200 /common/oauth2/v2.0/token',
    ])
  })

  test.each(modes)('under a tenant, with an answer by %s that names its issuer', async (responseMode) => {
    const app = publicClient({ authority: provider.authority(contoso) })
    const { account } = await signInWith(app, bob, { responseMode })
    expect(account).toMatchObject({ homeAccountId: bob.homeAccountId, tenantId: contoso.id })
  })

  test.each(['web', 'webCertificate'] as const)('with a client that authenticates: %s', async (name) => {
    const client = provider.clients[name]
    const { clientId } = client
    const clientCredential: ClientCredential =
      'privateKey' in client ? { privateKey: client.privateKey!, publicCertificate: client.certificate! } : client.secret!
    const app = webClient({ clientId, clientCredential })
    const { account, accessToken } = await signInWith(app, alice, { responseMode: 'form_post' })
    expect(decodeJwt(accessToken)).toMatchObject({ azp: clientId, azpacr: name === 'web' ? '1' : '2' })
    expect(await app.acquireTokenSilent({ scopes, account, forceRefresh: true })).toMatchObject({ tokenSource: 'identity_provider' })
  })

  test('a guest is one account with a token for each tenant', async () => {
    const app = publicClient({ authority: provider.authority(fabrikam) })
    const guest = await signInWith(app, gina)
    expect(guest.account).toMatchObject({
      homeAccountId: gina.homeAccountId,
      tenantId: fabrikam.id,
      localAccountId: gina.objectIds[fabrikam.id],
    })
    const authority = provider.authority(contoso)
    const home = await app.acquireTokenSilent({ scopes, account: guest.account, authority })
    expect(decodeJwt(home!.accessToken)).toMatchObject({ tid: contoso.id, oid: gina.objectIds[contoso.id] })
    expect(decodeJwt(guest.accessToken)).toMatchObject({ tid: fabrikam.id, oid: gina.objectIds[fabrikam.id] })
    const { result, requests } = await requestsDuring(() =>
      Promise.all([
        app.acquireTokenSilent({ scopes, account: guest.account }),
        app.acquireTokenSilent({ scopes, account: guest.account, authority }),
      ]),
    )
    expect(result.map((token) => token?.accessToken)).toEqual([guest.accessToken, home!.accessToken])
    expect(requests).toEqual([])
    expect(await app.getAccounts()).toHaveLength(1)
  })

  test('an answer to another sign-in is refused', async () => {
    const app = publicClient()
    const [mine, other] = await Promise.all([1, 2].map(() => app.initiateAuthCodeFlow({ scopes, redirectUri })))
    const { url } = await signIn(other!.authUri, alice)
    await expect(app.acquireTokenByAuthCodeFlow({ flow: mine!, response: url })).rejects.toMatchObject({ code: 'state_mismatch' })
  })

  test('cancelling is a ServerError that tells the code', async () => {
    const app = publicClient()
    const flow = await app.initiateAuthCodeFlow({ scopes, redirectUri })
    const { url } = await signIn(flow.authUri, alice, { cancel: true })
    const failure = await app.acquireTokenByAuthCodeFlow({ flow, response: url }).catch((error) => error)
    expect(failure).toBeInstanceOf(ServerError)
    expect(failure).toMatchObject({ error: 'access_denied', status: 0, errorDescription: expect.stringContaining('AADSTS65004') })
  })

  test('the signature of the id token is checked where that is wanted', async () => {
    const { requests } = await requestsDuring(() => signInWith(publicClient({ verifyIdTokenSignature: true }), alice))
    expect(requests.map(({ path }) => path)).toContain('/common/discovery/v2.0/keys')

    const forged: typeof fetch = async (input, init) => {
      const response = await fetch(input, init)
      if (!String(input).includes('/token')) return response
      const body = await response.json()
      const [header, payload] = body.id_token.split('.')
      return Response.json({ ...body, id_token: `${header}.${payload}.${Buffer.alloc(256, 7).toString('base64url')}` })
    }
    const app = publicClient({ verifyIdTokenSignature: true, fetch: forged })
    await expect(signInWith(app, alice)).rejects.toMatchObject({ code: 'id_token_invalid', action: 'report' })
    expect(await app.getAccounts()).toEqual([])
    expect((await signInWith(publicClient({ fetch: forged }), alice)).account.username).toBe(alice.username)
  })

  test('over HTTPS, with the authority that the application trusts', async () => {
    const { ca, httpsUrl } = provider
    const options = { authority: provider.authority('common', { https: true }), knownAuthorities: [new URL(httpsUrl!).host] }
    const app = publicClient({ ...options, fetch: createFetch({ ca: ca! }) })
    const { account, accessToken } = await signInWith(app, alice, { ca, responseMode: 'form_post' })
    expect((await callApi(accessToken)).status).toBe(200)
    expect(await app.acquireTokenSilent({ scopes, account, forceRefresh: true })).toMatchObject({ tokenSource: 'identity_provider' })
    await expect(publicClient(options).initiateAuthCodeFlow({ scopes })).rejects.toMatchObject({ code: 'unreachable', action: 'retry' })
  })
})

describe('refreshing', () => {
  async function signedIn(person: Person = alice) {
    const cache = new SerializableTokenCache()
    const { account, accessToken } = await signInWith(publicClient({ tokenCache: cache }), person)
    return { cache, account, accessToken }
  }

  const refreshTokens = async (cache: SerializableTokenCache) =>
    ((await cache.find('RefreshToken')) as { secret: string }[]).map(({ secret }) => secret)

  test('with strict rotation each refresh brings the token for the next one', async () => {
    provider.settings.rotationGraceSeconds = 0
    const { cache, account } = await signedIn()
    const app = publicClient({ tokenCache: cache })
    const seen = new Set(await refreshTokens(cache))
    for (const round of [1, 2, 3]) {
      const result = await app.acquireTokenSilent({ scopes, account, forceRefresh: true })
      expect(result).toMatchObject({ tokenSource: 'identity_provider', account: { username: alice.username } })
      const held = await refreshTokens(cache)
      expect(held).toHaveLength(1)
      expect(seen.add(held[0]!).size).toBe(round + 1)
    }
  })

  test('with a grace two processes that hold the same refresh token both go on', async () => {
    const { cache, account } = await signedIn()
    for (const tokenCache of [expired(cache), expired(cache)]) {
      expect(await publicClient({ tokenCache }).acquireTokenSilent({ scopes, account })).toMatchObject({ tokenSource: 'identity_provider' })
    }
  })

  test('with strict rotation the second process has to ask the person, and forgets the dead token', async () => {
    provider.settings.rotationGraceSeconds = 0
    const { cache, account } = await signedIn()
    const [first, second] = [expired(cache), expired(cache)]
    expect(await publicClient({ tokenCache: first }).acquireTokenSilent({ scopes, account })).not.toBeNull()
    const late = publicClient({ tokenCache: second })
    const refusal = await late.acquireTokenSilentWithError({ scopes, account }).catch((error) => error)
    expect(refusal).toBeInstanceOf(InteractionRequiredAuthError)
    expect(refusal).toMatchObject({ error: 'invalid_grant', suberror: 'bad_token', action: 'interact' })
    expect(await refreshTokens(second)).toEqual([])
    const { result, requests } = await requestsDuring(() => late.acquireTokenSilent({ scopes, account }))
    expect(result).toBeNull()
    expect(requests).toEqual([])
  })

  test('a hundred calls for one expired token are one token request', async () => {
    provider.settings.rotationGraceSeconds = 0
    const { cache, account, accessToken } = await signedIn()
    const tokenCache = expired(cache)
    // Two clients in one process share what is under way, too.
    const apps = [publicClient({ tokenCache }), publicClient({ tokenCache })]
    const { result, tokenRequests } = await requestsDuring(() =>
      Promise.all(Array.from({ length: 100 }, (_, i) => apps[i % 2]!.acquireTokenSilent({ scopes, account }))),
    )
    expect(tokenRequests.map(({ grantType, status }) => [grantType, status])).toEqual([['refresh_token', 200]])
    const tokens = new Set(result.map((each) => each?.accessToken))
    expect(tokens.size).toBe(1)
    expect(tokens.has(accessToken)).toBe(false)
    expect((await callApi(result[0]!.accessToken)).status).toBe(200)
  })

  test('calls for several APIs take turns, so that none spends the token of another', async () => {
    provider.settings.rotationGraceSeconds = 0
    const { cache, account } = await signedIn()
    const app = publicClient({ tokenCache: expired(cache) })
    const wanted = [scopes, ['api://notes/Notes.Write'], ['User.Read'], ['Mail.Read']]
    const { result, tokenRequests } = await requestsDuring(() =>
      Promise.all(wanted.map((each) => app.acquireTokenSilent({ scopes: each, account }))),
    )
    expect(tokenRequests.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    expect(result.map((each) => decodeJwt(each!.accessToken).scp)).toEqual(['Notes.Read', 'Notes.Write', 'User.Read', 'Mail.Read'])
  })

  test('what is past refresh_in is handed out at once and renewed behind', async () => {
    const { cache, account, accessToken } = await signedIn()
    const past = String(Math.floor(Date.now() / 1000) - 1)
    const tokenCache = changed(cache, (token) => Object.assign(token, { refresh_on: past }))
    const app = publicClient({ tokenCache })
    const { result, tokenRequests } = await requestsDuring(async () => {
      const token = await app.acquireTokenSilent({ scopes, account })
      await app.close()
      return token
    })
    expect(result).toMatchObject({ tokenSource: 'cache', accessToken })
    expect(tokenRequests).toHaveLength(1)
    const renewed = await app.acquireTokenSilent({ scopes, account })
    expect(renewed?.tokenSource).toBe('cache')
    expect(renewed?.accessToken).not.toBe(accessToken)
  })

  test('a provider that fails for a moment costs nobody the account', async () => {
    const { cache, account } = await signedIn()
    const tokenCache = expired(cache)
    provider.control.failNext({ status: 503, body: '<html>busy</html>' })
    await expect(publicClient({ tokenCache }).acquireTokenSilent({ scopes, account })).rejects.toMatchObject({ action: 'retry' })
    expect(await publicClient({ tokenCache }).acquireTokenSilent({ scopes, account })).toMatchObject({ tokenSource: 'identity_provider' })
  })

  test('clients of a family share a refresh token, and strangers leave it alone', async () => {
    const { familyOne, familyTwo, native } = provider.clients
    const tokenCache = new SerializableTokenCache()
    const { account } = await signInWith(publicClient({ clientId: familyOne.clientId, tokenCache }), alice)

    const sibling = publicClient({ clientId: familyTwo.clientId, tokenCache })
    const shared = await sibling.acquireTokenSilent({ scopes, account })
    expect(decodeJwt(shared!.accessToken)).toMatchObject({ azp: familyTwo.clientId, oid: alice.objectIds[contoso.id] })

    const stranger = publicClient({ clientId: native.clientId, tokenCache })
    expect(await stranger.acquireTokenSilent({ scopes, account })).toBeNull()
    expect(await sibling.acquireTokenSilent({ scopes, account, forceRefresh: true })).toMatchObject({ tokenSource: 'identity_provider' })

    // The family's token stays with who has signed in, as in MSAL Python, and is everybody's to give up.
    expect(await tokenCache.find('RefreshToken')).toMatchObject([{ client_id: familyOne.clientId, family_id: '1' }])
    await sibling.removeAccount(account)
    expect(await tokenCache.find('RefreshToken')).toEqual([])
    expect(await publicClient({ clientId: familyOne.clientId, tokenCache }).acquireTokenSilent({ scopes, account })).toBeNull()
  })
})

describe('claims challenges', () => {
  const claimsIn = (header: string | null) => Buffer.from(/claims="([^"]+)"/.exec(header ?? '')?.[1] ?? '', 'base64').toString()

  test('one that the provider can meet is answered silently', async () => {
    const app = publicClient({ clientCapabilities: ['CP1'] })
    const { account, accessToken } = await signInWith(app, alice)
    expect(decodeJwt(accessToken).xms_cc).toEqual(['CP1'])
    const refused = await callApi(accessToken, '?challenge=c1')
    expect(refused.status).toBe(401)
    const claimsChallenge = claimsIn(refused.challenge)
    const { result, tokenRequests } = await requestsDuring(() => app.acquireTokenSilent({ scopes, account, claimsChallenge }))
    expect(tokenRequests).toHaveLength(1)
    expect(JSON.parse(String(tokenRequests[0]?.parameters.claims))).toEqual({
      access_token: { acrs: { essential: true, value: 'c1' }, xms_cc: { values: ['CP1'] } },
    })
    expect((await callApi(result!.accessToken, '?challenge=c1')).status).toBe(200)
  })

  test('one that takes the person is told, and met by a new sign-in', async () => {
    const browser = new Browser()
    const app = publicClient()
    const { account, accessToken } = await signInWith(app, alice, { browser })
    const claimsChallenge = claimsIn((await callApi(accessToken, '?challenge=c2')).challenge)
    expect(await app.acquireTokenSilent({ scopes, account, claimsChallenge })).toBeNull()
    const refusal = await app.acquireTokenSilentWithError({ scopes, account, claimsChallenge }).catch((error) => error)
    expect(refusal).toBeInstanceOf(InteractionRequiredAuthError)
    expect(refusal).toMatchObject({ error: 'interaction_required', claims: claimsChallenge })
    // Nothing of that ends what the account can do otherwise.
    expect(await app.acquireTokenSilent({ scopes, account })).toMatchObject({ tokenSource: 'cache', accessToken })

    const strong = await signInWith(app, alice, { browser, claimsChallenge: refusal.claims, loginHint: alice.username })
    expect((await callApi(strong.accessToken, '?challenge=c2')).status).toBe(200)
    expect(await app.acquireTokenSilent({ scopes, account })).toMatchObject({ accessToken: strong.accessToken })
    await browser.close()
  })
})

describe('signing out', () => {
  test.each([
    ['with the id token as a hint', contoso.id, true],
    ['with the id token as a hint, under common', 'common', true],
    ['with a name as a hint', 'common', false],
  ])('the logout URL ends the session and leads back, %s', async (_name, tenant, hasToken) => {
    const browser = new Browser()
    const app = publicClient({ authority: provider.authority(tenant) })
    const { account, idToken } = await signInWith(app, alice, { browser })
    const silent = { browser, prompt: 'none' }
    expect((await signInWith(app, alice, silent)).account.username).toBe(alice.username)

    const postLogoutRedirectUri = 'http://localhost:5555/bye'
    const hint = hasToken ? { account } : { logoutHint: account.username }
    const url = await app.getLogoutUrl({ ...hint, postLogoutRedirectUri, state: 'the-state' })
    const { searchParams } = new URL(url)
    expect(searchParams.get('logout_hint')).toBe(alice.username)
    expect(searchParams.has('id_token_hint')).toBe(hasToken && !!idToken)
    expect((await browser.open(url)).url).toBe(`${postLogoutRedirectUri}?state=the-state`)
    await expect(signInWith(app, alice, silent)).rejects.toMatchObject({ code: 'interaction_required', error: 'login_required' })
    await browser.close()
  })
})

describe('the application itself', () => {
  const credentials: [string, (client: Record<string, string>) => ClientCredential, object][] = [
    [
      'thumbprint',
      ({ privateKey, thumbprint }) => ({ privateKey: privateKey!, thumbprint: thumbprint! }),
      { alg: 'RS256', x5t: expect.any(String) },
    ],
    [
      'thumbprint and certificate',
      ({ privateKey, thumbprint, certificate }) => ({ privateKey: privateKey!, thumbprint: thumbprint!, publicCertificate: certificate! }),
      { alg: 'RS256', x5t: expect.any(String), x5c: [expect.any(String)] },
    ],
    [
      'certificate',
      ({ privateKey, certificate }) => ({ privateKey: privateKey!, publicCertificate: certificate! }),
      { alg: 'PS256', 'x5t#S256': expect.any(String), x5c: [expect.any(String)] },
    ],
  ]

  test.each(credentials)('proves who it is by a %s', async (_name, credentialOf, header) => {
    const client = provider.clients.webCertificate
    const app = webClient({ clientId: client.clientId, clientCredential: credentialOf(client as never) })
    const { result, tokenRequests } = await requestsDuring(() => app.acquireTokenForClient({ scopes: appScopes }))
    expect(decodeJwt(result.accessToken)).toMatchObject({ azp: client.clientId, azpacr: '2', tid: contoso.id, idtyp: 'app' })
    const assertion = String(tokenRequests[0]?.parameters.client_assertion)
    expect(decodeProtectedHeader(assertion)).toEqual({ typ: 'JWT', ...header })
  })

  test('by a secret: the token works, and comes from the cache until it is forgotten', async () => {
    const app = webClient()
    const first = await app.acquireTokenForClient({ scopes: appScopes })
    expect(first).toMatchObject({ account: null, tokenSource: 'identity_provider' })
    expect(await callApi(first.accessToken)).toMatchObject({ status: 200, body: { tenant: contoso.id } })
    const { result, requests } = await requestsDuring(() => app.acquireTokenForClient({ scopes: appScopes }))
    expect(result).toMatchObject({ tokenSource: 'cache', accessToken: first.accessToken })
    expect(requests).toEqual([])
    await app.removeTokensForClient()
    expect(await app.acquireTokenForClient({ scopes: appScopes })).toMatchObject({ tokenSource: 'identity_provider' })
  })

  test('in another tenant', async () => {
    const app = webClient()
    const results = await Promise.all(
      [contoso, fabrikam].map((tenant) => app.acquireTokenForClient({ scopes: appScopes, authority: provider.authority(tenant) })),
    )
    expect(results.map(({ accessToken }) => decodeJwt(accessToken).tid)).toEqual([contoso.id, fabrikam.id])
  })

  test('a hundred calls at once are one discovery and one token request', async () => {
    const app = webClient()
    const { result, requests } = await requestsDuring(() =>
      Promise.all(Array.from({ length: 100 }, () => app.acquireTokenForClient({ scopes: appScopes }))),
    )
    expect(requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      `GET /${contoso.id}/v2.0/.well-known/openid-configuration`,
      `POST /${contoso.id}/oauth2/v2.0/token`,
    ])
    expect(new Set(result.map(({ accessToken }) => accessToken)).size).toBe(1)
  })

  test('calls for two APIs at once share the discovery', async () => {
    const app = webClient()
    const { requests, tokenRequests } = await requestsDuring(() =>
      Promise.all([appScopes, ['https://graph.microsoft.com/.default']].map((each) => app.acquireTokenForClient({ scopes: each }))),
    )
    expect(tokenRequests).toHaveLength(2)
    expect(requests).toHaveLength(3)
  })

  test('a wrong secret is a ServerError with the numbers of the service, and never shows the secret', async () => {
    const secret = 'a-wrong-secret-of-ours'
    const correlationId = '5b7c2a52-6a5f-4b0e-9d3c-0d1f6f4f2a11'
    const app = webClient({ clientCredential: secret })
    const { result, tokenRequests } = await requestsDuring(() =>
      app.acquireTokenForClient({ scopes: appScopes, correlationId }).catch((error) => error),
    )
    expect(result).toBeInstanceOf(ServerError)
    expect(result).not.toBeInstanceOf(InteractionRequiredAuthError)
    expect(result).toMatchObject({
      code: 'server_error',
      action: 'reconfigure',
      error: 'invalid_client',
      errorCodes: [7000215],
      status: 401,
      correlationId,
      traceId: expect.any(String),
    })
    expect(result.message).toContain('AADSTS7000215')
    expect(JSON.stringify(result, Object.getOwnPropertyNames(result))).not.toContain(secret)
    expect(tokenRequests[0]?.headers['client-request-id']).toBe(correlationId)
  })

  test('a key that the provider does not know is refused', async () => {
    const { web, webCertificate } = provider.clients
    const { privateKey, thumbprint } = webCertificate
    const clientCredential = { privateKey, thumbprint: thumbprint.replace(/^../, thumbprint.startsWith('00') ? '11' : '00') }
    const app = webClient({ clientId: webCertificate.clientId, clientCredential })
    await expect(app.acquireTokenForClient({ scopes: appScopes })).rejects.toMatchObject({ error: 'invalid_client', errorCodes: [700027] })
    const other = webClient({ clientId: web.clientId, clientCredential: { privateKey, thumbprint } })
    await expect(other.acquireTokenForClient({ scopes: appScopes })).rejects.toMatchObject({ error: 'invalid_client' })
  })
})
