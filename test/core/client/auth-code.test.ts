import { afterEach, describe, expect, it, vi } from 'vitest'
import { type AuthCodeFlow, TokenCache } from '../../../src/core/index.ts'
import { alice, FakeProvider, jwt, tokens } from '../../support/fake-provider.ts'
import { clientId, codeOf, confidentialClient, errorOf, publicClient, scopes } from './support.ts'

afterEach(() => void vi.useRealTimers())

const redirectUri = 'https://app.example/callback'

async function begun(options: Parameters<typeof publicClient>[1] = {}) {
  const provider = new FakeProvider()
  const app = publicClient(provider, options)
  const flow = await app.initiateAuthCodeFlow({ scopes: ['A', 'B'], redirectUri })
  return { provider, app, flow, response: provider.signIn(flow.authUri) }
}

describe('a flow', () => {
  it('survives JSON and another instance', async () => {
    const { provider, flow, response } = await begun()
    const kept = JSON.parse(JSON.stringify(flow)) as AuthCodeFlow
    expect(kept).toEqual(flow)
    const result = await publicClient(provider, { tokenCache: new TokenCache() }).acquireTokenByAuthCodeFlow({ flow: kept, response })
    expect(result).toMatchObject({
      scopes: ['A', 'B', 'openid', 'profile'],
      tokenSource: 'identity_provider',
      account: { username: alice.username },
    })
    expect(provider.tokenRequests()[0]!.headers['x-client-current-telemetry']).toBe('4|832,0|')
  })

  it.each([
    ['a URL', (url: string) => url],
    ['a URL object', (url: string) => new URL(url)],
    ['a path', (url: string) => url.slice('https://app.example'.length)],
    ['search params', (url: string) => new URL(url).searchParams],
    ['a request', (url: string) => new Request(url)],
    ['a form post', (url: string) => new Request(redirectUri, { method: 'POST', body: new URL(url).searchParams })],
    ['a record', (url: string) => Object.fromEntries(new URL(url).searchParams)],
    ['a URL with a fragment', (url: string) => url.replace('?', '#')],
  ])('is answered by %s', async (_, form) => {
    const { app, flow, response } = await begun()
    expect(await app.acquireTokenByAuthCodeFlow({ flow, response: form(response) as never })).toMatchObject({
      account: { username: alice.username },
    })
  })

  it('flow_expired: after ten minutes', async () => {
    vi.useFakeTimers({ now: Date.UTC(2030, 0, 1), toFake: ['Date'] })
    const { provider, app, flow, response } = await begun()
    expect(flow.expiresAt).toBe(Date.UTC(2030, 0, 1) + 600_000)
    vi.setSystemTime(flow.expiresAt)
    expect(await codeOf(app.acquireTokenByAuthCodeFlow({ flow, response }))).toBe('flow_expired')
    expect(provider.count()).toBe(0)
    vi.setSystemTime(flow.expiresAt - 1)
    expect(await app.acquireTokenByAuthCodeFlow({ flow, response })).toHaveProperty('accessToken')
  })

  it.each([{ clientId: 'another' }, { authority: 'https://login.microsoftonline.com/fabrikam.example' }])(
    'flow_unknown: %o',
    async (options) => {
      const { provider, flow, response } = await begun()
      expect(await codeOf(publicClient(provider, options).acquireTokenByAuthCodeFlow({ flow, response }))).toBe('flow_unknown')
      expect(provider.count()).toBe(0)
    },
  )

  it.each([{}, null, undefined, [], 'text', { state: 'x' }])('invalid_argument: the flow %o', async (flow) => {
    const { provider, app, response } = await begun()
    expect(await codeOf(app.acquireTokenByAuthCodeFlow({ flow: flow as never, response }))).toBe('invalid_argument')
    expect(provider.count()).toBe(0)
  })

  it.each(['codeVerifier', 'nonce', 'issuer', 'scopes', 'state'])('invalid_argument: a flow without its %s', async (field) => {
    const { app, flow, response } = await begun()
    expect(await codeOf(app.acquireTokenByAuthCodeFlow({ flow: { ...flow, [field]: undefined }, response }))).toBe('invalid_argument')
  })

  it('S02 the state comes first', async () => {
    const { provider, app, flow, response } = await begun()
    const other = await app.initiateAuthCodeFlow({ scopes, redirectUri })
    for (const answer of [{ code: 'c' }, { code: 'c', state: '' }, { error: 'e', state: other.state }, provider.signIn(other.authUri)])
      expect(await codeOf(app.acquireTokenByAuthCodeFlow({ flow, response: answer as never }))).toBe('state_mismatch')
    expect(await codeOf(app.acquireTokenByAuthCodeFlow({ flow, response: `${response}&state=x` }))).toBe('bad_response')
    expect(provider.count()).toBe(0)
  })

  it('scopes: some of them, never others', async () => {
    const { provider, app, flow, response } = await begun()
    expect(await codeOf(app.acquireTokenByAuthCodeFlow({ flow, response, scopes: ['A', 'C'] }))).toBe('scope_not_in_flow')
    expect(await codeOf(app.acquireTokenByAuthCodeFlow({ flow, response, scopes: 'A' as never }))).toBe('invalid_argument')
    expect(provider.count()).toBe(0)
    await app.acquireTokenByAuthCodeFlow({ flow, response, scopes: ['A'] })
    expect(provider.lastForm.scope).toBe('A offline_access openid profile')
  })

  it('S06 error answers are typed, with the text of the provider kept apart', async () => {
    const { app, flow } = await begun()
    const answer = (error: string) =>
      errorOf(
        app.acquireTokenByAuthCodeFlow({ flow, response: { error, error_description: 'Why', state: flow.state }, correlationId: 'c' }),
      )
    expect(await answer('access_denied')).toMatchObject({
      code: 'server_error',
      error: 'access_denied',
      errorDescription: 'Why',
      status: 0,
      correlationId: 'c',
    })
    expect(await answer('login_required')).toMatchObject({ code: 'interaction_required', action: 'interact' })
    expect((await answer('access_denied')).message).not.toContain('Why')
  })

  it('the form: what the flow says, once', async () => {
    const provider = new FakeProvider()
    const app = confidentialClient(provider, { clientCapabilities: ['CP1'] })
    const flow = await app.initiateAuthCodeFlow({ scopes, redirectUri, claimsChallenge: '{"id_token":{"a":null}}' })
    await app.acquireTokenByAuthCodeFlow({ flow, response: provider.signIn(flow.authUri), extraBodyParameters: { x: 'y' } })
    expect(provider.lastForm).toEqual({
      client_id: clientId,
      client_info: '1',
      client_secret: 'a-secret',
      grant_type: 'authorization_code',
      code: expect.any(String),
      code_verifier: expect.stringMatching(/^[\w-]{43}$/),
      redirect_uri: redirectUri,
      scope: 'User.Read offline_access openid profile',
      claims: '{"id_token":{"a":null},"access_token":{"xms_cc":{"values":["CP1"]}}}',
      x: 'y',
    })
  })
})

