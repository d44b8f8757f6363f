import { describe, expect, it } from 'vitest'
import { ConfidentialClientApplication, PublicClientApplication, parseClaimsChallenge } from '../../src/core/index.ts'
import { challenge } from '../../src/edge/challenge.ts'
import { validateAccessToken } from '../../src/edge/validate-access-token.ts'
import { fakeInteraction, fakeProvider } from '../../src/testing/index.ts'

const clientId = 'test-client'
const scopes = ['User.Read']
const redirectUri = 'https://app.example/callback'
const mia = {
  username: 'mia@fabrikam.example',
  name: 'Mia',
  tenantId: 'fabfabfa-0000-4000-8000-000000000001',
  claims: { roles: ['Editor'] },
}
const leo = { username: 'leo@contoso.example', password: 'swordfish' }

const issuer = 'https://idp.example/realm'
const authority = 'https://login.microsoftonline.com/organizations'
const homes = { 'Microsoft Entra ID': { authority }, 'a generic provider': { oidcAuthority: issuer } }

describe.each(Object.entries(homes))('a fake of %s', (_, home) => {
  const start = (options = {}) => {
    const provider = fakeProvider({ ...home, users: [mia, leo], ...options })
    // Signatures are checked too: the keys are those of the key set.
    const settings = { clientId, ...provider.clientOptions, verifyIdTokenSignature: true }
    return {
      provider,
      app: new PublicClientApplication({ ...settings, interaction: fakeInteraction(provider) }),
      server: new ConfidentialClientApplication({ ...settings, clientCredential: 'secret' }),
    }
  }

  it('signs a user in, from the cache, and by a refresh token that is replaced', async () => {
    const { provider, app } = start({ strictRotation: true })
    const { account, idTokenClaims } = await app.acquireTokenInteractive({ scopes })
    expect(account).toMatchObject({ username: mia.username, name: 'Mia' })
    expect(idTokenClaims).toMatchObject({ roles: ['Editor'] })
    expect(await app.acquireTokenSilent({ scopes, account })).toMatchObject({ tokenSource: 'cache' })
    for (let round = 0; round < 2; round++) {
      expect(await app.acquireTokenSilent({ scopes, account, forceRefresh: true })).toMatchObject({ tokenSource: 'identity_provider' })
    }
    const used = provider.requests.flatMap(({ form }) => form.refresh_token ?? [])
    expect(new Set(used).size).toBe(2)
    await expect(app.acquireTokenByRefreshToken({ refreshToken: used[0]!, scopes })).rejects.toMatchObject({ error: 'invalid_grant' })
  })

  it('answers in every response mode, as whoever is named', async () => {
    const { provider, server } = start()
    for (const responseMode of ['query', 'fragment', 'form_post'] as const) {
      const flow = await server.initiateAuthCodeFlow({ scopes, redirectUri, responseMode, loginHint: leo.username })
      const { url, parameters, method } = await provider.authorize(flow.authUri)
      expect(method).toBe(responseMode === 'form_post' ? 'POST' : 'GET')
      const response = method === 'POST' ? new Request(url, { method, body: new URLSearchParams(parameters) }) : url
      expect((await server.acquireTokenByAuthCodeFlow({ flow, response })).account.username).toBe(leo.username)
    }
  })

  it('sends a browser on', async () => {
    const { provider, app } = start()
    const flow = await app.initiateAuthCodeFlow({ scopes, redirectUri })
    const answer = await provider.fetch(flow.authUri, { redirect: 'manual' })
    expect(answer.status).toBe(302)
    expect((await app.acquireTokenByAuthCodeFlow({ flow, response: answer.headers.get('location')! })).account.username).toBe(mia.username)
    const posted = await app.initiateAuthCodeFlow({ scopes, redirectUri, responseMode: 'form_post', state: '"><script>' })
    const page = await (await provider.fetch(posted.authUri)).text()
    expect(page).toContain(`action="${redirectUri}"`)
    expect(page).not.toContain('"><script>"')
  })

  it('takes a code once, from the client that asked, with the right verifier', async () => {
    const { provider, app, server } = start()
    const asked = { scopes, redirectUri }
    const codeOf = async () => {
      const flow = await app.initiateAuthCodeFlow(asked)
      const { parameters } = await provider.authorize(flow.authUri)
      return { flow, code: parameters.code! }
    }
    const first = await codeOf()
    const nothing = { error: 'invalid_grant' }
    await expect(app.acquireTokenByAuthorizationCode({ ...asked, code: first.code })).rejects.toMatchObject(nothing)
    await expect(app.acquireTokenByAuthorizationCode({ ...asked, code: first.code, codeVerifier: 'x'.repeat(43) })).rejects.toMatchObject(
      nothing,
    )
    const codeVerifier = String(first.flow.codeVerifier)
    await expect(
      app.acquireTokenByAuthorizationCode({ scopes, redirectUri: 'https://other.example/', code: first.code, codeVerifier }),
    ).rejects.toMatchObject(nothing)
    expect((await app.acquireTokenByAuthorizationCode({ ...asked, code: first.code, codeVerifier })).account.username).toBe(mia.username)
    await expect(server.acquireTokenByAuthorizationCode({ ...asked, code: first.code, codeVerifier })).rejects.toMatchObject(nothing)
  })

  it('refuses what a person refuses', async () => {
    const { provider, app } = start()
    const interaction = fakeInteraction(provider, { error: 'access_denied' })
    await expect(app.acquireTokenInteractive({ scopes, interaction })).rejects.toMatchObject({ error: 'access_denied' })
  })

  it('lets a person sign in on another device, or decline', async () => {
    const { provider, app } = start()
    const begin = async () => {
      const flow = await app.initiateDeviceFlow({ scopes })
      flow.interval = 5
      return flow
    }
    const approved = await begin()
    const result = app.acquireTokenByDeviceFlow({ flow: approved })
    await new Promise((resolve) => setTimeout(resolve, 30))
    provider.approveDevice(approved.userCode, { user: leo.username })
    expect((await result).account.username).toBe(leo.username)
    await expect(app.acquireTokenByDeviceFlow({ flow: approved })).rejects.toMatchObject({ error: 'invalid_grant' })
    const declined = await begin()
    provider.declineDevice(declined.userCode)
    await expect(app.acquireTokenByDeviceFlow({ flow: declined })).rejects.toMatchObject({ error: 'authorization_declined' })
    expect(() => provider.approveDevice('NOBODY')).toThrow('no such user code')
  })

  it('serves an application itself, an API on behalf of a caller, and a password', async () => {
    const { provider, app, server } = start()
    const tenant = 'authority' in home ? { authority: authority.replace('organizations', mia.tenantId) } : {}
    const own = await server.acquireTokenForClient({ scopes: ['api://notes/.default'], ...tenant })
    expect(claimsOf(own.accessToken)).toMatchObject({ aud: 'api://notes' })
    const userAssertion = await provider.issueAccessToken({ audience: 'api://middle', user: leo.username })
    const { account } = await server.acquireTokenOnBehalfOf({ userAssertion, scopes })
    expect(account.username).toBe(leo.username)
    await expect(server.acquireTokenOnBehalfOf({ userAssertion: `${userAssertion.slice(0, -4)}AAAA`, scopes })).rejects.toMatchObject({
      error: 'invalid_grant',
    })
    expect(
      (await app.acquireTokenByUsernamePassword({ username: 'LEO@contoso.example', password: 'swordfish', scopes })).account.username,
    ).toBe(leo.username)
    await expect(app.acquireTokenByUsernamePassword({ username: leo.username, password: 'wrong', scopes })).rejects.toMatchObject({
      error: 'invalid_grant',
    })
  })

  it('wants a secret of who says to be confidential', async () => {
    const { provider } = start()
    const tokenEndpoint = `${'authority' in home ? `${authority.replace('organizations', mia.tenantId)}/oauth2/v2.0` : issuer}/token`
    const body = new URLSearchParams({ client_id: clientId, grant_type: 'client_credentials', scope: 'api://notes/.default' })
    const answer = await provider.fetch(tokenEndpoint, { method: 'POST', body })
    expect([answer.status, ((await answer.json()) as { error: string }).error]).toEqual([401, 'invalid_client'])
    const basic = await provider.fetch(tokenEndpoint, {
      method: 'POST',
      body,
      headers: { authorization: `Basic ${btoa(`${clientId}:secret`)}` },
    })
    expect(basic.status).toBe(200)
  })

  it('signs tokens that an API accepts, and no other provider’s', async () => {
    const [provider, other] = [start().provider, start().provider]
    const token = await provider.issueAccessToken({ audience: 'api://notes', scopes: ['Notes.Read'], user: mia.username })
    const tenant = 'authority' in home ? authority : issuer
    const options = { audience: 'api://notes', authority: tenant, scopes: ['Notes.Read'], fetch: provider.fetch }
    expect(await validateAccessToken(token, options)).toMatchObject({ aud: 'api://notes', roles: ['Editor'] })
    const forged = await other.issueAccessToken({ audience: 'api://notes', scopes: ['Notes.Read'] })
    await expect(validateAccessToken(forged, options)).rejects.toMatchObject({ code: 'id_token_invalid' })
    const daemon = await provider.issueAccessToken({ audience: 'api://notes', user: null, claims: { roles: ['Notes.All'] } })
    expect(await validateAccessToken(daemon, { ...options, scopes: [], roles: ['Notes.All'] })).not.toHaveProperty('preferred_username')
  })

  it('grants the authentication context that a claims challenge asks for', async () => {
    const { provider, app } = start()
    const { account } = await app.acquireTokenInteractive({ scopes })
    const { headers } = challenge({ claims: '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}' })
    const result = await app.acquireTokenSilent({ scopes, account, claimsChallenge: parseClaimsChallenge(headers)! })
    expect(claimsOf(result!.accessToken)).toMatchObject({ acrs: ['c1'] })
    expect(provider.requests.at(-1)!.form.claims).toContain('acrs')
  })

  it('says nothing for other hosts, and 404 for what it has not', async () => {
    const { provider } = start()
    const foreign = new Request('https://graph.microsoft.com/v1.0/me', { method: 'POST', body: 'untouched' })
    expect(await provider.handle(foreign)).toBeUndefined()
    expect(await foreign.text()).toBe('untouched')
    await expect(provider.fetch('https://graph.microsoft.com/')).rejects.toThrow(TypeError)
    expect((await provider.fetch('authority' in home ? `${authority}/nothing` : `${issuer}/nothing`)).status).toBe(404)
  })
})

