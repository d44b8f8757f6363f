import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ConfidentialClientApplication } from '../../../src/core/client/confidential-client-application.ts'
import { beginCall, contextOf } from '../../../src/core/client/context.ts'
import { PublicClientApplication } from '../../../src/core/client/public-client-application.ts'
import { signInByPassword } from '../../../src/core/client/username-password.ts'
import { AuthError } from '../../../src/core/errors.ts'
import type { PublicClientOptions, UsernamePasswordOptions } from '../../../src/core/options.ts'
import type { LogRecord } from '../../../src/core/ports.ts'
import { rstr, saml20, soapFault } from '../grants/ws-trust/documents.ts'
import { answerWith, clientId, mia, startCloud, tenantId } from './password-cloud.ts'

type Cloud = Awaited<ReturnType<typeof startCloud>>
let cloud: Cloud
let records: LogRecord[]
let httpCache: Map<string, string>
beforeEach(async () => {
  cloud = await startCloud()
  records = []
  httpCache = new Map()
})
afterEach(async () => {
  vi.useRealTimers()
  await cloud.close()
  // S14, S69, S70: whatever happened, neither cache nor log knows anybody.
  expect(JSON.stringify([[...httpCache], records])).not.toMatch(/CANARY|(mia|noah)(@|%40)/)
})

const scopes = ['User.Read']
const managed = { ...mia, password: 'managed' }

function createApp(options: Partial<PublicClientOptions> = {}) {
  const logger = (record: LogRecord) => void records.push(record)
  return new PublicClientApplication({ clientId, authority: cloud.authority, instanceDiscovery: false, httpCache, logger, ...options })
}

async function signIn(app: object, options: Partial<UsernamePasswordOptions> = {}) {
  const context = contextOf(app)
  const all = { ...mia, scopes, ...options }
  return signInByPassword(context, all, beginCall(context, all))
}

