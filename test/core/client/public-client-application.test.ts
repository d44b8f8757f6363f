import { describe, expect, it, vi } from 'vitest'
import {
  ClientAuthError,
  type Interaction,
  type InteractionContext,
  type InteractionSession,
  type InteractiveOptions,
  type ResponseMode,
} from '../../../src/core/index.ts'
import { alice, bob, FakeProvider, raw, refuse } from '../../support/fake-provider.ts'
import { codeOf, errorOf, publicClient, scopes, settled } from './support.ts'

const redirectUri = 'http://localhost:1234/'

/** An interaction that counts, with a session that does as it is told. */
function interaction(provider: FakeProvider, changes: Partial<InteractionSession> = {}, responseModes: ResponseMode[] = ['query']) {
  const seen = { began: [] as InteractionContext[], closed: 0, urls: [] as string[] }
  const session: InteractionSession = {
    redirectUri,
    async authorize({ url }) {
      seen.urls.push(url)
      return provider.signIn(url)
    },
    close() {
      seen.closed++
    },
    ...changes,
  }
  const begin = (context: InteractionContext) => {
    seen.began.push(context)
    return session
  }
  return { seen, interaction: { responseModes, begin } satisfies Interaction as Interaction }
}

const never = () => new Promise<never>(() => {})

async function outcome(changes: Partial<InteractionSession>, options: InteractiveOptions = { scopes }) {
  const provider = new FakeProvider()
  const { seen, interaction: shown } = interaction(provider, changes)
  const error = await errorOf(publicClient(provider, { interaction: shown }).acquireTokenInteractive(options))
  await settled()
  return { error, seen, provider }
}

describe('acquireTokenInteractive', () => {
  it('signs in', async () => {
    const provider = new FakeProvider()
    const { seen, interaction: shown } = interaction(provider)
    const app = publicClient(provider, { interaction: shown })
    const result = await app
      .acquireTokenInteractive({
        scopes,
        prompt: 'login',
        port: 1234,
        loginHint: 'jo',
        domainHint: 'd',
        maxAge: 0,
        extraScopesToConsent: ['Other.Read'],
        correlationId: 'c',
      })
      .catch((error: unknown) => error)
    expect(result).toMatchObject({ code: 'auth_time_too_old' })
    const params = Object.fromEntries(new URL(seen.urls[0]!).searchParams)
    expect(params).toMatchObject({
      redirect_uri: redirectUri,
      prompt: 'login',
      login_hint: 'jo',
      domain_hint: 'd',
      max_age: '0',
      scope: 'Other.Read User.Read offline_access openid profile',
      'X-AnchorMailbox': 'UPN:jo',
    })
    expect(params).not.toHaveProperty('response_mode')
    const signed = await app.acquireTokenInteractive({ scopes, port: 1234, prompt: 'login' })
    expect(signed).toMatchObject({
      account: { username: alice.username, accountSource: 'authorization_code' },
      scopes: ['User.Read', 'openid', 'profile'],
    })
    expect(provider.lastForm).toMatchObject({ redirect_uri: redirectUri, scope: 'User.Read offline_access openid profile' })
    expect(provider.tokenRequests().at(-1)!.headers).toMatchObject({
      'x-client-current-telemetry': '4|169,0|',
      'x-anchormailbox': `Oid:${alice.uid}@${alice.utid}`,
    })
    expect(seen.began[1]).toMatchObject({ port: 1234, prompt: 'login' })
    expect(seen.closed).toBe(2)
    expect(seen.began.every(({ signal }) => signal.aborted)).toBe(true)
    expect(await app.acquireTokenSilent({ scopes, account: signed.account })).toMatchObject({ tokenSource: 'cache' })
  })

  it('begins before anything is awaited', async () => {
    const provider = new FakeProvider()
    const { seen, interaction: shown } = interaction(provider)
    const promise = publicClient(provider).acquireTokenInteractive({ scopes, interaction: shown })
    expect(seen.began).toHaveLength(1)
    expect(provider.requests).toEqual([])
    expect(seen.began[0]!.signal.aborted).toBe(false)
    await promise
  })

  it.each<[string, object, string]>([
    ['scopes', { scopes: 'text' }, 'invalid_argument'],
    ['reserved scopes', { scopes: ['openid'] }, 'scopes_reserved'],
    ['extraScopesToConsent', { extraScopesToConsent: 'text' }, 'invalid_argument'],
    ['claimsChallenge', { claimsChallenge: '[]' }, 'invalid_argument'],
    ['maxAge', { maxAge: -1 }, 'invalid_argument'],
    ['timeout', { timeout: 0 }, 'invalid_argument'],
    ['extra parameters', { extraQueryParameters: { state: 'x' } }, 'invalid_argument'],
    ['an abort before', { signal: AbortSignal.abort() }, 'aborted'],
  ])('only once the arguments are checked: %s', async (_, options, code) => {
    const provider = new FakeProvider()
    const { seen, interaction: shown } = interaction(provider)
    expect(await codeOf(publicClient(provider, { interaction: shown }).acquireTokenInteractive(options as never))).toBe(code)
    expect(seen).toMatchObject({ began: [], closed: 0 })
  })

  it.each([undefined, null])('interaction_missing: %s', async (none) => {
    expect(await codeOf(publicClient(new FakeProvider()).acquireTokenInteractive({ scopes, interaction: none as never }))).toBe(
      'interaction_missing',
    )
  })
})

