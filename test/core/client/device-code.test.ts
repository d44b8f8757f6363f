import { getEventListeners } from 'node:events'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { type DeviceCodeFlow, type PublicClientOptions, ServerError } from '../../../src/core/index.ts'
import {
  alice,
  FakeProvider,
  homeAccountIdOf,
  lost,
  type ProviderRequest,
  type Reply,
  raw,
  refuse,
  tokens,
} from '../../support/fake-provider.ts'
import { authority, clientId, codeOf, errorOf, publicClient, scopes, settled, signedIn } from './support.ts'

const start = Date.UTC(2030, 0, 1)
// What is loaded when it is first needed takes real time.
beforeAll(() => Promise.all([signedIn(), import('../../../src/core/client/device-code.ts'), import('../../../src/core/client/refusal.ts')]))
beforeEach(() => void vi.useFakeTimers({ now: start, toFake: ['Date', 'performance', 'setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

const standard = {
  user_code: 'ABCD-EFGH',
  device_code: 'a-device-code',
  verification_uri: 'https://microsoft.com/devicelogin',
  expires_in: 900,
  interval: 5,
  message: 'Open the page and enter ABCD-EFGH.',
}
const type = 'urn:ietf:params:oauth:grant-type:device_code'
const pending = refuse('authorization_pending')
const slowDown = refuse('slow_down')
const isInitiation = ({ url }: ProviderRequest) => url.pathname.endsWith('/devicecode')

/** A provider that has device codes; `answer` changes what it says of one. */
function providerOf(answer: object | Reply = {}) {
  const provider = new FakeProvider()
  const polls: number[] = []
  provider.onRequest = (request) => {
    if (request.form.grant_type) polls.push((Date.now() - start) / 1000)
    if (!isInitiation(request)) return undefined
    return typeof answer === 'function' ? (answer as Reply)(request, () => ({})) : Response.json({ ...standard, ...answer })
  }
  return { provider, polls }
}

async function begun(answer: object = {}, options: Partial<PublicClientOptions> = {}) {
  const { provider, polls } = providerOf(answer)
  const app = publicClient(provider, options)
  return { provider, polls, app, flow: await app.initiateDeviceFlow({ scopes }) }
}

/** Lets so many seconds go by; whatever becomes due meanwhile runs at its time. */
async function pass(seconds: number): Promise<void> {
  await settled()
  for (let left = seconds * 1000; left > 0; left -= 500) {
    await vi.advanceTimersByTimeAsync(Math.min(left, 500))
    await settled()
  }
}

/** What a promise has come to so far. */
function watch<T>(promise: Promise<T>) {
  const state: { value?: T; error?: Awaited<ReturnType<typeof errorOf>>; after?: number } = {}
  const begin = Date.now()
  const end = () => {
    state.after = Date.now() - begin
  }
  promise.then(
    (value) => {
      state.value = value
      end()
    },
    (error) => {
      state.error = error
      end()
    },
  )
  return state
}

describe('to begin', () => {
  it('sends who asks and for what, and nothing else', async () => {
    const { provider } = providerOf()
    const app = publicClient(provider, { appName: 'tests', clientCapabilities: ['CP1'] })
    const flow = await app.initiateDeviceFlow({
      scopes: ['B', 'A'],
      correlationId: 'c-1',
      extraBodyParameters: { more: '1' },
      extraQueryParameters: { mkt: 'de-DE' },
    })
    const request = provider.requests.find(isInitiation)!
    expect(request.form).toEqual({ client_id: clientId, scope: 'A B offline_access openid profile', more: '1' })
    expect(request).toMatchObject({
      method: 'POST',
      url: { search: '?mkt=de-DE' },
      headers: {
        'client-request-id': 'c-1',
        'x-client-sku': 'msal-isomorphic',
        'x-app-name': 'tests',
      },
    })
    expect(request.headers).not.toHaveProperty('authorization')
    expect(flow).toMatchObject({
      userCode: 'ABCD-EFGH',
      verificationUri: 'https://microsoft.com/devicelogin',
      message: standard.message,
      expiresAt: start + 900_000,
      interval: 5000,
    })
    expect(JSON.parse(JSON.stringify(flow))).toEqual(flow)
    expect(provider.count()).toBe(0)
  })

  it('needs no scopes, and heeds excludeScopes', async () => {
    const { provider } = providerOf()
    await publicClient(provider, { excludeScopes: ['offline_access'] }).initiateDeviceFlow()
    expect(provider.requests.find(isInitiation)!.form.scope).toBe('openid profile')
    expect(await codeOf(publicClient(provider).initiateDeviceFlow({ scopes: ['openid'] }))).toBe('scopes_reserved')
    expect(await codeOf(publicClient(provider).initiateDeviceFlow({ extraBodyParameters: { client_id: 'x' } }))).toBe('invalid_argument')
    expect(provider.requests.filter(isInitiation)).toHaveLength(1)
  })

  it('endpoint_missing: a provider without device codes', async () => {
    const provider = new FakeProvider()
    provider.onRequest = ({ url }) =>
      url.pathname.endsWith('openid-configuration')
        ? Response.json({ ...provider.discovery(url), device_authorization_endpoint: undefined })
        : undefined
    expect(await codeOf(publicClient(provider).initiateDeviceFlow({ scopes }))).toBe('endpoint_missing')
  })

  it.each<[string, Reply, object]>([
    ['an OAuth error', refuse('invalid_client', {}, 401), { code: 'server_error', error: 'invalid_client', action: 'reconfigure' }],
    ['an error with status 200', refuse('unauthorized_client', {}, 200), { code: 'server_error', error: 'unauthorized_client' }],
    ['429', raw(429, '', { 'retry-after': '7' }), { code: 'throttled', retryAfter: 7000 }],
    ['503', raw(503), { code: 'server_unavailable' }],
    ['HTML', raw(200, '<html>'), { code: 'bad_response' }],
    ['an array', raw(200, '[]'), { code: 'bad_response' }],
    ['a lost connection', lost(), { code: 'unreachable' }],
  ])('%s is thrown', async (_, reply, error) => {
    const app = publicClient(providerOf(reply).provider)
    expect(await errorOf(app.initiateDeviceFlow({ scopes, correlationId: 'c-1' }))).toMatchObject({ ...error, correlationId: 'c-1' })
  })

  it.each<[string, object]>([
    ['no user code', { user_code: undefined }],
    ['an empty user code', { user_code: '' }],
    ['a user code of nothing that prints', { user_code: '\u0007\u202e ' }],
    ['a user code of 10 KB', { user_code: 'A'.repeat(10_240) }],
    ['a user code that is a number', { user_code: 12345678 }],
    ['no device code', { device_code: undefined }],
    ['a device code that is no text', { device_code: ['x'] }],
    ['no address', { verification_uri: undefined }],
    ['an address without a scheme', { verification_uri: 'microsoft.com/devicelogin' }],
    ['an http address', { verification_uri: 'http://microsoft.com/devicelogin' }],
    ['an http address of this device', { verification_uri: 'http://localhost/devicelogin' }],
    ['a script', { verification_uri: 'javascript:alert(1)' }],
    ['data', { verification_uri: 'data:text/html,x' }],
    ['an address that begins like another', { verification_uri: 'https://microsoft.com@evil.example/' }],
    ['an address of 10 KB', { verification_uri: `https://microsoft.com/${'x'.repeat(10_240)}` }],
    ['a script as the complete address', { verification_uri_complete: 'javascript:alert(1)' }],
    ['null as the complete address', { verification_uri_complete: null }],
  ])('S65 bad_response: %s', async (_, answer) => {
    const error = await errorOf(publicClient(providerOf(answer).provider).initiateDeviceFlow({ scopes, correlationId: 'c-1' }))
    expect(error).toMatchObject({ code: 'bad_response', correlationId: 'c-1' })
    for (const value of Object.values(answer)) if (typeof value === 'string' && value) expect(error.message).not.toContain(value)
  })

  it('http: where the provider is on this device too', async () => {
    const { provider } = providerOf({ verification_uri: 'http://localhost:8080/device' })
    const app = publicClient(provider, { authority: undefined as never, oidcAuthority: 'http://localhost:8080' })
    expect((await app.initiateDeviceFlow({ scopes })).verificationUri).toBe('http://localhost:8080/device')
  })

  it('S65 what a person is shown holds no control characters and no marks that reorder text', async () => {
    const hostile = '\u001b]8;;https://evil.example\u0007A\u009bB\u202eC\u2066D\u200fE\u061cF\u2028G\r\nH\u0000'
    const { flow } = await begun({
      user_code: hostile,
      message: hostile,
      verification_uri: 'https://microsoft.com/\u001b\u202edevice\nlogin',
      verification_uri_complete: 'https://microsoft.com/?code=\u009b',
    })
    const { userCode, message, verificationUri, verificationUriComplete } = flow
    for (const text of [userCode, message, verificationUri, verificationUriComplete])
      expect(text).not.toMatch(/[\p{Cc}\p{Bidi_Control}\p{Zl}]/u)
    expect(userCode).toBe(']8;;https://evil.example A B C D E F G H')
    expect(verificationUri).toBe('https://microsoft.com/%1B%E2%80%AEdevicelogin')
    expect(verificationUriComplete).toBe('https://microsoft.com/?code=%C2%9B')
  })

  it('S65 a long message is cut, between characters', async () => {
    const { flow } = await begun({ message: `${'x'.repeat(1023)}😀 and more` })
    expect(flow.message).toBe(`${'x'.repeat(1023)} `)
  })

  it.each([undefined, null, '', 7])('a message is made where the provider sends %o', async (message) => {
    const { flow } = await begun({ message })
    expect(flow.message).toContain('https://microsoft.com/devicelogin')
    expect(flow.message).toContain('ABCD-EFGH')
  })

  it.each<[unknown, number]>([
    [undefined, 5000],
    [null, 5000],
    [0, 5000],
    [-1, 5000],
    [0.001, 5000],
    ['', 5000],
    ['abc', 5000],
    ['NaN', 5000],
    ['1e999', 5000],
    [true, 5000],
    [[1], 5000],
    [{}, 5000],
    [1e9, 60_000],
    ['10', 10_000],
    [7, 7000],
  ])('S64 an interval of %o is %i ms', async (interval, expected) => {
    expect((await begun({ interval })).flow.interval).toBe(expected)
  })

  it.each<[unknown, number]>([
    [undefined, 1800],
    ['abc', 1800],
    [-1, 1800],
    [null, 1800],
    ['600', 600],
    [1e300, 86_400],
  ])('a life of %o is %i s', async (expires_in, expected) => {
    expect((await begun({ expires_in })).flow.expiresAt).toBe(start + expected * 1000)
  })

  it('S71 an error says nothing of the code', async () => {
    const { provider, app, flow } = await begun()
    provider.replies.push(refuse('invalid_grant', { error_description: `No ${standard.device_code}\u001b[2J`, error_uri: 'x'.repeat(999) }))
    const state = watch(app.acquireTokenByDeviceFlow({ flow }))
    await pass(5)
    const text = JSON.stringify([state.error, String(state.error)])
    expect(state.error).toMatchObject({ code: 'server_error', error: 'invalid_grant', errorDescription: 'No *** [2J' })
    expect(state.error!.errorUri).toHaveLength(512)
    expect(text).not.toContain(standard.device_code)
  })
})

describe('S64 C19 to wait', () => {
  it('asks at its interval, and slows down for good', async () => {
    const { provider, polls, app, flow } = await begun()
    provider.replies.push(pending, slowDown, pending, slowDown)
    const state = watch(app.acquireTokenByDeviceFlow({ flow }))
    await pass(44.5)
    expect(state).toEqual({})
    await pass(0.5)
    expect(polls.map((time, index) => time - (polls[index - 1] ?? 0))).toEqual([5, 5, 10, 10, 15])
    expect(flow.interval).toBe(15_000)
    expect(state.value).toMatchObject({
      tokenSource: 'identity_provider',
      scopes: expect.arrayContaining(scopes),
      account: { username: alice.username, homeAccountId: homeAccountIdOf(alice), accountSource: type },
    })
    expect(await app.acquireTokenSilent({ scopes, account: state.value!.account })).toMatchObject({ tokenSource: 'cache' })
    expect(vi.getTimerCount()).toBe(0)
  })

  it.each([-3600, 600])('S67 asks at its interval though the clock is set by %d s', async (seconds) => {
    const { provider, app, flow } = await begun()
    const polls: number[] = []
    provider.onToken = () => {
      polls.push(performance.now() / 1000)
      return polls.length < 4 ? pending : undefined
    }
    const begin = performance.now() / 1000
    const state = watch(app.acquireTokenByDeviceFlow({ flow }))
    await pass(7)
    expect(polls).toHaveLength(1)
    vi.setSystemTime(Date.now() + seconds * 1000)
    await pass(14)
    expect(polls.map((time) => time - begin)).toEqual([5, 10, 15, 20])
    expect(state.value).toHaveProperty('accessToken')
  })

  it('sends the code under both its names', async () => {
    const { provider, app, flow } = await begun({}, { clientCapabilities: ['CP1'] })
    const state = watch(
      app.acquireTokenByDeviceFlow({
        flow,
        claimsChallenge: '{"id_token":{"a":null},"access_token":{"b":null}}',
        correlationId: 'c-1',
        extraBodyParameters: { more: '1' },
      }),
    )
    await pass(5)
    expect(state.value).toHaveProperty('accessToken')
    expect(provider.lastForm).toEqual({
      client_id: clientId,
      client_info: '1',
      grant_type: type,
      device_code: standard.device_code,
      code: standard.device_code,
      claims: expect.any(String),
      more: '1',
    })
    expect(JSON.parse(provider.lastForm.claims!)).toEqual({ id_token: { a: null }, access_token: { b: null, xms_cc: { values: ['CP1'] } } })
    expect(provider.tokenRequests()[0]!.headers).toMatchObject({
      'client-request-id': 'c-1',
      'x-client-current-telemetry': '4|622,0|',
    })
  })

  it.each([undefined, null, 0, -5, Number.NaN, Number.POSITIVE_INFINITY, '5', 'abc', {}])(
    'goes on every five seconds with a flow whose interval is %o',
    async (interval) => {
      const { provider, polls, app, flow } = await begun()
      provider.replies.push(pending, slowDown)
      const state = watch(app.acquireTokenByDeviceFlow({ flow: Object.assign(flow, { interval }) as DeviceCodeFlow }))
      await pass(20)
      expect(polls).toEqual([5, 10, 20])
      expect(state.value).toHaveProperty('accessToken')
    },
  )

  it.each<[string, Reply]>([
    ['503', raw(503)],
    ['500 with an OAuth error', refuse('server_error', {}, 500)],
    ['temporarily_unavailable', refuse('temporarily_unavailable')],
    ['429', raw(429)],
    ['a lost connection', lost()],
  ])('waits out %s with a growing pause', async (_, reply) => {
    const { provider, polls, app, flow } = await begun()
    provider.replies.push(reply, reply, reply, reply, reply, pending)
    const state = watch(app.acquireTokenByDeviceFlow({ flow }))
    await pass(201)
    // 5, then twice as long each time, at most a minute, and as before once the provider is back.
    expect(polls).toEqual([5, 15, 35, 75, 135, 195, 200])
    expect(state.value).toHaveProperty('accessToken')
  })

  it('waits as long as Retry-After says, and never less than the interval', async () => {
    const { provider, polls, app, flow } = await begun()
    const later = (seconds: string) => raw(429, '', { 'retry-after': seconds })
    provider.replies.push(later('17'), raw(503, '', { 'retry-after': '8' }), later('0'), later('1'), pending)
    const state = watch(app.acquireTokenByDeviceFlow({ flow }))
    await pass(46)
    expect(polls).toEqual([5, 22, 30, 35, 40, 45])
    expect(state.value).toHaveProperty('accessToken')
  })

  it('waits out a connection that hangs', async () => {
    const { provider, polls, app, flow } = await begun()
    provider.replies.push(() => new Promise(() => {}))
    const state = watch(app.acquireTokenByDeviceFlow({ flow, timeout: 2000 }))
    await pass(17)
    expect(polls).toEqual([5, 17])
    expect(state.value).toHaveProperty('accessToken')
    expect(vi.getTimerCount()).toBe(0)
  })

  it('is not held back by the throttle', async () => {
    const httpCache = new Map<string, string>()
    const { provider, polls, app, flow } = await begun({}, { httpCache })
    const before = [...httpCache.keys()]
    provider.replies.push(raw(429, '', { 'retry-after': '6' }), raw(500), pending)
    const state = watch(app.acquireTokenByDeviceFlow({ flow }))
    await pass(31)
    expect(polls).toEqual([5, 11, 23, 28])
    expect(state.value).toHaveProperty('accessToken')
    expect([...httpCache.keys()]).toEqual(before)
  })

  it.each<[string, Reply, object]>([
    ['access_denied', refuse('access_denied'), { code: 'server_error', error: 'access_denied', action: 'report' }],
    ['authorization_declined', refuse('authorization_declined'), { code: 'server_error', error: 'authorization_declined' }],
    ['bad_verification_code', refuse('bad_verification_code'), { code: 'server_error', error: 'bad_verification_code' }],
    ['invalid_grant', refuse('invalid_grant'), { code: 'server_error', error: 'invalid_grant' }],
    [
      'interaction_required',
      refuse('interaction_required', { claims: '{}' }),
      { code: 'interaction_required', error: 'interaction_required', claims: '{}' },
    ],
    ['expired_token', refuse('expired_token'), { code: 'flow_expired', action: 'interact' }],
    ['code_expired', refuse('code_expired'), { code: 'flow_expired', action: 'interact' }],
    ['HTML', raw(200, '<html>'), { code: 'bad_response', action: 'report' }],
    ['a broken token answer', tokens({ access_token: undefined }), { code: 'bad_response' }],
    ["another client's id token", tokens({ id_token: 'x' }), { code: 'id_token_invalid' }],
  ])('is over at once after %s', async (_, reply, error) => {
    const { provider, polls, app, flow } = await begun()
    provider.replies.push(pending, reply)
    const state = watch(app.acquireTokenByDeviceFlow({ flow, correlationId: 'c-1' }))
    await pass(40)
    expect(state).toMatchObject({ after: 10_000, error: { ...error, correlationId: 'c-1' } })
    expect(state.error instanceof ServerError).toBe('error' in error)
    expect(polls).toEqual([5, 10])
    expect(vi.getTimerCount()).toBe(0)
    expect(await app.getAccounts()).toEqual([])
  })

  it('ends when the code does, without a last request', async () => {
    const { provider, polls, app, flow } = await begun({ expires_in: 13.2 })
    provider.onToken = () => pending
    const state = watch(app.acquireTokenByDeviceFlow({ flow, correlationId: 'c-1' }))
    await pass(60)
    expect(state).toMatchObject({ after: 13_200, error: { code: 'flow_expired', action: 'interact', correlationId: 'c-1' } })
    expect(polls).toEqual([5, 10])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('ends when the code does, though Retry-After is longer', async () => {
    const { provider, polls, app, flow } = await begun({ expires_in: 20 })
    provider.replies.push(raw(429, '', { 'retry-after': '3600' }))
    const state = watch(app.acquireTokenByDeviceFlow({ flow }))
    await pass(60)
    expect(state).toMatchObject({ after: 20_000, error: { code: 'flow_expired' } })
    expect(polls).toEqual([5])
  })

  it.each([0, undefined, null, Number.NaN, 'soon', start])('asks nothing for a flow that expires at %o', async (expiresAt) => {
    const { polls, app, flow } = await begun()
    const state = watch(app.acquireTokenByDeviceFlow({ flow: { ...flow, expiresAt } as DeviceCodeFlow }))
    await pass(0.5)
    expect(state.error?.code).toBe('flow_expired')
    await pass(30)
    expect(polls).toEqual([])
  })

  it.each([2.2, 7.4])('setting expiresAt to 0 after %f s ends the wait within a second', async (seconds) => {
    const { provider, polls, app, flow } = await begun()
    provider.onToken = () => pending
    const state = watch(app.acquireTokenByDeviceFlow({ flow }))
    await pass(seconds)
    expect(state).toEqual({})
    flow.expiresAt = 0
    await pass(1)
    expect(state.error?.code).toBe('flow_expired')
    const before = polls.length
    await pass(30)
    expect(polls).toHaveLength(before)
    expect(vi.getTimerCount()).toBe(0)
  })

  it.each<[string, number]>([
    ['between two requests', 7.4],
    ['before the first', 0],
  ])('an abort ends it at once: %s', async (_, seconds) => {
    const { provider, polls, app, flow } = await begun()
    provider.onToken = () => pending
    const controller = new AbortController()
    const state = watch(app.acquireTokenByDeviceFlow({ flow, signal: controller.signal, correlationId: 'c-1' }))
    await pass(seconds)
    expect(state).toEqual({})
    const reason = new Error('The window was closed.')
    controller.abort(reason)
    await settled()
    expect(state.error).toMatchObject({ code: 'aborted', cause: reason, correlationId: 'c-1' })
    expect(vi.getTimerCount()).toBe(0)
    const before = polls.length
    await pass(30)
    expect(polls).toHaveLength(before)
    expect(vi.getTimerCount()).toBe(0)
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
  })

  it('an abort ends it at once: during a request', async () => {
    const { provider, app, flow } = await begun()
    provider.replies.push(() => new Promise(() => {}))
    const controller = new AbortController()
    const state = watch(app.acquireTokenByDeviceFlow({ flow, signal: controller.signal }))
    await pass(6)
    expect(provider.count()).toBe(1)
    controller.abort()
    await settled()
    expect(state.error?.code).toBe('aborted')
    expect(vi.getTimerCount()).toBe(0)
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
  })

  it('a signal that outlives many polls gathers no listeners', async () => {
    const { provider, app, flow } = await begun()
    provider.replies.push(...Array.from({ length: 12 }, () => pending))
    const { signal } = new AbortController()
    const state = watch(app.acquireTokenByDeviceFlow({ flow, signal }))
    await pass(58)
    expect(getEventListeners(signal, 'abort').length).toBe(1)
    await pass(10)
    expect(state.value).toHaveProperty('accessToken')
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('a signal that is aborted already: nothing is asked', async () => {
    const { provider, app, flow } = await begun()
    expect(await codeOf(app.acquireTokenByDeviceFlow({ flow, signal: AbortSignal.abort() }))).toBe('aborted')
    expect(provider.count()).toBe(0)
  })
})

describe('a flow', () => {
  it('survives JSON and another instance, which goes on as slowly', async () => {
    const { provider, polls, app, flow } = await begun()
    provider.replies.push(slowDown)
    const controller = new AbortController()
    const first = watch(app.acquireTokenByDeviceFlow({ flow, signal: controller.signal }))
    await pass(6)
    controller.abort()
    await settled()
    expect(first.error?.code).toBe('aborted')
    const kept = JSON.parse(JSON.stringify(flow)) as DeviceCodeFlow
    const state = watch(publicClient(provider).acquireTokenByDeviceFlow({ flow: kept }))
    await pass(10)
    expect(polls).toEqual([5, 16])
    expect(state.value).toMatchObject({ scopes: expect.arrayContaining(scopes), account: { username: alice.username } })
  })

  it('may be frozen', async () => {
    const { provider, polls, app, flow } = await begun()
    provider.replies.push(pending, slowDown)
    const state = watch(app.acquireTokenByDeviceFlow({ flow: Object.freeze(flow) }))
    await pass(20)
    expect(polls).toEqual([5, 10, 20])
    expect(state.value).toHaveProperty('accessToken')
  })

  it.each([{ clientId: 'another' }, { authority: 'https://login.microsoftonline.com/fabrikam.example' }])(
    'flow_unknown: %o',
    async (options) => {
      const { provider, flow } = await begun()
      const error = await errorOf(publicClient(provider, options).acquireTokenByDeviceFlow({ flow, correlationId: 'c-1' }))
      expect(error).toMatchObject({ code: 'flow_unknown', correlationId: 'c-1' })
      expect(provider.count()).toBe(0)
    },
  )

  it.each([{}, null, undefined, [], 'text', 7, { deviceCode: 'x' }, { deviceCode: '', scopes: [] }])(
    'invalid_argument: the flow %o',
    async (flow) => {
      const { provider } = providerOf()
      expect(await codeOf(publicClient(provider).acquireTokenByDeviceFlow({ flow: flow as never }))).toBe('invalid_argument')
      expect(provider.requests).toEqual([])
    },
  )

  it.each(['{', '[]', 'null', '"x"'])('invalid_argument: the claims challenge %s', async (claimsChallenge) => {
    const { provider, app, flow } = await begun()
    expect(await codeOf(app.acquireTokenByDeviceFlow({ flow, claimsChallenge }))).toBe('invalid_argument')
    expect(provider.count()).toBe(0)
  })

  it('holds no secret but its own code', async () => {
    const { flow } = await begun()
    expect(Object.keys(flow).sort()).toEqual([
      'authority',
      'clientId',
      'deviceCode',
      'expiresAt',
      'interval',
      'message',
      'scopes',
      'userCode',
      'verificationUri',
    ])
    expect(flow).toMatchObject({ authority, clientId, deviceCode: standard.device_code })
  })
})
