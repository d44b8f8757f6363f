import { createHash, randomBytes } from 'node:crypto'
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Browser, type Playground, signIn, startPlayground, tenants, users } from '../support/provider.ts'

const { contoso, fabrikam } = tenants
const { alice, carol, gina } = users
const redirectUri = 'http://localhost:5555/anywhere'
const notes = 'api://notes/Notes.Read'

let playground: Playground
let provider: Playground['provider']
let clientId: string

beforeAll(async () => {
  playground = await startPlayground()
  provider = playground.provider
  clientId = provider.clients.native.clientId
})
afterAll(() => playground.close())
beforeEach(() => {
  provider.control.clearFaults()
  Object.assign(provider.settings, {
    accessTokenSeconds: 3600,
    refreshInSeconds: undefined,
    deviceCodeSlowDown: false,
    rotationGraceSeconds: Number.POSITIVE_INFINITY,
  })
})

const verifier = randomBytes(32).toString('base64url')
const challenge = createHash('sha256').update(verifier).digest('base64url')

function authorizeUrl(tenant: string, parameters: Record<string, string> = {}): string {
  const all = {
    client_id: clientId,
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: `${notes} openid profile offline_access`,
    state: 'the-state',
    nonce: 'the-nonce',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    client_info: '1',
    ...parameters,
  }
  return `${provider.url}/${tenant}/oauth2/v2.0/authorize?${new URLSearchParams(all)}`
}

async function token(tenant: string, form: Record<string, string>, headers: Record<string, string> = {}) {
  const body = new URLSearchParams({ client_id: clientId, client_info: '1', ...form })
  const response = await fetch(`${provider.url}/${tenant}/oauth2/v2.0/token`, { method: 'POST', body, headers })
  return { status: response.status, headers: response.headers, body: await response.json() }
}

async function redeem(tenant: string, code: string | undefined, form: Record<string, string> = {}, headers: Record<string, string> = {}) {
  return token(
    tenant,
    { grant_type: 'authorization_code', code: code ?? '', redirect_uri: redirectUri, code_verifier: verifier, ...form },
    headers,
  )
}

function refresh(tenant: string, refreshToken: string, form: Record<string, string> = {}) {
  return token(tenant, {
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
    scope: `${notes} openid profile offline_access`,
    ...form,
  })
}

async function verified(jwt: string, tenantId: string) {
  const keys = createRemoteJWKSet(new URL(`${provider.url}/${tenantId}/discovery/v2.0/keys`))
  const { payload } = await jwtVerify(jwt, keys, { issuer: `${provider.url}/${tenantId}/v2.0` })
  return payload
}

describe('discovery', () => {
  test('a domain is answered with the tenant id, and the issuer is what discovery was asked under', async () => {
    for (const name of [contoso.id, contoso.domain, contoso.domain.toUpperCase()]) {
      const document = await (await fetch(`${provider.url}/${name}/v2.0/.well-known/openid-configuration`)).json()
      expect(document).toMatchObject({
        issuer: `${provider.url}/${contoso.id}/v2.0`,
        token_endpoint: `${provider.url}/${contoso.id}/oauth2/v2.0/token`,
        response_modes_supported: expect.arrayContaining(['query', 'fragment', 'form_post']),
        authorization_response_iss_parameter_supported: true,
      })
    }
  })

  test('shared names have a template for an issuer and promise none in the answer', async () => {
    for (const name of ['common', 'organizations']) {
      const document = await (await fetch(`${provider.url}/${name}//v2.0/.well-known/openid-configuration`)).json()
      expect(document.issuer).toBe(`${provider.url}/{tenantid}/v2.0`)
      expect(document.token_endpoint).toBe(`${provider.url}/${name}/oauth2/v2.0/token`)
      expect(document).not.toHaveProperty('authorization_response_iss_parameter_supported')
    }
  })

  test('unknown tenants and hosts are refused', async () => {
    const tenant = await fetch(`${provider.url}/nowhere.example/v2.0/.well-known/openid-configuration`)
    expect([tenant.status, (await tenant.json()).error_codes]).toEqual([400, [90002]])
    const ask = (host: string) =>
      fetch(`${provider.url}/common/discovery/instance?api-version=1.1&authorization_endpoint=https://${host}/common/oauth2/v2.0/authorize`)
    expect((await (await ask('evil.example')).json()).error).toBe('invalid_instance')
    const { host } = new URL(provider.url)
    expect((await (await ask(host)).json()).metadata[0].aliases).toEqual([host])
  })
})