/** What a sign-in rejects with: an error of ours that shows no secret. */
async function failure(app: object, options: Partial<UsernamePasswordOptions> = {}): Promise<AuthError> {
  const error = await signIn(app, options).then(
    () => expect.unreachable('it resolved'),
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(AuthError)
  for (const text of [inspect(error, { depth: 9, showHidden: true }), JSON.stringify(error), String((error as Error).stack)]) {
    expect(text).not.toMatch(/CANARY|saml:|c2lnbmF0dXJl/)
  }
  return error as AuthError
}

const formOf = (end: string) => Object.fromEntries(new URLSearchParams(cloud.hits.filter(({ path }) => path.endsWith(end)).at(-1)!.body))

describe('a password that the platform keeps', () => {
  it('goes to the token endpoint, once the realm is known', async () => {
    const app = createApp({ clientCapabilities: ['CP1'], appName: 'tests' })
    const result = await signIn(app, { ...managed, correlationId: 'c-1', extraBodyParameters: { more: '1' } })
    expect(cloud.seen()).toEqual(['cloud GET openid-configuration', 'cloud GET ?api-version=1.0', 'cloud POST token'])
    expect(result).toMatchObject({
      accessToken: 'CANARY-at',
      tokenSource: 'identity_provider',
      correlationId: 'c-1',
      scopes,
      account: { username: mia.username, homeAccountId: `o.${tenantId}`, accountSource: 'password' },
      idTokenClaims: { oid: 'o' },
    })
    expect(JSON.parse(formOf('/token').claims!)).toEqual({ access_token: { xms_cc: { values: ['CP1'] } } })
    expect({ ...formOf('/token'), claims: '' }).toEqual({
      client_id: clientId,
      client_info: '1',
      grant_type: 'password',
      username: mia.username,
      password: 'managed',
      scope: 'User.Read offline_access openid profile',
      claims: '',
      more: '1',
    })
    const [, realm, token] = cloud.hits
    expect(realm!.path).toBe('/common/userrealm/mia%40contoso.example?api-version=1.0')
    expect(realm!.headers['client-request-id']).toBe('c-1')
    expect(token!.headers).toMatchObject({
      'client-request-id': 'c-1',
      'x-anchormailbox': `upn:${mia.username}`,
      'x-client-current-telemetry': '4|301,0|',
    })
    expect(await app.acquireTokenSilent({ scopes, account: result.account })).toMatchObject({
      accessToken: 'CANARY-at',
      tokenSource: 'cache',
    })
  })

  it('is asked for anew each time: no cached token counts', async () => {
    const app = createApp()
    await signIn(app, managed)
    await signIn(app, managed)
    expect(cloud.seen().filter((line) => line.startsWith('cloud POST'))).toHaveLength(2)
    expect(cloud.seen()).toHaveLength(4)
  })

  it('that is wrong is a plain ServerError, without the password', async () => {
    const error = await failure(createApp(), { correlationId: 'c-1' })
    expect(error).toMatchObject({
      name: 'ServerError',
      code: 'server_error',
      error: 'invalid_grant',
      action: 'report',
      status: 400,
      errorCodes: [50126],
      correlationId: 'c-1',
    })
    expect(error).toMatchObject({ errorDescription: `AADSTS50126: ${mia.username} / *** / null` })
  })

  it('with which the platform wants more is InteractionRequiredAuthError', async () => {
    const body = {
      error: 'interaction_required',
      suberror: 'basic_action',
      claims: '{"access_token":{}}',
      error_description: 'AADSTS50076',
    }
    cloud.instead.set('/token', answerWith(400, body))
    expect(await failure(createApp(), managed)).toMatchObject({
      name: 'InteractionRequiredAuthError',
      action: 'interact',
      claims: '{"access_token":{}}',
    })
  })

  it('S2 a refusal is repeated to the same name and password only', async () => {
    const app = createApp()
    for (let n = 0; n < 3; n++) await failure(app)
    const posts = () => cloud.seen().filter((line) => line === 'cloud POST token').length
    expect(posts()).toBe(1)
    await signIn(app, managed)
    expect(posts()).toBe(2)
    await failure(app, { username: 'noah@contoso.example' })
    expect(posts()).toBe(3)
  })

  it('C22 an empty one is sent', async () => {
    await failure(createApp(), { password: '' })
    expect(formOf('/token')).toMatchObject({ grant_type: 'password', password: '' })
  })

  it('an answer without an id token has an account by that name', async () => {
    cloud.state.idToken = false
    const app = createApp()
    expect((await signIn(app, managed)).account).toMatchObject({ username: mia.username })
    expect(await app.getAccounts({ username: mia.username })).toHaveLength(1)
  })

  it('a name that no header can hold signs in', async () => {
    await signIn(createApp(), { username: '美@contoso.example', password: 'managed' })
    expect(cloud.hits.at(-1)!.headers).not.toHaveProperty('x-anchormailbox')
  })

  it('of a confidential client goes with its secret', async () => {
    const app = new ConfidentialClientApplication({
      clientId,
      clientCredential: 'CANARY-secret',
      authority: cloud.authority,
      instanceDiscovery: false,
    })
    await signIn(app, managed)
    expect(formOf('/token')).toMatchObject({ client_secret: 'CANARY-secret', grant_type: 'password' })
  })
})

describe('which hosts are asked', () => {
  it('a host that discovery does not know learns no name', async () => {
    cloud.instead.set('/openid-configuration', answerWith(404))
    expect(await failure(createApp())).toMatchObject({ code: 'metadata_invalid' })
    expect(cloud.seen()).toEqual(['cloud GET openid-configuration'])
  })

  it('ADFS and generic providers have no realms', async () => {
    await cloud.close()
    cloud = await startCloud('adfs')
    await signIn(createApp(), managed)
    await signIn(createApp({ authority: undefined as never, oidcAuthority: `${cloud.cloud}/adfs` }), managed)
    expect(cloud.seen()).not.toContain('cloud GET ?api-version=1.0')
    expect(cloud.seen().filter((line) => line === 'cloud POST token')).toHaveLength(2)
  })

  it('nor does B2C', async () => {
    await cloud.close()
    cloud = await startCloud('contoso.example/B2C_1_ropc')
    await signIn(createApp(), managed)
    expect(cloud.seen()).toEqual(['cloud GET openid-configuration', 'cloud POST token'])
  })

  it('a realm that cannot be told ends it, before the password goes anywhere', async () => {
    cloud.instead.set('?api-version=1.0', answerWith(503, '', { 'retry-after': '7' }))
    expect(await failure(createApp())).toMatchObject({ code: 'server_unavailable', retryAfter: 7000 })
    expect(cloud.seen()).not.toContain('cloud POST token')
  })

  it('404 for a realm is remembered', async () => {
    cloud.instead.set('?api-version=1.0', answerWith(404))
    const app = createApp()
    await signIn(app, managed)
    await signIn(app, { ...managed, username: 'noah@contoso.example' })
    expect(cloud.seen().filter((line) => line.endsWith('?api-version=1.0'))).toHaveLength(1)
  })
})

describe('a password that the company keeps', () => {
  beforeEach(() => cloud.federate())

  it('goes to its server alone; the platform gets the assertion', async () => {
    const result = await signIn(createApp(), { correlationId: 'c-1' })
    expect(cloud.seen()).toEqual([
      'cloud GET openid-configuration',
      'cloud GET ?api-version=1.0',
      'company GET mex',
      'company POST usernamemixed',
      'cloud POST token',
    ])
    expect(result).toMatchObject({ accessToken: 'CANARY-at', correlationId: 'c-1', account: { username: mia.username } })
    expect(formOf('/token')).toEqual({
      client_id: clientId,
      client_info: '1',
      grant_type: 'urn:ietf:params:oauth:grant-type:saml1_1-bearer',
      assertion: Buffer.from(cloud.state.assertion).toString('base64url'),
      scope: 'User.Read offline_access openid profile',
    })
    expect(cloud.hits.at(-1)!.headers).not.toHaveProperty('x-anchormailbox')
    expect(cloud.hits.at(-1)!.headers['x-client-current-telemetry']).toBe('4|301,0|')
    const soap = cloud.hits.at(-2)!
    expect(soap.path).toBe('/adfs/services/trust/13/usernamemixed')
    expect(soap.headers).toMatchObject({
      'content-type': 'application/soap+xml; charset=utf-8',
      soapaction: 'http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Issue',
    })
    expect(cloud.hits.filter(({ body }) => body.includes('CANARY'))).toEqual([soap])
  })

  it('documents are asked for once a day, assertions each time', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
    const app = createApp()
    await signIn(app)
    await signIn(app)
    await signIn(createApp())
    expect(cloud.seen().filter((line) => line === 'company GET mex')).toHaveLength(1)
    expect(cloud.seen().filter((line) => line === 'company POST usernamemixed')).toHaveLength(3)
    vi.setSystemTime(Date.now() + 86_400_001)
    await signIn(createApp())
    expect(cloud.seen().filter((line) => line === 'company GET mex')).toHaveLength(2)
  })

  it('S42 a spoilt cache sends no password elsewhere', async () => {
    await signIn(createApp())
    const [key, value] = [...httpCache].find(([name]) => name.startsWith('MEX'))!
    for (const endpoint of [{ url: 'http://evil.example/' }, { action: 'constructor' }, { url: 7 }]) {
      const entry = JSON.parse(value)
      httpCache.set(key, JSON.stringify({ ...entry, endpoint: { ...entry.endpoint, ...endpoint } }))
      await signIn(createApp())
    }
    expect(cloud.seen().filter((line) => line === 'company GET mex')).toHaveLength(4)
  })

  it('WS-Trust 2005 at the address that the realm gives, and an audience of its own', async () => {
    const federation_active_auth_url = `${cloud.company}/adfs/services/trust/2005/usernamemixed`
    cloud.federate({ federation_metadata_url: '', federation_active_auth_url, cloud_audience_urn: 'urn:federation:Elsewhere' })
    await signIn(createApp())
    expect(cloud.seen()).not.toContain('company GET mex')
    const soap = cloud.hits.at(-2)!
    expect(soap.headers.soapaction).toBe('http://schemas.xmlsoap.org/ws/2005/02/trust/RST/Issue')
    expect(soap.body).toContain('<wsa:Address>urn:federation:Elsewhere</wsa:Address>')
  })

  it('a SAML 2.0 assertion comes byte for byte', async () => {
    cloud.state.assertion = saml20.replace('<Subject/>', '<Subject>\r\n&#233;é😀<![CDATA[</Assertion>]]></Subject >')
    cloud.instead.set('/usernamemixed', answerWith(200, rstr({ assertion: cloud.state.assertion, tokenType: '', prefix: '' })))
    await signIn(createApp())
    expect(formOf('/token').grant_type).toBe('urn:ietf:params:oauth:grant-type:saml2-bearer')
  })

  it('that is wrong is a plain ServerError, although ADFS answers 500', async () => {
    const error = await failure(createApp(), { password: 'CANARY-wrong&', correlationId: 'c-1' })
    expect(error).toMatchObject({
      name: 'ServerError',
      code: 'server_error',
      error: 'invalid_grant',
      suberror: 'FailedAuthentication',
      action: 'report',
      status: 400,
      correlationId: 'c-1',
    })
    expect(error).toMatchObject({ errorDescription: `ID3242: ${mia.username} / ***` })
    expect(cloud.seen()).not.toContain('cloud POST token')
  })

  it('S2 a wrong password holds up nobody else, and not its owner with the right one', async () => {
    const app = createApp()
    const posts = () => cloud.seen().filter((line) => line === 'company POST usernamemixed').length
    for (let n = 0; n < 3; n++)
      expect(await failure(app, { password: 'CANARY-wrong' })).toMatchObject({ code: 'server_error', error: 'invalid_grant', status: 400 })
    expect(posts()).toBe(1)
    await signIn(app)
    cloud.state.people.set('noah@contoso.example', 'CANARY-wrong')
    await signIn(app, { username: 'noah@contoso.example', password: 'CANARY-wrong' })
    expect(posts()).toBe(3)
  })

  it('S71 what the company says is cut and stripped', async () => {
    cloud.instead.set(
      '/usernamemixed',
      answerWith(500, soapFault({ reason: `a&#x202e;b\t${'c'.repeat(600)}`, subcode: 'a:<!-- -->no word!' })),
    )
    const error = await failure(createApp())
    expect(error).toMatchObject({ errorDescription: `a b ${'c'.repeat(508)}` })
    expect(error).not.toHaveProperty('suberror')
  })

  it('an answer of the platform that quotes the assertion is masked', async () => {
    cloud.instead.set('/usernamemixed', answerWith(200, rstr({ assertion: '<saml:Assertion xmlns:saml="x">CANARY</saml:Assertion>' })))
    expect(await failure(createApp())).toMatchObject({
      name: 'ServerError',
      error: 'invalid_grant',
      errorDescription: 'AADSTS50126: null / null / ***',
    })
  })

  it.each<[string, number, string, object]>([
    [
      "a fault of the server's own",
      500,
      soapFault({ code: 's:Receiver', subcode: 'a:Busy' }),
      { name: 'ServerError', code: 'server_error', error: 'server_error', action: 'retry', status: 500 },
    ],
    [
      '503 and HTML',
      503,
      '<html><br>CANARY',
      { name: 'NetworkError', code: 'server_unavailable', action: 'retry', status: 503, retryAfter: 7000 },
    ],
    ['500 and nothing', 500, '', { name: 'NetworkError', code: 'server_unavailable' }],
    ['500 and JSON', 500, '{"error":"CANARY"}', { name: 'NetworkError', code: 'server_unavailable' }],
    [
      '429',
      429,
      soapFault(),
      { name: 'ServerError', code: 'throttled', error: 'temporarily_unavailable', action: 'retry', status: 429, retryAfter: 7000 },
    ],
    ['401 and HTML', 401, '<html>CANARY', { name: 'NetworkError', code: 'bad_response', status: 401 }],
    ['404 and XML', 404, '<a>CANARY</a>', { name: 'NetworkError', code: 'bad_response', status: 404 }],
    ['200 and neither token nor fault', 200, rstr({ assertion: '' }), { name: 'NetworkError', code: 'bad_response', status: 200 }],
    ['a token that is no assertion', 200, rstr({ tokenType: 'urn:x' }), { name: 'NetworkError', code: 'bad_response' }],
    ['an entity', 200, rstr({ assertion: '<a>&CANARY;</a>' }), { name: 'NetworkError', code: 'bad_response' }],
    ['a DOCTYPE', 200, `<!DOCTYPE a [<!ENTITY b "CANARY">]>${rstr()}`, { name: 'NetworkError', code: 'bad_response' }],
    ['100 000 levels', 200, '<a>'.repeat(100_000), { name: 'NetworkError', code: 'bad_response' }],
    ['2 MiB', 200, rstr({ before: ' '.repeat(2 << 20) }), { name: 'NetworkError', code: 'too_large' }],
    ['a redirect', 307, '', { name: 'NetworkError', code: 'bad_response', status: 307 }],
  ])('S39 its server answers with %s', async (_, status, body, expected) => {
    cloud.instead.set('/usernamemixed', answerWith(status, body, { 'retry-after': '7', location: `${cloud.company}/elsewhere` }))
    expect(await failure(createApp(), { correlationId: 'c-1' })).toMatchObject({ ...expected, correlationId: 'c-1' })
    expect(cloud.seen()).not.toContain('cloud POST token')
    expect(cloud.seen()).not.toContain('company POST elsewhere')
  })

  it('S40 a busy server is left alone for as long as it says', async () => {
    cloud.instead.set('/usernamemixed', answerWith(503, '', { 'retry-after': '7' }))
    const app = createApp()
    await failure(app)
    expect(await failure(app)).toMatchObject({ code: 'throttled', status: 503, retryAfter: 7000 })
    const posts = () => cloud.seen().filter((line) => line === 'company POST usernamemixed').length
    expect(posts()).toBe(1)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 8000 })
    cloud.instead.clear()
    await signIn(app)
    expect(posts()).toBe(2)
  })

  it.each<[string, number, string, object]>([
    ['404', 404, '', { name: 'ClientConfigurationError', code: 'metadata_invalid' }],
    ['503', 503, '', { name: 'NetworkError', code: 'server_unavailable', status: 503 }],
    ['HTML', 200, '<!doctype html><br>CANARY', { name: 'NetworkError', code: 'bad_response' }],
    ['XML of another kind', 200, '<a/>', { name: 'ClientConfigurationError', code: 'endpoint_missing' }],
    ['a redirect', 302, '', { name: 'NetworkError', code: 'bad_response' }],
  ])('its server describes itself with %s', async (_, status, body, expected) => {
    cloud.instead.set('/mex', answerWith(status, body, { location: `${cloud.company}/elsewhere` }))
    expect(await failure(createApp(), { correlationId: 'c-1' })).toMatchObject({ ...expected, correlationId: 'c-1' })
    expect(cloud.seen().at(-1)).toBe('company GET mex')
    cloud.instead.clear()
    await signIn(createApp())
  })

  it.each<[string, object, string]>([
    ['no address', { federation_metadata_url: undefined }, 'endpoint_missing'],
    [
      'an address of no known version',
      { federation_metadata_url: '', federation_active_auth_url: 'https://fs.example/trust/x' },
      'endpoint_missing',
    ],
    ['http', { federation_metadata_url: 'http://fs.example/mex' }, 'metadata_invalid'],
    [
      'http to post to',
      { federation_metadata_url: '', federation_active_auth_url: 'http://fs.example/trust/13/usernamemixed' },
      'metadata_invalid',
    ],
    ['the address of a machine', { federation_metadata_url: 'https://169.254.169.254/mex' }, 'metadata_invalid'],
  ])('S42 the realm names %s', async (_, realm, code) => {
    cloud.federate(realm)
    expect(await failure(createApp(), { correlationId: 'c-1' })).toMatchObject({
      name: 'ClientConfigurationError',
      code,
      correlationId: 'c-1',
    })
    expect(cloud.seen()).toEqual(['cloud GET openid-configuration', 'cloud GET ?api-version=1.0'])
  })

  it('S37 each exchange has its own deadline, and the caller may give up', async () => {
    cloud.instead.set('/usernamemixed', () => {})
    expect(await failure(createApp(), { timeout: 200 })).toMatchObject({ code: 'timed_out' })
    const controller = new AbortController()
    const reason = new Error('enough')
    const gone = failure(createApp(), { signal: controller.signal })
    await vi.waitFor(() => expect(cloud.seen().filter((line) => line === 'company POST usernamemixed')).toHaveLength(2))
    controller.abort(reason)
    expect(await gone).toMatchObject({ code: 'aborted', cause: reason })
  })
})

describe('what is refused before anything is sent', () => {
  it.each<[string, Partial<UsernamePasswordOptions>, string]>([
    ['no scope', { scopes: [] }, 'scopes_empty'],
    ['a reserved scope', { scopes: ['openid'] }, 'scopes_reserved'],
    ['no name', { username: '' }, 'invalid_argument'],
    ['no password', { password: undefined as unknown as string }, 'invalid_argument'],
    ['claims that are no JSON', { claimsChallenge: '{' }, 'invalid_argument'],
    ['an extra parameter for the name', { extraBodyParameters: { username: 'x' } }, 'invalid_argument'],
  ])('%s', async (_, options, code) => {
    expect(await failure(createApp(), options)).toMatchObject({ name: 'ClientConfigurationError', code })
    expect(cloud.hits).toEqual([])
  })
})
