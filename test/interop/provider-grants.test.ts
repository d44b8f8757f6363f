import { decodeJwt } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Browser, type Playground, startPlayground, tenants, users } from '../support/provider.ts'

// The grants of the look-alike that oidc-provider does not have, as bare requests.
const { contoso, fabrikam } = tenants
const { alice, carol, gina } = users
const notes = 'api://notes/Notes.Read'
const userRead = 'https://graph.microsoft.com/User.Read'
const openid = 'openid profile offline_access'

let playground: Playground
let provider: Playground['provider']

beforeAll(async () => {
  playground = await startPlayground({ https: false })
  provider = playground.provider
})
afterAll(() => playground?.close())
afterEach(() => {
  provider.control.clearFaults()
  Object.assign(provider.settings, { accessTokenSeconds: 3600, onBehalfOfConsent: true, deviceCodeInterval: 5 })
})

async function token(tenant: string, form: Record<string, string>) {
  const body = new URLSearchParams({ client_info: '1', ...form })
  const response = await fetch(`${provider.url}/${tenant}/oauth2/v2.0/token`, { method: 'POST', body })
  return { status: response.status, headers: response.headers, body: await response.json() }
}

const password = (tenant: string, { username, password: secret }: { username: string; password: string }, form = {}) =>
  token(tenant, {
    client_id: provider.clients.native.clientId,
    grant_type: 'password',
    username,
    password: secret,
    scope: `${notes} ${openid}`,
    ...form,
  })

const onBehalfOf = (tenant: string, assertion: string, form = {}) =>
  token(tenant, {
    client_id: provider.clients.api.clientId,
    client_secret: provider.clients.api.secret,
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    requested_token_use: 'on_behalf_of',
    assertion,
    scope: `${userRead} ${openid}`,
    ...form,
  })

const decodedInfo = (info: string) => JSON.parse(Buffer.from(info, 'base64url').toString())

describe('password', () => {
  test.each([contoso.id, 'organizations'])('signs in under %s, with everything that a sign-in has', async (tenant) => {
    const { status, body } = await password(tenant, alice)
    expect({ status, body }).toMatchObject({ status: 200, body: { token_type: 'Bearer', expires_in: 3600, ext_expires_in: 3600 } })
    expect(body.scope.split(' ')).toEqual(['openid', 'profile', notes])
    expect(decodeJwt(body.access_token)).toMatchObject({ aud: 'api://notes', tid: contoso.id, scp: 'Notes.Read', name: alice.name })
    expect(decodeJwt(body.id_token)).toMatchObject({ tid: contoso.id, preferred_username: alice.username, sub: alice.subject })
    const { uid, utid } = decodedInfo(body.client_info)
    expect(`${uid}.${utid}`).toBe(alice.homeAccountId)
    const refreshed = await token(tenant, {
      client_id: provider.clients.native.clientId,
      grant_type: 'refresh_token',
      refresh_token: body.refresh_token,
      scope: `User.Read ${openid}`,
    })
    expect(decodeJwt(refreshed.body.access_token)).toMatchObject({ scp: 'User.Read', name: alice.name })
  })

  test('a guest signs in to the other tenant, a stranger does not', async () => {
    const { body } = await password(fabrikam.id, gina)
    expect(decodeJwt(body.access_token)).toMatchObject({ tid: fabrikam.id, oid: gina.objectIds[fabrikam.id] })
    expect(await password(contoso.id, carol)).toMatchObject({ status: 400, body: { error: 'invalid_grant', error_codes: [50034] } })
  })

  test.each([
    ['a wrong password', contoso.id, { password: 'wrong' }, { error: 'invalid_grant', error_codes: [50126] }],
    ['an unknown name', contoso.id, { username: 'nobody@contoso.example' }, { error: 'invalid_grant', error_codes: [50034] }],
    ['common', 'common', {}, { error: 'invalid_request', error_codes: [9001023] }],
    ['an unknown scope', contoso.id, { scope: 'api://notes/Nothing' }, { error: 'invalid_scope' }],
    ['an unknown API', contoso.id, { scope: 'api://nothing/Notes.Read' }, { error: 'invalid_resource', error_codes: [500011] }],
  ])('%s is refused', async (_name, tenant, form, body) => {
    expect(await password(tenant, alice, form)).toMatchObject({ status: 400, body })
  })

  test('an authentication context that a password does not reach is asked for in a claims challenge', async () => {
    const claims = JSON.stringify({ access_token: { acrs: { essential: true, value: 'c2' } } })
    const refused = await password(contoso.id, alice, { claims })
    expect(refused).toMatchObject({ status: 400, body: { error: 'interaction_required', error_codes: [50076], claims } })
  })
})

