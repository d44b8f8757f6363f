import { createHash, randomBytes } from 'node:crypto'
import { decodeJwt } from 'jose'
import {
  ConfidentialClientApplication,
  type ConfidentialClientOptions,
  InteractionRequiredAuthError,
  PublicClientApplication,
  type PublicClientOptions,
  SerializableTokenCache,
  ServerError,
} from 'msal-isomorphic'
import { createFetch } from 'msal-isomorphic/node'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Browser, type Playground, signIn, startPlayground, tenants, users } from '../support/provider.ts'

// What MSAL Node does in msal-peers.test.ts, done by this library: the grants without a sign-in page of one's own, over HTTPS.
const { contoso, fabrikam } = tenants
const { alice, bob, fred, gina } = users
const scopes = ['api://notes/Notes.Read']
const apiScopes = ['https://graph.microsoft.com/User.Read']
const redirectUri = 'http://localhost:5555/redirect'
const signal = AbortSignal.timeout(60_000)

let playground: Playground
let provider: Playground['provider']
let shared: { fetch: typeof fetch; knownAuthorities: string[] }

beforeAll(async () => {
  playground = await startPlayground({ settings: { deviceCodeInterval: 1 } })
  provider = playground.provider
  shared = { fetch: createFetch({ ca: provider.ca! }), knownAuthorities: [new URL(provider.httpsUrl!).host] }
})
afterAll(() => playground?.close())
afterEach(() => {
  provider.control.clearFaults()
  Object.assign(provider.settings, { onBehalfOfConsent: true, deviceCodeInterval: 1 })
})

const authorityOf = (tenant: Parameters<typeof provider.authority>[0]) => provider.authority(tenant, { https: true })

function publicClient(options: Partial<PublicClientOptions> = {}) {
  const { clientId } = provider.clients.native
  return new PublicClientApplication({ clientId, authority: authorityOf(contoso), ...shared, ...options })
}

function middleTier(options: Partial<ConfidentialClientOptions> = {}) {
  const { clientId, secret } = provider.clients.api
  return new ConfidentialClientApplication({ clientId, clientCredential: secret, authority: authorityOf(contoso), ...shared, ...options })
}

const byPassword = ({ username, password } = alice, app = publicClient()) =>
  app.acquireTokenByUsernamePassword({ username, password, scopes })

async function callApi(accessToken: string, path = '/notes') {
  const response = await fetch(`${playground.api.url}${path}`, { headers: { authorization: `Bearer ${accessToken}` } })
  return { status: response.status, body: await response.json() }
}

async function tokenRequestsDuring<T>(task: () => Promise<T>) {
  const before = provider.requests.length
  const result = await task()
  const requests = provider.requests.slice(before).filter(({ path }) => path.endsWith('/token'))
  return { result, grants: requests.map(({ grantType, status }) => `${grantType?.split(':').at(-1)} ${status}`) }
}

