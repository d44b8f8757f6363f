import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ConfidentialClientApplication } from '../../src/core/client/confidential-client-application.ts'
import { challengeFor } from '../../src/edge/challenge.ts'
import { withCookies } from '../../src/edge/cookie.ts'
import { flowCookies, readFlowCookie } from '../../src/edge/seal-flow.ts'
import { readSessionCookie, sessionCookie } from '../../src/edge/session-cookie.ts'
import { validateAccessToken } from '../../src/edge/validate-access-token.ts'
import { type Playground, signIn, startPlayground, tenants, users } from '../support/provider.ts'

const key = Buffer.alloc(32, 7).toString('base64')
const home = 'http://localhost:4321/'

let playground: Playground
beforeAll(async () => {
  playground = await startPlayground()
})
afterAll(() => playground.close())

/** A website that keeps its sign-ins and sessions in cookies, and the person's browser. */
function website(name: 'web' | 'api' = 'web') {
  const { provider } = playground
  const { clientId, secret: clientCredential } = provider.clients[name]
  const app = new ConfidentialClientApplication({
    clientId,
    authority: provider.authority(tenants.contoso),
    clientCredential,
    knownAuthorities: [new URL(provider.url).host],
  })
  const jar = new Map<string, string>()
  const keep = (response: Response) => {
    for (const cookie of response.headers.getSetCookie()) {
      const [, name, value, age] = /^([^=]+)=([^;]*);.*Max-Age=(\d+)/.exec(cookie)!
      if (age === '0') jar.delete(name!)
      else jar.set(name!, value!)
    }
    return response
  }
  const request = (url: string, init: RequestInit = {}) =>
    new Request(url, { ...init, headers: { cookie: [...jar].map((pair) => pair.join('=')).join('; ') } })
  const begin = async (options: { responseMode?: 'form_post' } = {}) => {
    const flow = await app.initiateAuthCodeFlow({ scopes: ['api://notes/Notes.Read'], redirectUri: `${home}callback`, ...options })
    return keep(withCookies(Response.redirect(flow.authUri), await flowCookies(flow, key, request(home))))
  }
  const complete = async (answer: Request) => {
    const { flow, clear } = await readFlowCookie(answer, key)
    const result = await app.acquireTokenByAuthCodeFlow({ flow, response: answer })
    keep(withCookies(Response.redirect(home), [clear, await sessionCookie(result.account, key)]))
    return result
  }
  return { app, jar, request, begin, complete }
}

describe('a website at the edge', () => {
  it('signs in, in two tabs at once, and knows the person afterwards', async () => {
    const { app, jar, request, begin, complete } = website()
    const [one, two] = [await begin(), await begin()]
    expect(jar.size).toBe(2)
    const answers = [await signIn(two.headers.get('location')!, users.alice), await signIn(one.headers.get('location')!, users.alice)]
    for (const { url } of answers) expect((await complete(request(url))).account.username).toBe(users.alice.username)
    expect([...jar.keys()]).toEqual(['__Host-session'])
    const session = (await readSessionCookie(request(home), key))!
    expect(session).toMatchObject({ homeAccountId: users.alice.homeAccountId, tenantId: tenants.contoso.id })
    expect((await app.getAccount(session))?.username).toBe(users.alice.username)
    // The cookie is gone, and so is the sign-in: S04.
    await expect(complete(request(answers[0]!.url))).rejects.toMatchObject({ code: 'flow_unknown' })
  })

  it('takes a posted answer', async () => {
    const { request, begin, complete } = website()
    const { url, params, method } = await signIn((await begin({ responseMode: 'form_post' })).headers.get('location')!, users.bob)
    expect(method).toBe('POST')
    const { account } = await complete(request(url, { method, body: new URLSearchParams(params) }))
    expect(account.username).toBe(users.bob.username)
  })

  it('S08: the redirect URI of the token request is that of the flow, wherever the answer says that it came', async () => {
    const { request, begin, complete } = website()
    const { params } = await signIn((await begin({ responseMode: 'form_post' })).headers.get('location')!, users.alice)
    const posted = new URLSearchParams({ ...params, redirect_uri: 'https://evil.example/callback', x: 'y' })
    const answer = request('https://evil.example/elsewhere?redirect_uri=https://evil.example/', { method: 'POST', body: posted })
    for (const name of ['host', 'x-forwarded-host', 'x-forwarded-proto', 'forwarded', 'origin', 'referer'])
      answer.headers.set(name, 'https://evil.example')
    expect((await complete(answer)).account.username).toBe(users.alice.username)
    const sent = playground.provider.tokenRequests('authorization_code').at(-1)!
    expect(sent.parameters.redirect_uri).toBe(`${home}callback`)
    expect(JSON.stringify(sent)).not.toContain('evil.example')
  })

  it('S04: a cookie that is played back brings no second token', async () => {
    const { jar, request, begin, complete } = website()
    const { url } = await signIn((await begin()).headers.get('location')!, users.alice)
    const kept = new Map(jar)
    await complete(request(url))
    for (const [name, value] of kept) jar.set(name, value)
    await expect(complete(request(url))).rejects.toMatchObject({ name: 'ServerError', error: 'invalid_grant' })
  })
})