describe('S13 an answer that fails a check is not stored', () => {
  const claims = (changes: object = {}) => {
    const now = Math.floor(Date.now() / 1000)
    const iss = `https://login.microsoftonline.com/${alice.utid}/v2.0`
    return { iss, aud: clientId, sub: 's', oid: 'o', tid: alice.utid, iat: now, exp: now + 3600, ...changes }
  }
  it.each<[string, object | undefined, string]>([
    ['no id token', undefined, 'id_token_invalid'],
    ['no nonce', {}, 'nonce_mismatch'],
    ['another nonce', { nonce: 'x' }, 'nonce_mismatch'],
    ['another issuer', { iss: 'https://evil.example' }, 'issuer_mismatch'],
    ['another audience', { aud: [clientId, 'x'] }, 'audience_mismatch'],
  ])('%s', async (_, changes, code) => {
    const { provider, app, flow, response } = await begun()
    provider.replies.push(tokens({ id_token: changes && jwt(claims(changes)) }))
    expect(await codeOf(app.acquireTokenByAuthCodeFlow({ flow, response }))).toBe(code)
    expect(await app.getAccounts()).toEqual([])
  })

  it('a malformed client_info in the answer is no hint, and no harm', async () => {
    const { provider, app, flow, response } = await begun()
    const url = new URL(response)
    url.searchParams.set('client_info', '%%%')
    expect(await app.acquireTokenByAuthCodeFlow({ flow, response: url })).toHaveProperty('account')
    expect(provider.tokenRequests()[0]!.headers).not.toHaveProperty('x-anchormailbox')
  })

  it('an issuer that is not the one of the flow any more', async () => {
    const { provider, app, flow, response } = await begun()
    expect(
      await codeOf(app.acquireTokenByAuthCodeFlow({ flow: { ...flow, issuer: 'https://login.microsoftonline.com/x/v2.0' }, response })),
    ).toBe('issuer_mismatch')
    expect(provider.count()).toBe(0)
  })
})