describe('device code', () => {
  async function approve({ verificationUri, userCode }: { verificationUri: string; userCode: string }, person = alice) {
    const browser = new Browser({ ca: provider.ca! })
    await browser.approveDevice(verificationUri, userCode, person)
    await browser.close()
  }

  test.each(['common', contoso.id])('signs in under %s, and the account goes on silently', async (tenant) => {
    const app = publicClient({ authority: authorityOf(tenant) })
    const flow = await app.initiateDeviceFlow({ scopes })
    expect(flow.message).toContain(flow.userCode)
    // Another process may do the waiting.
    const waiting = app.acquireTokenByDeviceFlow({ flow: JSON.parse(JSON.stringify(flow)), signal })
    await approve(flow)
    const { account, accessToken } = await waiting
    expect(account).toMatchObject({ homeAccountId: alice.homeAccountId, username: alice.username, tenantId: contoso.id })
    expect(await callApi(accessToken)).toMatchObject({ status: 200, body: { owner: alice.name } })
    expect(await app.acquireTokenSilent({ scopes, account })).toMatchObject({ tokenSource: 'cache', accessToken })
    const refreshed = await app.acquireTokenSilent({ scopes: apiScopes, account })
    expect(decodeJwt(refreshed!.accessToken).scp).toBe('User.Read')
  })

  test('waits while the person takes their time, and goes slower when told so', async () => {
    const app = publicClient()
    const flow = await app.initiateDeviceFlow({ scopes })
    const { interval } = flow
    provider.control.failNext({ status: 400, body: { error: 'slow_down', error_description: 'AADSTS70017: slow' } })
    const waiting = app.acquireTokenByDeviceFlow({ flow, signal })
    await expect.poll(() => flow.interval, { timeout: 5_000 }).toBe(interval + 5_000)
    await approve(flow, bob)
    expect((await waiting).account.username).toBe(bob.username)
  })

  test('ends when the code is over, and when its holder says so', async () => {
    const app = publicClient()
    const over = await app.initiateDeviceFlow({ scopes })
    provider.control.failNext({ status: 400, body: { error: 'expired_token', error_description: 'AADSTS70020: over' } })
    await expect(app.acquireTokenByDeviceFlow({ flow: over, signal })).rejects.toMatchObject({ code: 'flow_expired' })
    const flow = await app.initiateDeviceFlow({ scopes })
    const waiting = app.acquireTokenByDeviceFlow({ flow, signal })
    flow.expiresAt = 0
    await expect(waiting).rejects.toMatchObject({ code: 'flow_expired' })
  })
})

describe('password', () => {
  test('signs in after asking for the realm, and the account goes on silently', async () => {
    const before = provider.requests.length
    const app = publicClient()
    const { account, accessToken } = await byPassword(alice, app)
    expect(account).toMatchObject({ homeAccountId: alice.homeAccountId, username: alice.username, tenantId: contoso.id })
    expect(provider.requests.slice(before).map(({ method, path }) => `${method} ${path}`)).toEqual([
      `GET /${contoso.id}/v2.0/.well-known/openid-configuration`,
      `GET /common/userrealm/${encodeURIComponent(alice.username)}`,
      `POST /${contoso.id}/oauth2/v2.0/token`,
    ])
    expect(await callApi(accessToken)).toMatchObject({ status: 200, body: { owner: alice.name } })
    expect(await app.acquireTokenSilent({ scopes, account })).toMatchObject({ tokenSource: 'cache', accessToken })
    expect(await app.acquireTokenSilent({ scopes, account, forceRefresh: true })).toMatchObject({ tokenSource: 'identity_provider' })
  })

  test('as a guest, and under organizations', async () => {
    const guest = await byPassword(gina, publicClient({ authority: authorityOf(fabrikam) }))
    expect(guest.account).toMatchObject({ homeAccountId: gina.homeAccountId, tenantId: fabrikam.id })
    const home = await byPassword(alice, publicClient({ authority: authorityOf('organizations') }))
    expect(home.account).toMatchObject({ homeAccountId: alice.homeAccountId, tenantId: contoso.id })
  })

  test('a wrong one is refused, and so is common', async () => {
    const password = 'not-the-password'
    const failure = await byPassword({ ...alice, password }).catch((error) => error)
    expect(failure).toBeInstanceOf(ServerError)
    expect(failure).toMatchObject({ error: 'invalid_grant', errorCodes: [50126] })
    expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain(password)
    const common = byPassword(alice, publicClient({ authority: authorityOf('common') }))
    await expect(common).rejects.toMatchObject({ errorCodes: [9001023] })
  })

  test('where a stronger sign-in is wanted, it says so and with which claims', async () => {
    const claimsChallenge = JSON.stringify({ access_token: { acrs: { essential: true, value: 'c2' } } })
    const { username, password } = alice
    const failure = await publicClient()
      .acquireTokenByUsernamePassword({ username, password, scopes, claimsChallenge })
      .catch((error) => error)
    expect(failure).toBeInstanceOf(InteractionRequiredAuthError)
    expect(failure).toMatchObject({ error: 'interaction_required', claims: claimsChallenge })
  })
})

