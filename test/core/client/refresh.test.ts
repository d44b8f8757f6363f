import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { SerializableTokenCache } from '../../../src/core/index.ts'
import { alice, bob, FakeProvider, homeAccountIdOf, lost, type Reply, raw, refuse, tokens } from '../../support/fake-provider.ts'
import { clientId, codeOf, errorOf, publicClient, scopes, secrets, settled, signedIn } from './support.ts'

const start = Date.UTC(2030, 0, 1)

beforeEach(() => void vi.useFakeTimers({ now: start, toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

const mail = ['Mail.Read']

describe('S29 what removes a refresh token', () => {
  const microsoft = 'https://login.microsoftonline.com/contoso.example'
  const others = {
    oidc: { authority: undefined as never, oidcAuthority: 'https://idp.example' },
    adfs: { authority: 'https://adfs.contoso.example/adfs' },
    private: { authority: 'https://login.private.example/tenant', instanceDiscovery: false },
  }
  const cases: [string, object, Reply, boolean][] = [
    ...['bad_token', 'token_expired'].flatMap((suberror): [string, object, Reply, boolean][] => [
      ['Microsoft', { authority: microsoft }, refuse('invalid_grant', { suberror }), true],
      ['oidc', others.oidc, refuse('invalid_grant', { suberror }), true],
    ]),
    ...[
      'consent_required',
      'basic_action',
      'client_mismatch',
      'protection_policy_required',
      'device_authentication_failed',
      'new_one',
    ].flatMap((suberror): [string, object, Reply, boolean][] => [
      ['Microsoft', { authority: microsoft }, refuse('invalid_grant', { suberror }), false],
      ['oidc', others.oidc, refuse('invalid_grant', { suberror }), false],
    ]),
    ['Microsoft, no suberror', { authority: microsoft }, refuse('invalid_grant'), false],
    ['US Government, no suberror', { authority: 'https://login.microsoftonline.us/x' }, refuse('invalid_grant'), false],
    ['China, no suberror', { authority: 'https://login.partner.microsoftonline.cn/x' }, refuse('invalid_grant'), false],
    ['CIAM, no suberror', { authority: 'https://contoso.ciamlogin.com/' }, refuse('invalid_grant'), false],
    ...Object.entries(others).map(([name, options]): [string, object, Reply, boolean] => [
      `${name}, no suberror`,
      options,
      refuse('invalid_grant'),
      true,
    ]),
    ...Object.entries({
      interaction_required: refuse('interaction_required', { suberror: 'bad_token' }),
      invalid_client: refuse('invalid_client', {}, 401),
      temporarily_unavailable: refuse('temporarily_unavailable', { suberror: 'bad_token' }),
      '503 with invalid_grant': refuse('invalid_grant', { suberror: 'bad_token' }, 503),
      '429 with invalid_grant': refuse('invalid_grant', { suberror: 'bad_token' }, 429),
      '503': raw(503),
      HTML: raw(400, '<html>invalid_grant'),
      'an empty answer': raw(200),
      'a lost connection': lost(),
    }).map(([name, reply]): [string, object, Reply, boolean] => [name, others.oidc, reply, false]),
  ]
  it.each(cases)('%s (%o)', async (_, options, reply, removed) => {
    const { provider, app, account, tokenCache } = await signedIn(options)
    const [token] = await secrets(tokenCache, 'RefreshToken')
    tokenCache.serialize()
    provider.onToken = () => reply
    await errorOf(app.acquireTokenSilentWithError({ scopes: mail, account }))
    expect(await secrets(tokenCache, 'RefreshToken')).toEqual(removed ? [] : [token])
    expect(tokenCache.hasStateChanged).toBe(removed)
    expect(await app.getAccounts()).toHaveLength(1)
  })

  it("another's stays: another user's, another client's and a newer one", async () => {
    const { provider, app, account, tokenCache } = await signedIn()
    await signedIn({ provider, tokenCache, person: bob })
    await signedIn({ provider, tokenCache, clientId: 'another-client' })
    const all = await secrets(tokenCache, 'RefreshToken')
    expect(all).toHaveLength(3)
    provider.onToken = () => refuse('invalid_grant', { suberror: 'bad_token' })
    const gate = provider.hold()
    const call = errorOf(app.acquireTokenSilentWithError({ scopes: mail, account }))
    await gate.arrived()
    const sent = provider.lastForm.refresh_token
    gate.open()
    await call
    expect(await secrets(tokenCache, 'RefreshToken')).toEqual(all.filter((token) => token !== sent))
    expect(provider.count()).toBe(1)
  })

  it('S37 an abort and a timeout leave it', async () => {
    const { provider, app, account, tokenCache } = await signedIn()
    const before = await secrets(tokenCache, 'RefreshToken')
    const gate = provider.hold()
    expect(await codeOf(app.acquireTokenSilent({ scopes: mail, account, timeout: 30 }))).toBe('timed_out')
    gate.open()
    provider.replies.push(lost())
    await settled()
    expect((await secrets(tokenCache, 'RefreshToken')).length).toBe(before.length)
  })

  it('S30 an answer that was lost after rotation: interaction, no loop, and other accounts stay', async () => {
    const { provider, app, account, tokenCache } = await signedIn()
    await signedIn({ provider, tokenCache, person: bob })
    provider.strictRotation = true
    provider.replies.push(lost({ processed: true }))
    expect(await codeOf(app.acquireTokenSilent({ scopes: mail, account }))).toBe('unreachable')
    expect(await codeOf(app.acquireTokenSilentWithError({ scopes: mail, account }))).toBe('interaction_required')
    expect(await app.acquireTokenSilentWithError({ scopes: mail, account })).toBeNull()
    expect(provider.count()).toBe(2)
    expect(await tokenCache.find('RefreshToken')).toMatchObject([{ home_account_id: homeAccountIdOf(bob) }])
  })

  it('S28 the loser adopts: refused, it goes on with the refresh token that a new sign-in has left', async () => {
    const { provider, app, account, tokenCache } = await signedIn()
    provider.onToken = ({ form }) => (form.refresh_token === first ? refuse('invalid_grant', { suberror: 'bad_token' }) : undefined)
    const [first] = await secrets(tokenCache, 'RefreshToken')
    const gate = provider.hold()
    const call = app.acquireTokenSilentWithError({ scopes: mail, account })
    await gate.arrived()
    await tokenCache.add(tokenEvent(provider.refreshTokenOf(alice), { scopes: ['Files.Read'] }))
    gate.open()
    expect(await call).toMatchObject({ tokenSource: 'identity_provider' })
    expect(provider.count()).toBe(2)
    expect(await secrets(tokenCache, 'RefreshToken')).not.toContain(first)
  })

  it('a late answer does not take the place of a newer sign-in', async () => {
    const { provider, app, account, tokenCache } = await signedIn()
    const gate = provider.hold()
    const call = app.acquireTokenSilent({ scopes: mail, account })
    await gate.arrived()
    await tokenCache.add(tokenEvent('NEWER'))
    gate.open()
    expect(await call).toMatchObject({ tokenSource: 'identity_provider' })
    expect(await secrets(tokenCache, 'RefreshToken')).toEqual(['NEWER'])
  })
})

const tokenEndpoint = `https://login.microsoftonline.com/${alice.utid}/oauth2/v2.0/token`
const clientInfo = Buffer.from(JSON.stringify({ uid: alice.uid, utid: alice.utid })).toString('base64url')

const tokenEvent = (
  refreshToken: string,
  { client = clientId, foci, scopes: asked = scopes }: { client?: string; foci?: string; scopes?: string[] } = {},
) => ({
  clientId: client,
  scopes: asked,
  tokenEndpoint,
  grantType: 'authorization_code',
  response: { access_token: `of ${refreshToken}`, refresh_token: refreshToken, client_info: clientInfo, ...(foci && { foci }) },
})

describe('families', () => {
  const account = { homeAccountId: homeAccountIdOf(alice) } as never
  /** F1 and F2 are the family's (F2 the newer), M this client's own; who this client is, `app` says. */
  const family = async (app: 'new' | 'orphan' | 'member', own = true) => {
    const tokenCache = new SerializableTokenCache()
    const provider = new FakeProvider()
    const add = async (token: string, options: object) => {
      vi.setSystemTime(Date.now() + 1000)
      await tokenCache.add(tokenEvent(token, options))
    }
    if (own) await add('M', {})
    await add('F1', { client: 'sibling-1', foci: '1' })
    const content = JSON.parse(tokenCache.serialize())
    const sibling = (Object.entries(content.RefreshToken) as [string, { secret: string }][]).find(([, { secret }]) => secret === 'F1')!
    content.RefreshToken.second = { ...sibling[1], secret: 'F2', client_id: 'sibling-2', last_modification_time: '1999999999' }
    if (app === 'new') content.AppMetadata = {}
    if (app === 'member') content.AppMetadata.mine = { client_id: clientId, environment: 'login.microsoftonline.com', family_id: '1' }
    if (app === 'member') delete content.AppMetadata[`appmetadata-login.microsoftonline.com-${clientId}`]
    tokenCache.deserialize(JSON.stringify(content))
    const tried = () => provider.tokenRequests().map(({ form }) => form.refresh_token)
    return { tokenCache, provider, tried, client: publicClient(provider, { tokenCache, authority: 'https://login.windows.net/common' }) }
  }

  it.each([
    ['new', ['F2', 'F1', 'M']],
    ['orphan', ['M']],
    ['member', ['F2', 'F1', 'M']],
  ] as const)('a client that is %s tries %s', async (app, order) => {
    const { client, provider, tried, tokenCache } = await family(app)
    provider.onToken = () => refuse('invalid_grant', { suberror: 'consent_required' })
    expect(await codeOf(client.acquireTokenSilentWithError({ scopes: mail, account }))).toBe('interaction_required')
    expect(tried()).toEqual(order)
    expect((await secrets(tokenCache, 'RefreshToken')).sort()).toEqual(['F1', 'F2', 'M'])
  })

  it("C7 client_mismatch, in the suberror, ends the family's and leaves them: F2, M", async () => {
    const { client, provider, tried, tokenCache } = await family('new')
    provider.onToken = ({ form }) =>
      refuse('invalid_grant', { suberror: form.refresh_token === 'M' ? 'consent_required' : 'client_mismatch' })
    expect(await errorOf(client.acquireTokenSilentWithError({ scopes: mail, account }))).toMatchObject({ suberror: 'consent_required' })
    expect(tried()).toEqual(['F2', 'M'])
    expect((await secrets(tokenCache, 'RefreshToken')).sort()).toEqual(['F1', 'F2', 'M'])
  })

  it('C8 a family has one refresh token, and one of each client takes the place of all that were filed by scope', async () => {
    const { client, provider, tokenCache } = await family('new')
    provider.changes = { foci: '1', refresh_token: 'F3' }
    await client.acquireTokenSilent({ scopes: mail, account })
    expect((await secrets(tokenCache, 'RefreshToken')).sort()).toEqual(['F3', 'M'])
    expect(await tokenCache.find('AppMetadata', { client_id: clientId })).toMatchObject([{ family_id: '1' }])
  })

  it("a family's token that is rotated without foci stays the family's", async () => {
    const { client, provider, tokenCache } = await family('member', false)
    provider.changes = { refresh_token: 'F3' }
    await client.acquireTokenSilent({ scopes: mail, account })
    expect(await tokenCache.find('RefreshToken')).toMatchObject([{ secret: 'F3', family_id: '1' }])
  })

  it('C6 an answer without foci does not end a membership', async () => {
    const { client, provider, tokenCache } = await family('member')
    provider.changes = { refresh_token: undefined }
    await client.acquireTokenSilent({ scopes: mail, account })
    await tokenCache.add({ clientId, scopes, tokenEndpoint, grantType: 'client_credentials', response: { access_token: 'APP' } })
    expect(await tokenCache.find('AppMetadata', { client_id: clientId })).toMatchObject([{ family_id: '1' }])
  })
})

describe('S22 single-flight', () => {
  it.each([
    [100, 1],
    [100, 100],
    [1000, 1],
    [1000, 1000],
  ])('%d calls for an expired token, %d client instances over one cache: one request', async (count, instances) => {
    const { provider, account, tokenCache } = await signedIn()
    vi.setSystemTime(start + 3600_000)
    const apps = Array.from({ length: instances }, () => publicClient(provider, { tokenCache }))
    const calls = Array.from({ length: count }, (_, index) =>
      apps[index % instances]!.acquireTokenSilent({ scopes, account, correlationId: `${index}` }),
    )
    const results = await Promise.all(calls)
    expect(provider.count()).toBe(1)
    expect(new Set(results.map((result) => result!.accessToken)).size).toBe(1)
    // Each has its own object and its own correlation id.
    expect(new Set(results).size).toBe(count)
    expect(results.map((result) => result!.correlationId)).toEqual(results.map((_, index) => `${index}`))
  })

  it('S23 one abort of ten, a short timeout, then all: the others go on and the rotated refresh token is stored', async () => {
    const { provider, app, account, tokenCache } = await signedIn()
    const [before] = await secrets(tokenCache, 'RefreshToken')
    const gate = provider.hold()
    const aborters = Array.from({ length: 10 }, () => new AbortController())
    const calls = aborters.map(({ signal }) => app.acquireTokenSilent({ scopes: mail, account, signal }))
    const outcomes = Promise.allSettled(calls)
    const hasty = codeOf(app.acquireTokenSilent({ scopes: mail, account, timeout: 20 }))
    const patient = app.acquireTokenSilent({ scopes: mail, account })
    await gate.arrived()
    aborters[0]!.abort('mine alone')
    expect(await errorOf(calls[0]!)).toMatchObject({ code: 'aborted', cause: 'mine alone' })
    expect(await hasty).toBe('timed_out')
    for (const aborter of aborters.slice(1)) aborter.abort()
    await outcomes
    gate.open()
    expect(await patient).toMatchObject({ tokenSource: 'identity_provider' })
    expect(await secrets(tokenCache, 'RefreshToken')).not.toContain(before)
    expect(provider.count()).toBe(1)
  })

  it('S23 all abort, or their time is up: the rotated refresh token is stored all the same, and waitUntil knows', async () => {
    const { provider, app, account, tokenCache } = await signedIn()
    const [before] = await secrets(tokenCache, 'RefreshToken')
    const gate = provider.hold()
    const aborter = new AbortController()
    const work: Promise<unknown>[] = []
    const waitUntil = (promise: Promise<unknown>) => void work.push(promise)
    const calls = [
      codeOf(app.acquireTokenSilent({ scopes: mail, account, signal: aborter.signal, waitUntil })),
      codeOf(app.acquireTokenSilent({ scopes: mail, account, timeout: 10 })),
    ]
    await gate.arrived()
    aborter.abort()
    expect(await Promise.all(calls)).toEqual(['aborted', 'timed_out'])
    gate.open()
    await Promise.all(work)
    expect(await secrets(tokenCache, 'RefreshToken')).not.toContain(before)
  })

  it('a leader with a short timeout does not end a follower that comes later', async () => {
    const { provider, app, account } = await signedIn()
    const gate = provider.hold()
    const leader = codeOf(app.acquireTokenSilent({ scopes: mail, account, timeout: 15 }))
    await gate.arrived()
    const follower = app.acquireTokenSilent({ scopes: mail, account, timeout: 5000 })
    expect(await leader).toBe('timed_out')
    gate.open()
    expect(await follower).toMatchObject({ tokenSource: 'identity_provider' })
    expect(provider.count()).toBe(1)
  })

  it('S24 two users who ask for the same at once', async () => {
    const { provider, app, account, tokenCache } = await signedIn()
    const { account: other } = await signedIn({ provider, tokenCache, person: bob })
    const both = [account, other].map((whose) => app.acquireTokenSilent({ scopes: mail, account: whose }))
    const [one, two] = await Promise.all(both)
    expect([one!.account, two!.account]).toEqual([account, other])
    expect(one!.accessToken).not.toBe(two!.accessToken)
  })

  it('two scopes of one account, strict rotation: both succeed', async () => {
    const { provider, app, account } = await signedIn()
    provider.strictRotation = true
    provider.delay = () => 2
    const asked = ['A', 'B', 'C', 'D'].map((scope) => app.acquireTokenSilentWithError({ scopes: [scope], account }))
    for (const result of await Promise.all(asked)) expect(result).toMatchObject({ tokenSource: 'identity_provider' })
    expect(provider.count()).toBe(4)
  })

  it('whoever had the turn before may have brought the token', async () => {
    const { provider, app, account } = await signedIn()
    provider.replies.push(tokens({ scope: 'A B' }))
    const [one, two] = await Promise.all([['A', 'B'], ['B']].map((asked) => app.acquireTokenSilent({ scopes: asked, account })))
    expect(two).toMatchObject({ accessToken: one!.accessToken, tokenSource: 'cache' })
    expect(provider.count()).toBe(1)
  })

  it('S24 two users, 10 000 times, random delays: never a token of the other', { timeout: 60_000 }, async () => {
    const { provider, app, account, tokenCache } = await signedIn()
    const { account: other } = await signedIn({ provider, tokenCache, person: bob })
    provider.onToken = () => (request, standard) => {
      const answer = standard()
      const who = JSON.parse(Buffer.from(String(answer.client_info), 'base64url').toString()).uid
      return Response.json({ ...answer, access_token: `${who} ${request.form.scope}` })
    }
    const call = fc.record({ first: fc.boolean(), scope: fc.constantFrom('A', 'B', 'C'), delay: fc.nat(3), force: fc.boolean() })
    await fc.assert(
      fc.asyncProperty(fc.array(call, { minLength: 20, maxLength: 30 }), fc.array(fc.nat(2), { minLength: 1 }), async (calls, delays) => {
        let turn = 0
        const pause = (ticks: number) => Array.from({ length: ticks }).reduce<Promise<void>>((before) => before.then(), Promise.resolve())
        provider.delay = () => (delays[turn++ % delays.length]! > 1 ? 1 : 0)
        await Promise.all(
          calls.map(async ({ first, scope, delay, force }) => {
            await pause(delay)
            const whose = first ? account : other
            const result = await app.acquireTokenSilentWithError({ scopes: [scope], account: whose, forceRefresh: force })
            expect(result!.accessToken).toMatch(new RegExp(`^${whose.localAccountId} ${scope} `))
            expect(result!.account).toEqual(whose)
            expect(result!.idTokenClaims!.oid).toBe(whose.localAccountId)
          }),
        )
      }),
      { numRuns: 500 },
    )
  })
})