describe('signing in', () => {
  test.each(['query', 'fragment', 'form_post'])('a code arrives by %s', async (mode) => {
    const result = await signIn(authorizeUrl(contoso.id, { response_mode: mode }), alice)
    expect(result.method).toBe(mode === 'form_post' ? 'POST' : 'GET')
    expect(result.params).toMatchObject({ code: expect.any(String), state: 'the-state', iss: `${provider.url}/${contoso.id}/v2.0` })
    const [uid, utid] = alice.homeAccountId.split('.')
    expect(JSON.parse(Buffer.from(result.params.client_info ?? '', 'base64url').toString())).toEqual({ uid, utid })
  })

  test.each(['common', 'organizations', contoso.id, contoso.domain])(
    'a code of %s is redeemed there, for the tenant of the person',
    async (tenant) => {
      const { params } = await signIn(authorizeUrl(tenant), alice)
      if (tenant === 'common') expect(params).not.toHaveProperty('iss')
      const { status, body } = await redeem(tenant, params.code)
      expect({ status, ...body }).toMatchObject({
        status: 200,
        token_type: 'Bearer',
        expires_in: 3600,
        ext_expires_in: 3600,
        scope: `openid profile ${notes}`,
      })
      expect(await verified(body.id_token, contoso.id)).toMatchObject({
        aud: clientId,
        oid: alice.objectIds[contoso.id],
        tid: contoso.id,
        ver: '2.0',
        preferred_username: alice.username,
        name: alice.name,
        nonce: 'the-nonce',
      })
      expect(await verified(body.access_token, contoso.id)).toMatchObject({
        aud: 'api://notes',
        scp: 'Notes.Read',
        tid: contoso.id,
        azp: clientId,
      })
    },
  )

  test('a wrong password is said and can be corrected', async () => {
    await expect(signIn(authorizeUrl('common'), { ...alice, password: 'wrong' })).rejects.toThrow('Your account or password is incorrect')
  })

  test('a stranger is not let into a tenant', async () => {
    await expect(signIn(authorizeUrl(contoso.id), carol)).rejects.toThrow('does not exist in Contoso')
  })

  test('cancelling is an error for the application', async () => {
    const { params } = await signIn(authorizeUrl('common'), alice, { cancel: true })
    expect(params).toMatchObject({ error: 'access_denied', error_description: expect.stringContaining('AADSTS65004'), state: 'the-state' })
  })

  test('prompt=none needs a session; a session signs in without a question, into every tenant of the person', async () => {
    const silent = { prompt: 'none', response_mode: 'fragment' }
    expect((await signIn(authorizeUrl('common', silent), alice)).params).toMatchObject({
      error: 'login_required',
      error_description: expect.stringContaining('AADSTS50058'),
    })

    const browser = new Browser()
    await browser.signIn(authorizeUrl('common'), gina)
    const again = await browser.signIn(authorizeUrl(fabrikam.id, silent), gina)
    expect(again.pages).toEqual([])
    expect(again.params.code).toBeDefined()
    const other = await browser.signIn(authorizeUrl('common', { ...silent, login_hint: alice.username }), alice)
    expect(other.params.error).toBe('login_required')
    await browser.close()
  })

  test('select_account offers the signed-in account and another one', async () => {
    const browser = new Browser()
    await browser.signIn(authorizeUrl('common'), alice)
    const same = await browser.signIn(authorizeUrl('common', { prompt: 'select_account' }), alice)
    expect(same.pages).toEqual(['Pick an account'])
    const other = await browser.signIn(authorizeUrl('common', { prompt: 'select_account' }), carol)
    expect(other.pages).toEqual(['Pick an account', 'Sign in'])
    const { body } = await redeem('common', other.params.code)
    expect((await verified(body.id_token, fabrikam.id)).preferred_username).toBe(carol.username)
    await browser.close()
  })

  test('prompt=login asks again, prompt=consent asks for consent', async () => {
    const browser = new Browser()
    await browser.signIn(authorizeUrl('common'), alice)
    expect((await browser.signIn(authorizeUrl('common', { prompt: 'login' }), alice)).pages).toEqual(['Sign in'])
    expect((await browser.signIn(authorizeUrl('common', { prompt: 'consent' }), alice)).pages).toEqual(['Permissions requested'])
    await browser.close()
  })

  test('max_age is answered with auth_time, and zero asks again', async () => {
    const browser = new Browser()
    await browser.signIn(authorizeUrl('common'), alice)
    const recent = await browser.signIn(authorizeUrl('common', { max_age: '1000' }), alice)
    expect(recent.pages).toEqual([])
    expect(decodeJwt((await redeem('common', recent.params.code)).body.id_token).auth_time).toBeGreaterThan(0)
    expect((await browser.signIn(authorizeUrl('common', { max_age: '0' }), alice)).pages).toEqual(['Sign in'])
    await browser.close()
  })

  test('signing out ends the session and returns', async () => {
    const browser = new Browser()
    await browser.signIn(authorizeUrl('common'), alice)
    const target = 'http://localhost:5555/bye'
    const end = await browser.open(`${provider.url}/common/oauth2/v2.0/logout?${new URLSearchParams({ post_logout_redirect_uri: target })}`)
    expect(end.url).toBe(target)
    expect((await browser.signIn(authorizeUrl('common', { prompt: 'none' }), alice)).params.error).toBe('login_required')
    await browser.close()
  })

  test('a foreign redirect URI gets no answer', async () => {
    await expect(signIn(authorizeUrl('common', { redirect_uri: 'http://evil.example/' }), alice)).rejects.toThrow('AADSTS50011')
  })
})