describe('a federated person', () => {
  test('signs in at their company, whose assertion the provider takes', async () => {
    const before = provider.requests.length
    const app = publicClient({ authority: authorityOf('organizations') })
    const { account, accessToken } = await byPassword(fred, app)
    expect(account).toMatchObject({ homeAccountId: fred.homeAccountId, username: fred.username, tenantId: contoso.id })
    expect(await callApi(accessToken)).toMatchObject({ status: 200, body: { owner: fred.name } })
    const requests = provider.requests.slice(before).filter(({ path }) => !path.includes('/keys'))
    expect(requests.map(({ method, path, grantType }) => [method, path, grantType].filter(Boolean).join(' '))).toEqual([
      'GET /organizations/v2.0/.well-known/openid-configuration',
      `GET /common/userrealm/${encodeURIComponent(fred.username)}`,
      'GET /adfs/services/trust/mex',
      'POST /adfs/services/trust/13/usernamemixed',
      'POST /organizations/oauth2/v2.0/token urn:ietf:params:oauth:grant-type:saml2-bearer',
    ])
    expect(await app.acquireTokenSilent({ scopes, account, forceRefresh: true })).toMatchObject({ tokenSource: 'identity_provider' })
  })

  test('whose company describes nothing is asked by the older version', async () => {
    const federation_active_auth_url = `${provider.httpsUrl}/adfs/services/trust/2005/usernamemixed`
    const realm = { ver: '1.0', account_type: 'Federated', federation_active_auth_url }
    provider.control.failNext({ when: { path: '/userrealm/' }, status: 200, body: realm })
    const { result, grants } = await tokenRequestsDuring(() => byPassword(fred))
    expect(result.account.username).toBe(fred.username)
    expect(grants).toEqual(['saml1_1-bearer 200'])
  })

  test('with a wrong password is refused there, and none of it reaches the provider', async () => {
    const { result, grants } = await tokenRequestsDuring(() => byPassword({ ...fred, password: 'wrong' }).catch((error) => error))
    expect(result).toBeInstanceOf(ServerError)
    expect(result).toMatchObject({ error: 'invalid_grant' })
    expect(grants).toEqual([])
  })

  test('with an assertion that is over is refused', async () => {
    provider.settings.samlAssertionSeconds = 0
    await expect(byPassword(fred)).rejects.toMatchObject({ error: 'invalid_grant', errorCodes: [500133] })
    provider.settings.samlAssertionSeconds = 600
  })
})

describe('on behalf of', () => {
  test('a token for the second API, from the cache for the same caller, of its own for another', async () => {
    const app = middleTier()
    const [{ accessToken: userAssertion }, { accessToken: others }] = [await byPassword(), await byPassword(bob)]
    const { result, grants } = await tokenRequestsDuring(async () => [
      await app.acquireTokenOnBehalfOf({ userAssertion, scopes: apiScopes }),
      await app.acquireTokenOnBehalfOf({ userAssertion, scopes: apiScopes }),
      await app.acquireTokenOnBehalfOf({ userAssertion: others, scopes: apiScopes }),
    ])
    expect(grants).toEqual(['jwt-bearer 200', 'jwt-bearer 200'])
    expect(result.map(({ account, tokenSource }) => `${account.username} ${tokenSource}`)).toEqual([
      `${alice.username} identity_provider`,
      `${alice.username} cache`,
      `${bob.username} identity_provider`,
    ])
    expect(decodeJwt(result[0]!.accessToken)).toMatchObject({ aud: 'https://graph.microsoft.com', scp: 'User.Read', name: alice.name })
    expect(await callApi(result[0]!.accessToken, '/me')).toMatchObject({ status: 200, body: { displayName: alice.name } })
    const { grants: forced } = await tokenRequestsDuring(() =>
      app.acquireTokenOnBehalfOf({ userAssertion, scopes: apiScopes, forceRefresh: true }),
    )
    expect(forced).toEqual(['refresh_token 200'])
  })

  test.each([
    ['nonsense', 50013, async () => 'nonsense'],
    [
      'a token for another API',
      500131,
      async () => (await publicClient().acquireTokenByUsernamePassword({ ...alice, scopes: apiScopes })).accessToken,
    ],
  ])('%s is refused', async (_name, number, assertion) => {
    const failure = middleTier().acquireTokenOnBehalfOf({ userAssertion: await assertion(), scopes: apiScopes })
    await expect(failure).rejects.toMatchObject({ error: 'invalid_grant', errorCodes: [number] })
  })

  test('missing consent and a missing sign-in are for the caller to hear', async () => {
    const { accessToken: userAssertion } = await byPassword()
    const claimsChallenge = JSON.stringify({ access_token: { acrs: { essential: true, value: 'c2' } } })
    const challenged = middleTier().acquireTokenOnBehalfOf({ userAssertion, scopes: apiScopes, claimsChallenge })
    await expect(challenged).rejects.toMatchObject({ code: 'interaction_required', claims: claimsChallenge })
    provider.settings.onBehalfOfConsent = false
    const refused = middleTier().acquireTokenOnBehalfOf({ userAssertion, scopes: apiScopes })
    await expect(refused).rejects.toMatchObject({ code: 'interaction_required', suberror: 'consent_required' })
  })
})