describe('close() is called once, and the signal aborted, whatever happened', () => {
  const boom = () => {
    throw new Error('the code is 1234')
  }
  it.each<[string, Partial<InteractionSession>, InteractiveOptions, string]>([
    ['the page fails', { authorize: boom }, { scopes }, 'interaction_failed'],
    ['the page says why', { authorize: () => Promise.reject(new ClientAuthError('user_cancelled', 'x')) }, { scopes }, 'user_cancelled'],
    [
      'no redirect URI',
      {
        get redirectUri() {
          return Promise.reject(new Error('x'))
        },
      },
      { scopes },
      'interaction_failed',
    ],
    ['the time is up', { authorize: never }, { scopes, timeout: 20 }, 'interaction_timed_out'],
    ['the time is up before the page', { redirectUri: never() }, { scopes, timeout: 20 }, 'interaction_timed_out'],
    ['another state', { authorize: async () => `${redirectUri}?code=c&state=other` }, { scopes }, 'state_mismatch'],
    ['no answer', { authorize: async () => undefined as never }, { scopes }, 'invalid_argument'],
    ['close fails as well', { authorize: never, close: boom }, { scopes, timeout: 10 }, 'interaction_timed_out'],
  ])('%s', async (_, changes, options, code) => {
    const { error, seen } = await outcome(changes, options)
    expect(error.code).toBe(code)
    expect(error.cause).toBeUndefined()
    if (!changes.close) expect(seen.closed).toBe(1)
    expect(seen.began[0]!.signal.aborted).toBe(true)
  })

  it('an error answer', async () => {
    const provider = new FakeProvider()
    const answer = { authorize: async ({ flow }: { flow: { state: string } }) => ({ error: 'access_denied', state: flow.state }) }
    const { seen, interaction: shown } = interaction(provider, answer as never)
    expect(await errorOf(publicClient(provider, { interaction: shown }).acquireTokenInteractive({}))).toMatchObject({
      code: 'server_error',
      error: 'access_denied',
    })
    expect(seen.closed).toBe(1)
  })

  it('a close that fails after a success', async () => {
    const provider = new FakeProvider()
    const { interaction: shown } = interaction(provider, { close: boom })
    expect(await publicClient(provider, { interaction: shown }).acquireTokenInteractive({ scopes })).toHaveProperty('accessToken')
  })

  it.each([
    [
      'discovery',
      (provider: FakeProvider) => {
        provider.onRequest = () => new Response('', { status: 503 })
      },
      'server_unavailable',
    ],
    ['the token request', (provider: FakeProvider) => void provider.replies.push(raw(503)), 'server_unavailable'],
    ['the code', (provider: FakeProvider) => void provider.replies.push(refuse('invalid_grant')), 'server_error'],
  ])('%s fails', async (_, spoil, code) => {
    const provider = new FakeProvider()
    spoil(provider)
    const { seen, interaction: shown } = interaction(provider)
    expect(await codeOf(publicClient(provider, { interaction: shown }).acquireTokenInteractive({ scopes }))).toBe(code)
    expect(seen.closed).toBe(1)
    expect(seen.began[0]!.signal.aborted).toBe(true)
  })

  it.each([
    ['an error of ours', new ClientAuthError('popup_blocked', 'x'), 'popup_blocked'],
    ['anything', new Error('x'), 'interaction_failed'],
  ])('begin throws %s: there is no session', async (_, thrown, code) => {
    const begin = vi.fn(() => {
      throw thrown
    })
    const app = publicClient(new FakeProvider())
    expect(await codeOf(app.acquireTokenInteractive({ scopes, interaction: { responseModes: ['query'], begin } }))).toBe(code)
  })

  it('S37 abort', async () => {
    const aborter = new AbortController()
    const reason = new Error('left')
    const authorize = async () => {
      aborter.abort(reason)
      return never()
    }
    const { error, seen } = await outcome({ authorize }, { scopes, signal: aborter.signal })
    expect(error).toMatchObject({ code: 'aborted', cause: reason })
    expect(seen.closed).toBe(1)
  })

  it('S37 abort while the code is redeemed', async () => {
    const provider = new FakeProvider()
    const aborter = new AbortController()
    const { interaction: shown, seen } = interaction(provider)
    const gate = provider.hold()
    const app = publicClient(provider, { interaction: shown })
    const call = errorOf(app.acquireTokenInteractive({ scopes, signal: aborter.signal, timeout: 60_000 }))
    await gate.arrived()
    aborter.abort('left')
    expect(await call).toMatchObject({ code: 'aborted', cause: 'left' })
    gate.open()
    await settled()
    expect(await app.getAccounts()).toEqual([])
    expect(seen.closed).toBe(1)
  })

  it('a redirect URI that comes too late shows no page', async () => {
    let arrive = (_: string) => {}
    const late = new Promise<string>((resolve) => {
      arrive = resolve
    })
    const authorize = vi.fn(never)
    const { error } = await outcome({ redirectUri: late, authorize }, { scopes, timeout: 10 })
    expect(error.code).toBe('interaction_timed_out')
    arrive(redirectUri)
    await settled()
    expect(authorize).not.toHaveBeenCalled()
  })
})

