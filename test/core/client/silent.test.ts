import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Partition } from '../../../src/core/cache/partition.ts'
import { partitionsOf } from '../../../src/core/cache/token-cache.ts'
import { parseClaimsChallenge, SerializableTokenCache } from '../../../src/core/index.ts'
import { alice, bob, FakeProvider, homeAccountIdOf, lost, raw, refuse, tenantIdOf, tokens } from '../../support/fake-provider.ts'
import { scan } from '../../support/scan.ts'
import { clientId, codeOf, errorOf, publicClient, scopes, secrets, settled, signedIn, unknownAccount, withoutWork } from './support.ts'

const start = Date.UTC(2030, 0, 1)
const at = (seconds: number) => vi.setSystemTime(start + seconds * 1000)

beforeEach(() => void vi.useFakeTimers({ now: start, toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

describe('a hit', () => {
  it.each([
    'https://login.microsoftonline.com/contoso.example',
    `https://login.microsoftonline.com/${alice.utid}`,
    'https://login.microsoftonline.com/common',
    'https://login.microsoftonline.com/organizations',
    'https://login.windows.net/contoso.example',
    'https://login.microsoftonline.us/contoso.example',
    'https://contoso.ciamlogin.com',
    'https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_in',
    'https://adfs.contoso.example/adfs',
  ])('costs no request and no JSON, warm or cold: %s', async (authority) => {
    const { provider, app, tokenCache, account, result } = await signedIn({ authority, instanceDiscovery: false })
    const warm = await withoutWork(provider, () => app.acquireTokenSilent({ scopes, account }))
    expect(warm).toMatchObject({ accessToken: result.accessToken, tokenSource: 'cache', account })
    const cold = new SerializableTokenCache()
    cold.deserialize(tokenCache.serialize())
    const other = publicClient(provider, { authority, tokenCache: cold, instanceDiscovery: false })
    const hit = await withoutWork(provider, () => other.acquireTokenSilent({ scopes, account }))
    expect(hit).toMatchObject({ accessToken: result.accessToken, tokenSource: 'cache', account, idToken: result.idToken })
    expect(hit!.idTokenClaims).toMatchObject({ preferred_username: alice.username })
  })

  it('and a cold oidcAuthority too', async () => {
    const oidcAuthority = 'https://idp.example/realms/one'
    const { provider, tokenCache, account } = await signedIn({ authority: undefined as never, oidcAuthority })
    const cold = new SerializableTokenCache()
    cold.deserialize(tokenCache.serialize())
    const app = publicClient(provider, { authority: undefined as never, oidcAuthority, tokenCache: cold })
    expect(await withoutWork(provider, () => app.acquireTokenSilent({ scopes, account }))).toMatchObject({ tokenSource: 'cache' })
  })

  it('is found under every name that a tenant was asked by', async () => {
    const { provider, app, account } = await signedIn()
    provider.onRequest = ({ url }) =>
      url.pathname.startsWith('/contoso.onmicrosoft.com/')
        ? Response.json(provider.discovery(new URL(url.href.replace('contoso.onmicrosoft.com', 'contoso.example'))))
        : undefined
    const names = ['contoso.example', 'contoso.onmicrosoft.com', alice.utid, 'Contoso.Example', 'common']
    for (let round = 0; round < 3; round++)
      for (const name of names) await app.acquireTokenSilent({ scopes, account, authority: `https://login.microsoftonline.com/${name}` })
    expect(provider.count()).toBe(2)
  })

  it('serves a subset of the granted scopes, in any order and case', async () => {
    const { provider, app, account } = await signedIn({ scopes: ['User.Read', 'Mail.Read', 'Files.Read'] })
    for (const asked of [['mail.read'], ['FILES.READ', 'user.read'], ['Files.Read', 'Mail.Read', 'User.Read']])
      await withoutWork(provider, () => app.acquireTokenSilent({ scopes: asked, account }))
    await app.acquireTokenSilent({ scopes: ['Mail.Send'], account })
    expect(provider.count()).toBe(1)
  })

  it('of another tenant is not served', async () => {
    const { provider, app, account, result } = await signedIn()
    const authority = 'https://login.microsoftonline.com/fabrikam.example'
    const guest = await app.acquireTokenSilent({ scopes, account, authority })
    expect(guest!.accessToken).not.toBe(result.accessToken)
    expect(guest!.idTokenClaims!.tid).toBe(tenantIdOf('fabrikam.example'))
    expect((await withoutWork(provider, () => app.acquireTokenSilent({ scopes, account, authority })))!.accessToken).toBe(
      guest!.accessToken,
    )
    const home = await withoutWork(provider, () => app.acquireTokenSilent({ scopes, account }))
    expect(home!.accessToken).toBe(result.accessToken)
  })

  it('S73 hands every caller its own objects and its own correlation id', async () => {
    const { app, account } = await signedIn()
    const ask = (correlationId: string) => app.acquireTokenSilent({ scopes, account, correlationId })
    const [one, two] = [await ask('one'), await ask('two')]
    one!.scopes.push('Evil')
    one!.account.username = 'mallory'
    expect(two).toMatchObject({ correlationId: 'two', account: { username: alice.username } })
    expect(two!.scopes).toEqual(['User.Read', 'openid', 'profile'])
    expect(await ask('three')).toEqual({ ...two, correlationId: 'three' })
  })

  it('S73 the account that was given is not the one in the result, where the cache has no row of that tenant', async () => {
    const { app, account } = await signedIn()
    const result = await app.acquireTokenSilent({ scopes, account, authority: 'https://login.microsoftonline.com/fabrikam.example' })
    expect(result!.account).toEqual(account)
    expect(result!.account).not.toBe(account)
  })

  it('S47 of all the accounts in memory only the one that is asked for is looked at', async () => {
    const { app, account, tokenCache } = await signedIn()
    const untouched = new Proxy(new Partition(), {
      get(_, name) {
        throw new Error(`Somebody else’s ${String(name)} was read.`)
      },
    })
    for (let other = 0; other < 10_000; other++) partitionsOf(tokenCache).users.set(`${other}`, untouched)
    expect(await app.acquireTokenSilent({ scopes, account })).toMatchObject({ tokenSource: 'cache' })
    expect(await app.acquireTokenSilent({ scopes, account, forceRefresh: true })).toMatchObject({ tokenSource: 'identity_provider' })
    expect(await app.getAccount(account)).toEqual(account)
    await app.removeAccount(account)
    expect(await app.acquireTokenSilent({ scopes, account })).toBeNull()
  })

  it('S12 granted narrower: the result tells, and a wider request is not served from the cache', async () => {
    const { provider, app, account } = await signedIn()
    provider.changes = { scope: 'Mail.Read' }
    const wide = { scopes: ['Mail.Read', 'Mail.Send'], account }
    expect((await app.acquireTokenSilent(wide))!.scopes).toEqual(['Mail.Read'])
    await app.acquireTokenSilent(wide)
    expect(provider.count()).toBe(2)
    await withoutWork(provider, () => app.acquireTokenSilent({ scopes: ['Mail.Read'], account }))
  })
})

describe('the end of a token', () => {
  it.each([
    [3300, 'cache'],
    [3300.001, 'identity_provider'],
    [3301, 'identity_provider'],
    [3600, 'identity_provider'],
  ])('S67 after %d s of 3 600 the token comes from: %s', async (seconds, tokenSource) => {
    const { app, account } = await signedIn()
    at(seconds)
    expect(await app.acquireTokenSilent({ scopes, account })).toMatchObject({ tokenSource })
  })

  it('S11 without expires_in it lives 600 s', async () => {
    const provider = new FakeProvider()
    provider.changes = { expires_in: undefined }
    const { app, account, result } = await signedIn({ provider })
    expect(result.expiresOn.getTime()).toBe(start + 600_000)
    at(300)
    await withoutWork(provider, () => app.acquireTokenSilent({ scopes, account }))
    at(301)
    await app.acquireTokenSilent({ scopes, account })
    expect(provider.count()).toBe(1)
  })

  it.each([3600, -3600, 86_400 * 30])('S67 the clock jumps by %d s: at most one refresh', async (jump) => {
    const { provider, app, account } = await signedIn()
    at(jump)
    for (let call = 0; call < 5; call++) expect(await app.acquireTokenSilent({ scopes, account })).not.toBeNull()
    expect(provider.count()).toBe(1)
  })
})

describe('refreshOn', () => {
  const aging = async () => {
    const provider = new FakeProvider()
    provider.changes = { refresh_in: 1000 }
    return signedIn({ provider })
  }

  it('before it nothing is asked; from then on the token is returned at once and renewed behind, once', async () => {
    const { provider, app, account, result } = await aging()
    expect(result.refreshOn!.getTime()).toBe(start + 1_000_000)
    at(999)
    await withoutWork(provider, () => app.acquireTokenSilent({ scopes, account }))
    at(1000)
    const gate = provider.hold()
    const answers = await Promise.all(Array.from({ length: 100 }, () => app.acquireTokenSilent({ scopes, account })))
    for (const answer of answers) expect(answer).toMatchObject({ accessToken: result.accessToken, tokenSource: 'cache' })
    await gate.arrived()
    await app.acquireTokenSilent({ scopes, account })
    gate.open()
    await app.close()
    expect(provider.count()).toBe(1)
    const renewed = await withoutWork(provider, () => app.acquireTokenSilent({ scopes, account }))
    expect(renewed!.accessToken).not.toBe(result.accessToken)
    expect(renewed!.tokenSource).toBe('cache')
  })

  it.each([
    ['refusal', refuse('invalid_grant', { suberror: 'bad_token' })],
    ['503', raw(503)],
    ['lost connection', lost()],
    ['HTML', raw(200, '<html>')],
  ])('S40 S68 S70 a %s behind reaches nobody, and is tried again after 30 s at the earliest', async (_, reply) => {
    const { provider, app, account, tokenCache, result } = await aging()
    const served = { accessToken: result.accessToken, tokenSource: 'cache' }
    const log = vi.fn()
    const other = publicClient(provider, { tokenCache, logger: log })
    provider.onToken = () => reply
    at(1000)
    for (let call = 0; call < 10; call++) expect(await other.acquireTokenSilent({ scopes, account })).toMatchObject(served)
    await other.close()
    at(1029)
    for (const one of [app, other]) expect(await one.acquireTokenSilent({ scopes, account })).toMatchObject(served)
    await other.close()
    await app.close()
    expect(provider.count()).toBe(1)
    expect(log).toHaveBeenCalledWith(expect.objectContaining({ level: 'warn' }))
    for (const [record] of log.mock.calls) scan(record)
  })

  it('a lost renewal is tried again after 30 s', async () => {
    const { provider, app, account } = await aging()
    at(1000)
    provider.replies.push(lost())
    await app.acquireTokenSilent({ scopes, account })
    await app.close()
    at(1030)
    await app.acquireTokenSilent({ scopes, account })
    await app.close()
    expect(provider.count()).toBe(2)
  })

  it("neither the caller's abort nor a logger or waitUntil that throws ends it", async () => {
    const { provider, app, account, tokenCache, result } = await aging()
    at(1000)
    const aborter = new AbortController()
    const gate = provider.hold()
    await app.acquireTokenSilent({ scopes, account, signal: aborter.signal })
    aborter.abort()
    await gate.arrived()
    gate.open()
    await app.close()
    expect(await secrets(tokenCache, 'AccessToken')).not.toContain(result.accessToken)
    at(2000)
    const broken = () => {
      throw new Error('Illegal invocation')
    }
    const careless = publicClient(provider, { tokenCache, waitUntil: broken, logger: broken })
    expect(await careless.acquireTokenSilent({ scopes, account })).toMatchObject({ tokenSource: 'cache' })
    await careless.close()
    await settled()
  })

  it('S07 protocol parameters are not overridden behind either', async () => {
    const { provider, app, account } = await aging()
    at(1000)
    await app.acquireTokenSilent({ scopes, account, extraBodyParameters: { grant_type: 'evil' } })
    await app.close()
    expect(provider.count()).toBe(0)
  })

  it('waitUntil gets the work', async () => {
    const { provider, app, account, tokenCache, result } = await aging()
    at(1000)
    const work: Promise<unknown>[] = []
    await app.acquireTokenSilent({ scopes, account, waitUntil: (promise) => void work.push(promise) })
    expect(work).toHaveLength(1)
    await Promise.all(work)
    expect(provider.count()).toBe(1)
    expect(await secrets(tokenCache, 'AccessToken')).not.toContain(result.accessToken)
  })
})

describe('what passes over cached tokens', () => {
  it('no challenge, as parseClaimsChallenge says it, does not', async () => {
    const { provider, app, account } = await signedIn()
    const claimsChallenge = parseClaimsChallenge('Bearer')
    expect(await app.acquireTokenSilent({ scopes, account, claimsChallenge })).toMatchObject({ tokenSource: 'cache' })
    expect(await app.acquireTokenSilent({ scopes: ['Mail.Read'], account, claimsChallenge })).toMatchObject({
      tokenSource: 'identity_provider',
    })
    expect(provider.lastForm.claims).toBeUndefined()
  })

  it.each([{ forceRefresh: true }, { claimsChallenge: '{"access_token":{"nbf":{"essential":true}}}' }])('%o', async (options) => {
    const { provider, app, account } = await signedIn({ clientCapabilities: ['CP1'] })
    expect(await app.acquireTokenSilent({ scopes, account, ...options })).toMatchObject({ tokenSource: 'identity_provider' })
    const claims = JSON.parse(provider.lastForm.claims!)
    expect(claims.access_token.xms_cc).toEqual({ values: ['CP1'] })
    expect(claims.access_token.nbf).toEqual(options.claimsChallenge ? { essential: true } : undefined)
  })

  it.each([{ forceRefresh: true }, { claimsChallenge: '{}' }])('%o: a failure is not hidden by a cached token', async (options) => {
    const { provider, app, account } = await signedIn()
    provider.replies.push(raw(503))
    expect(await codeOf(app.acquireTokenSilent({ scopes, account, ...options }))).toBe('server_unavailable')
  })
})

describe('nothing to be had', () => {
  it.each([null, undefined])('account %s: null, without looking at anything else', async (account) => {
    const provider = new FakeProvider()
    const app = publicClient(provider)
    for (const method of ['acquireTokenSilent', 'acquireTokenSilentWithError'] as const)
      expect(await withoutWork(provider, () => app[method]({ scopes: [], account }))).toBeNull()
  })

  it('an account that is not cached, or holds no refresh token: null, without a request', async () => {
    const { provider, app, account, tokenCache } = await signedIn()
    expect(await app.acquireTokenSilentWithError({ scopes, account: unknownAccount })).toBeNull()
    expect(await app.acquireTokenSilentWithError({ scopes, account: {} as never })).toBeNull()
    const content = JSON.parse(tokenCache.serialize())
    tokenCache.deserialize(JSON.stringify({ ...content, RefreshToken: {} }))
    expect(await app.acquireTokenSilentWithError({ scopes: ['Mail.Read'], account })).toBeNull()
    expect(provider.requests).toEqual([])
  })

  it('a user name in place of an account: says what is wanted, for null would mean that nobody has signed in', async () => {
    const { app, provider } = await signedIn()
    const call = app.acquireTokenSilent({ scopes, account: alice.username as never })
    await expect(call).rejects.toThrow('account must be one that getAccounts() gave.')
    expect(provider.requests).toEqual([])
  })

  it('wire-protocol S7: an account without a home account id finds no app token', async () => {
    const cache = new SerializableTokenCache()
    const tokenEndpoint = `https://login.microsoftonline.com/${alice.utid}/oauth2/v2.0/token`
    await cache.add({ clientId, scopes, tokenEndpoint, grantType: 'client_credentials', response: { access_token: 'APP' } })
    const app = publicClient(new FakeProvider(), { tokenCache: cache, authority: `https://login.microsoftonline.com/${alice.utid}` })
    for (const homeAccountId of ['', null, undefined])
      expect(await app.acquireTokenSilent({ scopes, account: { ...unknownAccount, homeAccountId } as never })).toBeNull()
  })
})

describe('a refresh that fails', () => {
  it.each([
    ['invalid_grant', {}, 400, 'interaction_required'],
    ['interaction_required', { suberror: 'basic_action', claims: '{"a":1}' }, 400, 'interaction_required'],
    ['invalid_client', {}, 401, 'server_error'],
    ['invalid_scope', {}, 400, 'server_error'],
  ])('%s: null, and thrown by …WithError', async (error, fields, status, code) => {
    const { provider, app, account } = await signedIn()
    provider.onToken = () => refuse(error, fields, status)
    const options = { scopes: ['Mail.Read'], account }
    expect(await app.acquireTokenSilent(options)).toBeNull()
    expect(await errorOf(app.acquireTokenSilentWithError({ ...options, correlationId: 'c' }))).toMatchObject({ code, error, ...fields })
  })

  it.each([
    ['429', refuse('temporarily_unavailable', {}, 429, { 'retry-after': '7' }), 'throttled'],
    ['503 with an OAuth error', refuse('temporarily_unavailable', {}, 503), 'server_error'],
    ['503', raw(503), 'server_unavailable'],
    ['a lost connection', lost(), 'unreachable'],
    ['HTML', raw(200, '<html>'), 'bad_response'],
  ])('S40 C15 %s: thrown, unless a token with some life is there', async (_, reply, code) => {
    const { provider, app, account, result } = await signedIn()
    provider.onToken = () => reply
    expect(await codeOf(app.acquireTokenSilent({ scopes: ['Mail.Read'], account }))).toBe(code)
    at(3599)
    expect(await app.acquireTokenSilent({ scopes, account })).toMatchObject({ accessToken: result.accessToken, tokenSource: 'cache' })
    at(3600)
    provider.onToken = () => reply
    expect(['throttled', code]).toContain(await codeOf(app.acquireTokenSilent({ scopes, account })))
  })

  it('is repeated locally: 400 as it was, 429 and 5xx as throttled', async () => {
    const { provider, app, account } = await signedIn()
    const ask = () => errorOf(app.acquireTokenSilentWithError({ scopes: ['Mail.Read'], account }))
    provider.replies.push(refuse('invalid_grant', { suberror: 'consent_required' }))
    expect(await ask()).toMatchObject({ code: 'interaction_required', suberror: 'consent_required' })
    expect(await ask()).toMatchObject({ code: 'interaction_required', suberror: 'consent_required', status: 400 })
    at(61)
    provider.replies.push(raw(503, '', { 'retry-after': '30' }))
    expect(await ask()).toMatchObject({ code: 'server_unavailable', retryAfter: 30_000 })
    expect(await ask()).toMatchObject({ code: 'throttled', retryAfter: 30_000 })
    expect(provider.count()).toBe(2)
    at(92)
    expect(await app.acquireTokenSilent({ scopes: ['Mail.Read'], account })).not.toBeNull()
  })

  it('S40 a thousand calls against 503: one request', async () => {
    const { provider, app, account } = await signedIn()
    provider.onToken = () => raw(503)
    for (let call = 0; call < 1000; call++) expect(await codeOf(app.acquireTokenSilent({ scopes: ['Mail.Read'], account }))).not.toBe('')
    expect(provider.count()).toBe(1)
  })
})

describe('S37 abort', () => {
  it('before: aborted with the reason, and no request', async () => {
    const { provider, app, account } = await signedIn()
    const reason = new Error('enough')
    const options = { scopes: ['Mail.Read'], account, signal: AbortSignal.abort(reason) }
    expect(await errorOf(app.acquireTokenSilent(options))).toMatchObject({ code: 'aborted', cause: reason })
    await settled()
    expect(provider.requests).toEqual([])
  })

  it('meanwhile: aborted with the reason', async () => {
    const { provider, app, account } = await signedIn()
    const aborter = new AbortController()
    const gate = provider.hold()
    const call = errorOf(app.acquireTokenSilent({ scopes: ['Mail.Read'], account, signal: aborter.signal }))
    await gate.arrived()
    aborter.abort('enough')
    expect(await call).toMatchObject({ code: 'aborted', cause: 'enough' })
    gate.open()
  })
})

describe('S19 a renewed token is the same person’s', () => {
  it.each([
    [
      'another home account',
      () => tokens({ client_info: Buffer.from(JSON.stringify({ uid: bob.uid, utid: bob.utid })).toString('base64url') }),
    ],
    ['another subject', (claims: object) => tokens({ id_token: forged({ ...claims, sub: 'another' }) })],
  ])('%s: account_mismatch, and nothing changes', async (_, reply) => {
    const { provider, app, account, tokenCache, result } = await signedIn()
    provider.replies.push(reply(result.idTokenClaims!))
    const before = tokenCache.serialize()
    expect(await codeOf(app.acquireTokenSilent({ scopes: ['Mail.Read'], account }))).toBe('account_mismatch')
    expect(tokenCache.serialize()).toBe(before)
  })

  it.each([
    ['another issuer', { iss: 'https://evil.example' }, 'issuer_mismatch'],
    ['another audience', { aud: 'another' }, 'audience_mismatch'],
  ])('%s: %o', async (_, change, code) => {
    const { provider, app, account, tokenCache, result } = await signedIn()
    provider.replies.push(tokens({ id_token: forged({ ...result.idTokenClaims!, ...change }) }))
    const before = tokenCache.serialize()
    expect(await codeOf(app.acquireTokenSilent({ scopes: ['Mail.Read'], account }))).toBe(code)
    expect(tokenCache.serialize()).toBe(before)
  })

  it('S16 under common, where the token itself names its tenant, another tenant’s is another person’s', async () => {
    const { provider, app, account, tokenCache, result } = await signedIn({ authority: 'https://login.microsoftonline.com/common' })
    const tid = tenantIdOf('fabrikam.example')
    const claims = { ...result.idTokenClaims!, tid, iss: `https://login.microsoftonline.com/${tid}/v2.0` }
    provider.replies.push(tokens({ id_token: forged(claims), client_info: undefined }))
    const before = tokenCache.serialize()
    expect(await codeOf(app.acquireTokenSilent({ scopes: ['Mail.Read'], account }))).toBe('account_mismatch')
    expect(tokenCache.serialize()).toBe(before)
  })

  it('S16 in another tenant, an answer without client_info is nobody’s that is known', async () => {
    const { provider, account, tokenCache } = await signedIn()
    const there = publicClient(provider, { tokenCache, authority: 'https://login.microsoftonline.com/fabrikam.example' })
    provider.replies.push(tokens({ client_info: undefined }))
    const before = tokenCache.serialize()
    expect(await codeOf(there.acquireTokenSilent({ scopes, account }))).toBe('account_mismatch')
    expect(tokenCache.serialize()).toBe(before)
  })

  it.each(['common', 'organizations'])('S16 under %s, so it is where client_info names the same account', async (segment) => {
    const { provider, app, account, tokenCache, result } = await signedIn({ authority: `https://login.microsoftonline.com/${segment}` })
    const tid = tenantIdOf('fabrikam.example')
    const answerOf = (tenant: string) =>
      tokens({ id_token: forged({ ...result.idTokenClaims!, tid: tenant, iss: `https://login.microsoftonline.com/${tenant}/v2.0` }) })
    const before = tokenCache.serialize()
    provider.replies.push(answerOf(tid))
    expect(await codeOf(app.acquireTokenSilent({ scopes: ['Mail.Read'], account }))).toBe('account_mismatch')
    expect(tokenCache.serialize()).toBe(before)
    // The home tenant's may come, and that of a tenant in which the account is known.
    provider.replies.push(answerOf(alice.utid))
    expect(await app.acquireTokenSilent({ scopes: ['Calendars.Read'], account })).toMatchObject({ tokenSource: 'identity_provider' })
    const there = publicClient(provider, { tokenCache, authority: `https://login.microsoftonline.com/${tid}` })
    await there.acquireTokenByRefreshToken({ refreshToken: provider.refreshTokenOf(alice), scopes })
    provider.replies.push(answerOf(tid))
    expect(await app.acquireTokenSilent({ scopes: ['Mail.Read'], account })).toMatchObject({ tokenSource: 'identity_provider' })
  })

  it('no id token in the answer: the one that is known stays', async () => {
    const { provider, app, account, result, tokenCache } = await signedIn()
    provider.changes = { id_token: undefined, client_info: undefined }
    expect(await app.acquireTokenSilent({ scopes, account, forceRefresh: true })).toMatchObject({ account, idToken: result.idToken })
    expect(await tokenCache.find('AccessToken')).toMatchObject([{ home_account_id: homeAccountIdOf(alice), realm: alice.utid }])
  })

  it('S25 without a refresh token in the answer the old one stays; with one it takes its place', async () => {
    const { provider, app, account, tokenCache } = await signedIn()
    const [first] = await secrets(tokenCache, 'RefreshToken')
    provider.replies.push(tokens({ refresh_token: undefined }), tokens({ refresh_token: 'NEXT' }))
    await app.acquireTokenSilent({ scopes, account, forceRefresh: true })
    expect(await secrets(tokenCache, 'RefreshToken')).toEqual([first])
    await app.acquireTokenSilent({ scopes, account, forceRefresh: true })
    expect(await secrets(tokenCache, 'RefreshToken')).toEqual(['NEXT'])
  })
})

function forged(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'RS256' })}.${part(claims)}.c2ln`
}