it('knows tenants by their ids and by their users’ domains, and guests in them', async () => {
  const provider = fakeProvider({ users: [leo, mia] })
  const at = (tenant: string) =>
    new PublicClientApplication({
      clientId,
      authority: `https://login.microsoftonline.com/${tenant}`,
      fetch: provider.fetch,
      interaction: fakeInteraction(provider, { user: mia.username }),
    })
  const home = await at('fabrikam.example').acquireTokenInteractive({ scopes })
  expect(home.idTokenClaims).toMatchObject({ tid: mia.tenantId, iss: `https://login.microsoftonline.com/${mia.tenantId}/v2.0` })
  const guest = await at('11111111-2222-4333-8444-555555555555').acquireTokenInteractive({ scopes })
  expect(guest.account).toMatchObject({ homeAccountId: home.account.homeAccountId, tenantId: '11111111-2222-4333-8444-555555555555' })
  expect(guest.account.localAccountId).not.toBe(home.account.localAccountId)
  await expect(at('nobody.example').acquireTokenInteractive({ scopes })).rejects.toMatchObject({ code: 'metadata_invalid' })
})

it('is looked up where a host is unknown', async () => {
  const provider = fakeProvider({ authority: 'https://login.private.example/11111111-2222-4333-8444-555555555555' })
  const app = new PublicClientApplication({ clientId, ...provider.clientOptions, interaction: fakeInteraction(provider) })
  expect((await app.acquireTokenInteractive({ scopes })).account.environment).toBe('login.private.example')
  expect(provider.requests[0]!.endpoint).toBe('instance')
})

it('adds users and changes them while it runs', async () => {
  const provider = fakeProvider()
  const app = new PublicClientApplication({ clientId, ...provider.clientOptions, interaction: fakeInteraction(provider) })
  const { account } = await app.acquireTokenInteractive({ scopes })
  provider.addUser({ username: 'alice@contoso.example', name: 'Alice', claims: { roles: ['Admin'] } })
  const { idTokenClaims } = (await app.acquireTokenSilent({ scopes, account, forceRefresh: true }))!
  expect(idTokenClaims).toMatchObject({ roles: ['Admin'] })
  provider.revoke()
  await expect(app.acquireTokenSilentWithError({ scopes, account, forceRefresh: true })).rejects.toMatchObject({
    code: 'interaction_required',
  })
  await expect(provider.authorize('https://login.microsoftonline.com/common/oauth2/v2.0/authorize?client_id=1')).rejects.toThrow(
    'no redirect_uri',
  )
})

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString())