describe('the response mode', () => {
  it.each<[ResponseMode[], unknown, string | null]>([
    [['query'], undefined, null],
    [['fragment', 'query'], undefined, 'fragment'],
    [['form_post', 'query'], undefined, null],
    [['form_post', 'query'], ['query', 'form_post'], 'form_post'],
    [['fragment', 'query'], ['query'], null],
    [['query'], 'odd', null],
  ])('%o, where the provider says %o: %s', async (modes, supported, sent) => {
    const provider = new FakeProvider()
    provider.onRequest = ({ url }) =>
      url.pathname.endsWith('openid-configuration')
        ? Response.json({ ...provider.discovery(url), response_modes_supported: supported })
        : undefined
    const { seen, interaction: shown } = interaction(provider, { redirectUri: Promise.resolve(redirectUri) }, modes)
    await publicClient(provider, { interaction: shown }).acquireTokenInteractive({ scopes })
    expect(new URL(seen.urls[0]!).searchParams.get('response_mode')).toBe(sent)
  })

  it('none in common', async () => {
    const provider = new FakeProvider()
    const { seen, interaction: shown } = interaction(provider, {}, ['form_post'])
    expect(await codeOf(publicClient(provider, { interaction: shown }).acquireTokenInteractive({ scopes }))).toBe('environment_unsupported')
    expect(seen).toMatchObject({ closed: 1, urls: [] })
  })
})

it('two sign-ins at once do not meet', async () => {
  const provider = new FakeProvider()
  const persons = [alice, bob]
  const shown = interaction(provider, { authorize: async ({ url }) => provider.signIn(url, persons.shift()) }).interaction
  const app = publicClient(provider, { interaction: shown })
  const [one, two] = await Promise.all([app.acquireTokenInteractive({ scopes }), app.acquireTokenInteractive({ scopes })])
  expect([one.account.username, two.account.username].sort()).toEqual([alice.username, bob.username])
  expect(one.idTokenClaims!.oid).toBe(one.account.localAccountId)
})