describe('on behalf of', () => {
  const assertionOf = async (person = alice, tenant: string = contoso.id, form = {}) =>
    (await password(tenant, person, form)).body.access_token as string

  test.each([contoso.id, 'common'])('gives a token for another API under %s, and all that a sign-in has', async (tenant) => {
    const { status, body } = await onBehalfOf(tenant, await assertionOf())
    expect({ status, error: body.error_description }).toEqual({ status: 200 })
    const claims = decodeJwt(body.access_token)
    expect(claims).toMatchObject({ aud: 'https://graph.microsoft.com', scp: 'User.Read', oid: alice.objectIds[contoso.id] })
    expect(claims.azp).toBe(provider.clients.api.clientId)
    expect(decodeJwt(body.id_token)).toMatchObject({ aud: provider.clients.api.clientId, preferred_username: alice.username })
    expect(decodedInfo(body.client_info)).toEqual({ uid: alice.objectIds[contoso.id], utid: contoso.id })
    expect(body.refresh_token).toEqual(expect.any(String))
  })

  test('an API with the permissions it was given asks for .default', async () => {
    const { body } = await onBehalfOf(contoso.id, await assertionOf(), { scope: 'https://graph.microsoft.com/.default' })
    expect(String(decodeJwt(body.access_token).scp).split(' ')).toContain('User.Read')
    expect(body).not.toHaveProperty('refresh_token')
  })

  const app = async () => {
    const { clientId: client_id, secret: client_secret } = provider.clients.web
    const form = { client_id, client_secret, grant_type: 'client_credentials', scope: 'api://notes/.default' }
    return (await token(contoso.id, form)).body.access_token as string
  }
  const expiredAssertion = async () => {
    provider.settings.accessTokenSeconds = 1
    const assertion = await assertionOf()
    await new Promise((resolve) => setTimeout(resolve, 1_000 * (Number(decodeJwt(assertion).exp) + 6) - Date.now()))
    return assertion
  }
  const tampered = async () => (await assertionOf()).replace(/.{8}$/, 'AAAAAAAA')

  test.each([
    ['one for another API', () => assertionOf(alice, contoso.id, { scope: 'User.Read' }), { error_codes: [500131] }],
    ['one of another tenant', () => assertionOf(carol, fabrikam.id), { error_codes: [50013] }],
    ['one with another signature', tampered, { error_codes: [50013], suberror: 'bad_token' }],
    ['one that is no token', async () => 'hello', { error_codes: [50013] }],
    ['one of an application', app, { error_codes: [7000114] }],
    ['one that is over', expiredAssertion, { error_codes: [500133] }],
  ])('refuses as assertion %s', async (_name, assertion, body) => {
    expect(await onBehalfOf(contoso.id, await assertion())).toMatchObject({ status: 400, body: { error: 'invalid_grant', ...body } })
  })

  test('missing consent, a missing permission and a missing policy are told apart', async () => {
    const assertion = await assertionOf()
    const claims = JSON.stringify({ access_token: { acrs: { essential: true, value: 'c2' } } })
    expect(await onBehalfOf(contoso.id, assertion, { claims })).toMatchObject({ body: { error: 'interaction_required', claims } })
    provider.settings.onBehalfOfConsent = false
    const refused = await onBehalfOf(contoso.id, assertion)
    expect(refused.body).toMatchObject({ error: 'invalid_grant', suberror: 'consent_required', error_codes: [65001] })
    const { native, web } = provider.clients
    expect((await onBehalfOf(contoso.id, assertion, { client_secret: 'wrong' })).body.error_codes).toEqual([7000215])
    const publicClient = await onBehalfOf(contoso.id, assertion, { client_id: native.clientId })
    expect(publicClient.body).toMatchObject({ error: 'invalid_client', error_codes: [700025] })
    const other = await onBehalfOf(contoso.id, assertion, { client_id: web.clientId, client_secret: web.secret })
    expect(other.status).toBe(400)
  })

  test('the API calls the second one for its caller, from the cache the second time', async () => {
    const call = async (assertion: string) => {
      const response = await fetch(`${playground.api.url}/profile`, { headers: { authorization: `Bearer ${assertion}` } })
      return { status: response.status, challenge: response.headers.get('www-authenticate'), body: await response.json() }
    }
    const assertion = await assertionOf()
    const profile = { displayName: alice.name, calledBy: provider.clients.api.clientId }
    expect(await call(assertion)).toMatchObject({ status: 200, body: { ...profile, tokenSource: 'identity_provider' } })
    expect(await call(assertion)).toMatchObject({ status: 200, body: { ...profile, tokenSource: 'cache' } })
    expect(await call(await assertionOf(gina, fabrikam.id))).toMatchObject({ status: 200, body: { displayName: gina.name } })
    expect(await call(await app())).toMatchObject({ status: 403 })
    const claims = JSON.stringify({ access_token: { acrs: { essential: true, value: 'c2' } } })
    const body = { error: 'interaction_required', error_codes: [50076], claims }
    provider.control.failNext({ when: { grantType: 'urn:ietf:params:oauth:grant-type:jwt-bearer' }, status: 400, body })
    const challenged = await call(await assertionOf())
    expect(challenged.status).toBe(401)
    expect(challenged.challenge).toContain(`claims="${Buffer.from(claims).toString('base64')}"`)
    provider.settings.onBehalfOfConsent = false
    expect(await call(await assertionOf())).toMatchObject({ status: 502, body: { reason: 'invalid_grant' } })
    expect((await fetch(`${playground.api.url}/me`, { headers: { authorization: `Bearer ${assertion}` } })).status).toBe(401)
  })
})

