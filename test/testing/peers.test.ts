import { ConfidentialClientApplication, CryptoProvider, PublicClientApplication } from '@azure/msal-node'
import { createRemoteJWKSet, customFetch, jwtVerify } from 'jose'
import * as openid from 'openid-client'
import { describe, expect, it } from 'vitest'
import { type FakeProvider, fakeProvider } from '../../src/testing/index.ts'

const clientId = '33333333-2222-4333-8444-555555555555'
const tenantId = '11111111-2222-4333-8444-555555555555'
const authority = `https://login.microsoftonline.com/${tenantId}`
const redirectUri = 'https://app.example/callback'
const scopes = ['User.Read']

/** MSAL Node's own seam for HTTP. */
function networkClient(provider: FakeProvider) {
  const send = async (method: string, url: string, options: { headers?: Record<string, string>; body?: string } = {}) => {
    const response = await provider.fetch(url, { method, headers: options.headers ?? {}, ...(options.body && { body: options.body }) })
    return { headers: Object.fromEntries(response.headers), body: await response.json(), status: response.status }
  }
  return {
    sendGetRequestAsync: (url: string, options?: object) => send('GET', url, options),
    sendPostRequestAsync: (url: string, options?: object) => send('POST', url, options),
  } as never
}

function msalNode(options: Parameters<typeof fakeProvider>[0] = { authority }) {
  const provider = fakeProvider(options)
  const configuration = (extra = {}) => ({
    auth: { clientId, authority: String(options.authority), ...extra },
    system: { networkClient: networkClient(provider) },
  })
  return {
    provider,
    app: new PublicClientApplication(configuration()),
    server: new ConfidentialClientApplication(configuration({ clientSecret: 'secret' })),
  }
}

describe('MSAL Node, as it is published, accepts the fake provider', () => {
  it('for a sign-in with PKCE, from its cache, and by its refresh token', async () => {
    const { provider, app } = msalNode()
    const { verifier, challenge } = await new CryptoProvider().generatePkceCodes()
    const asked = { scopes, redirectUri }
    const url = await app.getAuthCodeUrl({ ...asked, codeChallenge: challenge, codeChallengeMethod: 'S256', state: 's', nonce: 'n' })
    const { parameters } = await provider.authorize(url, {
      user: { username: 'mia@contoso.example', name: 'Mia', claims: { roles: ['Editor'] } },
    })
    const wrong = app.acquireTokenByCode({ ...asked, code: parameters.code!, codeVerifier: 'x'.repeat(43) })
    await expect(wrong).rejects.toMatchObject({ errorCode: 'invalid_grant' })
    const result = await app.acquireTokenByCode(
      { ...asked, code: parameters.code!, codeVerifier: verifier },
      { code: parameters.code!, nonce: 'n' },
    )
    expect(result.account).toMatchObject({ username: 'mia@contoso.example', name: 'Mia', tenantId })
    expect(result.idTokenClaims).toMatchObject({ roles: ['Editor'], nonce: 'n' })
    const account = result.account!
    expect(await app.acquireTokenSilent({ scopes, account })).toMatchObject({ fromCache: true })
    expect(await app.acquireTokenSilent({ scopes, account, forceRefresh: true })).toMatchObject({
      fromCache: false,
      account: { username: account.username },
    })
    provider.revoke()
    await expect(app.acquireTokenSilent({ scopes, account, forceRefresh: true })).rejects.toMatchObject({ errorCode: 'invalid_grant' })
  })

  it('under common', async () => {
    const { provider, app } = msalNode({ authority: 'https://login.microsoftonline.com/common' })
    const { parameters } = await provider.authorize(await app.getAuthCodeUrl({ scopes, redirectUri }))
    const { account } = await app.acquireTokenByCode({ scopes, redirectUri, code: parameters.code! })
    expect(account?.username).toBe('alice@contoso.example')
  })

  it('for the application itself, on behalf of a user, and with a device code', async () => {
    const { provider, app, server } = msalNode()
    const own = await server.acquireTokenByClientCredential({ scopes: ['https://graph.microsoft.com/.default'] })
    expect(own).toMatchObject({ tokenType: 'Bearer', fromCache: false })
    const refused = server.acquireTokenByClientCredential({ scopes: ['User.Read'], skipCache: true })
    await expect(refused).rejects.toMatchObject({ errorCode: 'invalid_scope' })
    const oboAssertion = await provider.issueAccessToken({ audience: clientId, scopes: ['access_as_user'] })
    expect((await server.acquireTokenOnBehalfOf({ oboAssertion, scopes }))?.account?.username).toBe('alice@contoso.example')
    const byDevice = await app.acquireTokenByDeviceCode({ scopes, deviceCodeCallback: ({ userCode }) => provider.approveDevice(userCode) })
    expect(byDevice?.account?.username).toBe('alice@contoso.example')
  })

  it('and meets the faults that it is told to', async () => {
    const { provider, server } = msalNode()
    provider.failNext({ error: 'invalid_client', body: { error_codes: [7000215] } })
    const asked = server.acquireTokenByClientCredential({ scopes: ['https://graph.microsoft.com/.default'] })
    await expect(asked).rejects.toMatchObject({ errorCode: 'invalid_client' })
  })
})

describe('openid-client, as it is published, accepts the fake of a generic provider', () => {
  const issuer = 'https://idp.example/realm'

  it('for a sign-in, a refresh, client credentials and a device code', async () => {
    const provider = fakeProvider({ oidcAuthority: issuer })
    const fetch = provider.fetch as never
    const config = await openid.discovery(new URL(issuer), clientId, 'secret', undefined, { [openid.customFetch]: fetch })
    openid.enableNonRepudiationChecks(config)
    const pkceCodeVerifier = openid.randomPKCECodeVerifier()
    const expectedState = openid.randomState()
    const url = openid.buildAuthorizationUrl(config, {
      redirect_uri: redirectUri,
      scope: 'openid profile offline_access read',
      state: expectedState,
      code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
    })
    const answer = new URL((await provider.authorize(url)).url)
    const tokens = await openid.authorizationCodeGrant(config, answer, { pkceCodeVerifier, expectedState, idTokenExpected: true })
    expect(tokens.claims()).toMatchObject({ preferred_username: 'alice@contoso.example' })
    const again = await openid.refreshTokenGrant(config, tokens.refresh_token!)
    expect(again.access_token).toBeTruthy()
    const own = await openid.clientCredentialsGrant(config, { scope: 'read' })
    const keys = createRemoteJWKSet(new URL(`${issuer}/keys`), { [customFetch]: fetch })
    expect((await jwtVerify(own.access_token, keys, { issuer })).payload).toMatchObject({ client_id: clientId, scope: 'read' })
    const flow = await openid.initiateDeviceAuthorization(config, { scope: 'openid' })
    provider.approveDevice(flow.user_code)
    expect((await openid.pollDeviceAuthorizationGrant(config, flow)).claims()?.sub).toBe(tokens.claims()?.sub)
  })
})