describe('an API at the edge', () => {
  const tokenFor = async () => {
    const { request, begin, complete } = website()
    const { url } = await signIn((await begin()).headers.get('location')!, users.alice)
    return complete(request(url))
  }
  const options = () => ({ audience: 'api://notes', authority: playground.provider.authority(tenants.contoso) })

  it('accepts a person’s token, by tenant and by all tenants', async () => {
    const { accessToken } = await tokenFor()
    const claims = await validateAccessToken(accessToken, { ...options(), scopes: ['api://notes/Notes.Read'] })
    expect(claims).toMatchObject({ tid: tenants.contoso.id, scp: 'Notes.Read', name: users.alice.name })
    for (const authority of ['common', 'organizations'].map((name) => playground.provider.authority(name)))
      expect((await validateAccessToken(accessToken, { ...options(), authority })).oid).toBe(claims.oid)
  })

  it('accepts an application’s token', async () => {
    const { clientId, secret } = playground.provider.clients.daemon
    const knownAuthorities = [new URL(playground.provider.url).host]
    const daemon = new ConfidentialClientApplication({
      clientId,
      authority: options().authority,
      clientCredential: secret,
      knownAuthorities,
    })
    const { accessToken } = await daemon.acquireTokenForClient({ scopes: ['api://notes/.default'] })
    expect((await validateAccessToken(accessToken, { ...options(), roles: ['Notes.Read.All'] })).azp).toBe(clientId)
  })

  it('refuses the id token, another tenant’s, another API’s and a token with too little', async () => {
    const { accessToken, idToken } = await tokenFor()
    const { clientId } = playground.provider.clients.web
    const refusals: [string, object, string, number][] = [
      [idToken!, {}, 'audience_mismatch', 401],
      [idToken!, { audience: clientId }, 'id_token_invalid', 401],
      [idToken!, { audience: [clientId, 'api://notes'], roles: ['Notes.Read.All'] }, 'id_token_invalid', 401],
      [accessToken, { authority: playground.provider.authority(tenants.fabrikam) }, 'issuer_mismatch', 401],
      [accessToken, { audience: 'https://graph.microsoft.com' }, 'audience_mismatch', 401],
      [accessToken, { scopes: ['Notes.Read', 'Notes.Write'] }, 'scope_not_in_flow', 403],
      [accessToken, { roles: ['Notes.Read.All'] }, 'scope_not_in_flow', 403],
    ]
    for (const [token, changes, code, status] of refusals) {
      const error = await validateAccessToken(token, { ...options(), ...changes }).catch((thrown) => thrown)
      expect(error).toMatchObject({ name: 'ClientAuthError', code })
      expect(challengeFor(error).status).toBe(status)
    }
  })

  it('does not know a tenant that is none', async () => {
    const { accessToken } = await tokenFor()
    const authority = playground.provider.authority('nobody.example')
    await expect(validateAccessToken(accessToken, { ...options(), authority })).rejects.toMatchObject({ code: 'metadata_invalid' })
  })
})