test('a busy provider is left alone for as long as it says', async () => {
  const app = publicClient()
  provider.control.throttleNext({ seconds: 30, when: { grantType: 'password' } })
  const { result, grants } = await tokenRequestsDuring(async () => [
    await byPassword(alice, app).catch((error) => error),
    await byPassword(alice, app).catch((error) => error),
  ])
  expect(grants).toEqual(['password 429'])
  for (const error of result) expect(error).toMatchObject({ action: 'retry', retryAfter: expect.any(Number) })
})

test('an authorization request and a code redeemed by hand', async () => {
  const { clientId, secret } = provider.clients.web
  const app = middleTier({ clientId, clientCredential: secret })
  const state = 'the-state'
  const url = await app.getAuthorizationRequestUrl({ scopes, redirectUri, state, nonce: 'the-nonce' })
  const { params } = await signIn(url, alice, { ca: provider.ca })
  expect(params.state).toBe(state)
  const result = await app.acquireTokenByAuthorizationCode({ code: params.code!, scopes, redirectUri, nonce: 'the-nonce' })
  expect(result.account.homeAccountId).toBe(alice.homeAccountId)
})

test('an authorization request with a code challenge of the caller, redeemed by who has the verifier alone', async () => {
  const { clientId, secret } = provider.clients.web
  const app = middleTier({ clientId, clientCredential: secret })
  const codeVerifier = randomBytes(32).toString('base64url')
  const codeChallenge = createHash('sha256').update(codeVerifier).digest('base64url')
  const redeem = async (more: { codeVerifier?: string }) => {
    const url = await app.getAuthorizationRequestUrl({ scopes, redirectUri, codeChallenge })
    const { params } = await signIn(url, alice, { ca: provider.ca })
    return app.acquireTokenByAuthorizationCode({ code: params.code!, scopes, redirectUri, ...more })
  }
  expect((await redeem({ codeVerifier })).account.homeAccountId).toBe(alice.homeAccountId)
  await expect(redeem({})).rejects.toBeInstanceOf(ServerError)
  await expect(redeem({ codeVerifier: codeChallenge })).rejects.toBeInstanceOf(ServerError)
})

test('a refresh token from elsewhere becomes an account', async () => {
  const from = new SerializableTokenCache()
  await byPassword(alice, publicClient({ tokenCache: from }))
  const [stored] = await from.find('RefreshToken')
  const app = publicClient()
  const { account } = await app.acquireTokenByRefreshToken({ refreshToken: (stored as { secret: string }).secret, scopes })
  expect(account.homeAccountId).toBe(alice.homeAccountId)
  expect(await app.acquireTokenSilent({ scopes, account })).toMatchObject({ tokenSource: 'cache' })
})