describe('tokens', () => {
  const tokensOf = async (tenant: string, user = alice, scope = `${notes} openid profile offline_access`) => {
    const { params } = await signIn(authorizeUrl(tenant, { scope }), user)
    return (await redeem(tenant, params.code, { scope })).body
  }

  test('a refresh token works under common and under the tenant, for any resource, and is renewed', async () => {
    const first = await tokensOf('common')
    for (const tenant of ['common', contoso.id]) {
      const { status, body } = await refresh(tenant, first.refresh_token, { scope: 'user.read openid profile offline_access' })
      expect({ status, scope: body.scope }).toEqual({ status: 200, scope: 'openid profile User.Read' })
      expect(await verified(body.access_token, contoso.id)).toMatchObject({ aud: 'https://graph.microsoft.com', scp: 'User.Read' })
      expect(body.refresh_token).not.toBe(first.refresh_token)
    }
  })

  test("a guest's refresh token of the home tenant works where they are a guest, and nobody else's does", async () => {
    const home = await tokensOf('common', gina)
    const { body } = await refresh(fabrikam.id, home.refresh_token)
    const [uid, utid] = gina.homeAccountId.split('.')
    expect(await verified(body.id_token, fabrikam.id)).toMatchObject({ oid: gina.objectIds[fabrikam.id], tid: fabrikam.id })
    expect(JSON.parse(Buffer.from(body.client_info, 'base64url').toString())).toEqual({ uid, utid })

    const stranger = await refresh(fabrikam.id, (await tokensOf('common')).refresh_token)
    expect(stranger.body).toMatchObject({ error: 'invalid_grant', error_codes: [50020] })
  })

  test('no offline_access, no refresh token; without openid no id token', async () => {
    const body = await tokensOf('common', alice, notes)
    expect(body).not.toHaveProperty('refresh_token')
    expect(body).not.toHaveProperty('id_token')
  })

  test('.default stands for everything the API offers', async () => {
    const body = await tokensOf('common', alice, 'api://notes/.default openid profile')
    expect(body.scope.split(' ')).toEqual(expect.arrayContaining([notes, 'api://notes/Notes.Write', 'api://notes/.default']))
    expect((await verified(body.access_token, contoso.id)).scp).toBe('Notes.Read Notes.Write')
  })

  test('two resources in one token request are refused, unknown ones too', async () => {
    const first = await tokensOf('common')
    expect((await refresh('common', first.refresh_token, { scope: `${notes} User.Read` })).body.error_codes).toEqual([28000])
    expect((await refresh('common', first.refresh_token, { scope: 'api://nothing/Read' })).body).toMatchObject({
      error: 'invalid_resource',
      error_codes: [500011],
    })
    expect((await refresh('common', first.refresh_token, { scope: 'api://notes/Nothing' })).body).toMatchObject({
      error: 'invalid_scope',
      error_codes: [70011],
    })
  })

  test('with no grace a second use of a refresh token ends the chain; revoking ends it too', async () => {
    provider.settings.rotationGraceSeconds = 0
    const first = await tokensOf('common')
    const second = await refresh('common', first.refresh_token)
    expect(second.status).toBe(200)
    expect((await refresh('common', first.refresh_token)).body).toMatchObject({ error: 'invalid_grant', suberror: 'bad_token' })
    expect((await refresh('common', second.body.refresh_token)).body).toMatchObject({ error: 'invalid_grant', suberror: 'bad_token' })

    const other = await tokensOf('common')
    provider.control.revoke({ user: alice })
    expect((await refresh('common', other.refresh_token)).body).toMatchObject({
      error: 'invalid_grant',
      error_codes: [50173],
      suberror: 'bad_token',
    })
  })

  test('of parallel refreshes with one token, one wins when there is no grace', async () => {
    provider.settings.rotationGraceSeconds = 0
    const { refresh_token } = await tokensOf('common')
    const answers = await Promise.all(Array.from({ length: 5 }, () => refresh('common', refresh_token)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  })

  test('a code works once, with its verifier, its redirect URI and in its tenant', async () => {
    const code = async (tenant = 'common') => (await signIn(authorizeUrl(tenant), gina)).params.code
    expect((await redeem('common', await code(), { code_verifier: 'x'.repeat(43) })).body).toMatchObject({
      error: 'invalid_grant',
      error_codes: [501481],
    })
    expect((await redeem('common', await code(), { redirect_uri: 'http://localhost:1/' })).body).toMatchObject({
      error: 'invalid_client',
      error_codes: [500112],
    })
    expect((await redeem(fabrikam.id, await code(contoso.id))).body).toMatchObject({ error: 'invalid_grant' })
    const spent = await code()
    expect((await redeem('common', spent)).status).toBe(200)
    expect((await redeem('common', spent)).body).toMatchObject({ error: 'invalid_grant', error_codes: [54005] })
  })

  test('lifetimes, refresh_in and family are as chosen', async () => {
    provider.settings.accessTokenSeconds = 7200
    expect(await tokensOf('common')).toMatchObject({ expires_in: 7200, refresh_in: 3600 })
    provider.settings.refreshInSeconds = 5
    expect(await tokensOf('common')).toMatchObject({ refresh_in: 5 })

    const { familyOne, familyTwo, native } = provider.clients
    const { params } = await signIn(authorizeUrl('common', { client_id: familyOne.clientId }), alice)
    const family = (await redeem('common', params.code, { client_id: familyOne.clientId })).body
    expect(family.foci).toBe('1')
    expect((await refresh('common', family.refresh_token, { client_id: familyTwo.clientId })).body).toMatchObject({
      foci: '1',
      access_token: expect.any(String),
    })
    expect((await refresh('common', family.refresh_token, { client_id: native.clientId })).body).toMatchObject({
      error: 'invalid_grant',
      suberror: 'client_mismatch',
    })
  })

  test('only single-page applications are answered across origins, and they only there', async () => {
    const { spa } = provider.clients
    const origin = { origin: 'http://localhost:5555' }
    const codeFor = async (id: string) =>
      (await signIn(authorizeUrl('common', { client_id: id, response_mode: 'fragment' }), alice)).params.code
    const good = await redeem('common', await codeFor(spa.clientId), { client_id: spa.clientId }, origin)
    expect([good.status, good.headers.get('access-control-allow-origin')]).toEqual([200, 'http://localhost:5555'])
    const wrongOrigin = await redeem('common', await codeFor(spa.clientId), { client_id: spa.clientId }, { origin: 'https://evil.example' })
    expect([wrongOrigin.status, wrongOrigin.headers.get('access-control-allow-origin')]).toEqual([400, null])
    const native = await redeem('common', await codeFor(clientId), {}, origin)
    expect(native.body).toMatchObject({ error: 'invalid_request', error_codes: [9002326] })
    const outside = await redeem('common', await codeFor(spa.clientId), { client_id: spa.clientId })
    expect(outside.body).toMatchObject({ error: 'invalid_request', error_codes: [9002327] })
  })

  test('errors have the shape of Entra and echo the correlation id', async () => {
    const { status, body } = await token(
      'common',
      { grant_type: 'refresh_token', refresh_token: 'nonsense', scope: 'openid' },
      { 'client-request-id': 'the-id' },
    )
    expect({ status, ...body }).toMatchObject({
      status: 400,
      error: 'invalid_grant',
      error_description: expect.stringMatching(
        /^AADSTS50173: .*Trace ID: .*Correlation ID: the-id Timestamp: \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/,
      ),
      error_codes: [50173],
      correlation_id: 'the-id',
      trace_id: expect.any(String),
      timestamp: expect.any(String),
    })
  })

  test('a device code is approved in a browser', async () => {
    const response = await fetch(`${provider.url}/common/oauth2/v2.0/devicecode`, {
      method: 'POST',
      body: new URLSearchParams({ client_id: clientId, scope: `${notes} openid profile offline_access` }),
    })
    const device = await response.json()
    expect(device).toMatchObject({ interval: 5, message: expect.stringContaining(device.user_code) })
    const poll = () => token('common', { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: device.device_code })
    expect((await poll()).body).toMatchObject({ error: 'authorization_pending', error_codes: [70016] })
    await new Browser().approveDevice(device.verification_uri, device.user_code, carol)
    const { body } = await poll()
    expect(await verified(body.id_token, fabrikam.id)).toMatchObject({ preferred_username: carol.username })
    expect(body.scope).toBe(`openid profile ${notes}`)
  })
})

describe('the protected API', () => {
  const tokens = async (parameters: Record<string, string> = {}) => {
    const { params } = await signIn(authorizeUrl('common', parameters), alice)
    return (await redeem('common', params.code, parameters.claims ? { claims: parameters.claims } : {})).body
  }
  const call = (accessToken?: string, query = '') =>
    fetch(`${playground.api.url}/notes${query}`, accessToken ? { headers: { authorization: `Bearer ${accessToken}` } } : {})
  const claimsOf = (response: Response) => {
    const encoded = /claims="([^"]+)"/.exec(response.headers.get('www-authenticate') ?? '')?.[1] ?? ''
    return Buffer.from(encoded, 'base64').toString()
  }

  test('takes tokens for itself and refuses all others', async () => {
    const { access_token, refresh_token } = await tokens()
    expect((await call(access_token)).status).toBe(200)
    expect((await call()).status).toBe(401)
    expect((await call(`${access_token.slice(0, -4)}AAAA`)).status).toBe(401)
    const graph = await refresh('common', refresh_token, { scope: 'User.Read' })
    expect((await call(graph.body.access_token)).status).toBe(401)
  })

  test('a claims challenge is met by a refresh', async () => {
    const { access_token, refresh_token } = await tokens()
    const challenged = await call(access_token, '?challenge=1')
    expect([challenged.status, challenged.headers.get('www-authenticate')]).toEqual([
      401,
      expect.stringContaining('error="insufficient_claims"'),
    ])
    const { body } = await refresh('common', refresh_token, { claims: claimsOf(challenged) })
    expect((await call(body.access_token, '?challenge=1')).status).toBe(200)
  })

  test('a stronger challenge takes a new sign-in', async () => {
    const { access_token, refresh_token } = await tokens()
    const claims = claimsOf(await call(access_token, '?challenge=c2'))
    const refused = await refresh('common', refresh_token, { claims })
    expect(refused.body).toMatchObject({ error: 'interaction_required', suberror: 'basic_action', claims })
    const better = await tokens({ claims })
    expect((await call(better.access_token, '?challenge=c2')).status).toBe(200)
  })
})

describe('faults', () => {
  const ask = () =>
    token(contoso.id, {
      grant_type: 'client_credentials',
      client_id: provider.clients.daemon.clientId,
      client_secret: provider.clients.daemon.secret,
      scope: 'api://notes/.default',
    })

  test('the next token request fails as told, and only that one', async () => {
    provider.control.failNext({ status: 429, headers: { 'retry-after': '7' }, body: { error: 'temporarily_unavailable' } })
    const failed = await ask()
    expect([failed.status, failed.headers.get('retry-after')]).toEqual([429, '7'])
    provider.control.failNext({ drop: true })
    await expect(ask()).rejects.toThrow()
    expect((await ask()).status).toBe(200)
  })

  test('an answer can get lost after it was given', async () => {
    const { params } = await signIn(authorizeUrl('common'), alice)
    provider.control.failNext({ after: true, drop: true })
    await expect(redeem('common', params.code)).rejects.toThrow()
    expect((await redeem('common', params.code)).body.error_codes).toEqual([54005])
  })

  test('token requests are counted', async () => {
    const before = provider.tokenRequests('client_credentials').length
    await ask()
    expect(provider.tokenRequests('client_credentials')).toHaveLength(before + 1)
  })
})