describe('being asked too much', () => {
  test('a device code has a pace', async () => {
    provider.settings.deviceCodeInterval = 1
    const { clientId: client_id } = provider.clients.native
    const started = await fetch(`${provider.url}/organizations/oauth2/v2.0/devicecode`, {
      method: 'POST',
      body: new URLSearchParams({ client_id, scope: `${notes} ${openid}` }),
    })
    const { device_code, user_code, verification_uri } = await started.json()
    const poll = () => token('organizations', { client_id, grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code })
    expect((await poll()).body.error).toBe('authorization_pending')
    expect((await poll()).body).toMatchObject({ error: 'slow_down', error_codes: [70017] })
    const browser = new Browser()
    await browser.approveDevice(verification_uri, user_code, alice)
    await browser.close()
    provider.settings.deviceCodeSlowDown = false
    expect((await poll()).body.access_token).toEqual(expect.any(String))
    provider.settings.deviceCodeSlowDown = true
  })

  test('a busy service says until when to leave it alone', async () => {
    provider.control.throttleNext({ seconds: 7 })
    const { status, headers, body } = await password(contoso.id, alice)
    expect({ status, retryAfter: headers.get('retry-after') }).toEqual({ status: 429, retryAfter: '7' })
    expect(body).toMatchObject({ error: 'temporarily_unavailable', error_codes: [90055] })
    expect((await password(contoso.id, alice)).status).toBe(200)
  })
})
