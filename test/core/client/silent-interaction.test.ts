import { describe, expect, it } from 'vitest'
import type { Interaction, InteractionContext, SerializableTokenCache, SilentOptions } from '../../../src/core/index.ts'
import { ClientAuthError } from '../../../src/core/index.ts'
import { alice, bob, FakeProvider, homeAccountIdOf, refuse, tokens } from '../../support/fake-provider.ts'
import { codeOf, errorOf, publicClient, scopes, secrets, signedIn, unknownAccount } from './support.ts'

/** A silent interaction that a person needs not see. */
function silent(provider: FakeProvider, authorize = async (url: string): Promise<string> => provider.signIn(url)) {
  const seen = { began: [] as InteractionContext[], closed: 0, urls: [] as URL[] }
  const interaction: Interaction = {
    responseModes: ['query'],
    begin(context) {
      seen.began.push(context)
      return {
        redirectUri: 'https://app.example/finish',
        authorize({ url }) {
          seen.urls.push(new URL(url))
          return authorize(url)
        },
        close() {
          seen.closed++
        },
      }
    },
  }
  return { seen, silentInteraction: interaction }
}

const refused = refuse('invalid_grant', { suberror: 'bad_token' })
const answer = (error: string) => async (url: string) =>
  `https://app.example/finish?error=${error}&state=${new URL(url).searchParams.get('state')}`

/** A client whose refresh token is refused from now on. */
async function withoutRefresh(authorize?: (provider: FakeProvider) => (url: string) => Promise<string>) {
  const provider = new FakeProvider()
  const { seen, silentInteraction } = silent(provider, authorize?.(provider))
  const client = await signedIn({ provider, silentInteraction })
  provider.onToken = ({ form }) => (form.grant_type === 'refresh_token' ? refused : undefined)
  const ask = (more: Partial<SilentOptions> = {}) => {
    const { app, account } = client
    return app.acquireTokenSilentWithError({ scopes, account, forceRefresh: true, ...more })
  }
  return { ...client, seen, ask }
}

describe('a silent interaction', () => {
  it('signs in again once the refresh token is refused', async () => {
    const { seen, ask, provider, account } = await withoutRefresh()
    const result = await ask()
    expect(result).toMatchObject({ tokenSource: 'identity_provider', account: { homeAccountId: account.homeAccountId } })
    expect(provider.tokenRequests().map(({ form }) => form.grant_type)).toEqual(['refresh_token', 'authorization_code'])
    expect(seen.began).toMatchObject([{ prompt: 'none' }])
    expect(seen.closed).toBe(1)
    expect(Object.fromEntries(seen.urls[0]!.searchParams)).toMatchObject({ prompt: 'none', login_hint: alice.username })
    provider.onToken = undefined
    expect((await ask())!.tokenSource).toBe('identity_provider')
    expect(provider.lastForm.grant_type).toBe('refresh_token')
  })

  it('is not asked while a refresh token does', async () => {
    const { seen, ask, provider } = await withoutRefresh()
    provider.onToken = undefined
    await ask()
    expect(seen.began).toEqual([])
  })

  it('is not asked by a client that has none', async () => {
    const { app, provider, account } = await signedIn()
    provider.replies.push(refused)
    expect(await app.acquireTokenSilent({ scopes, account, forceRefresh: true })).toBeNull()
  })

  it('is not asked to answer a challenge', async () => {
    const { seen, ask, provider } = await withoutRefresh()
    provider.replies.push(refuse('interaction_required', { claims: '{"access_token":{}}' }))
    expect(await errorOf(ask())).toMatchObject({ code: 'interaction_required', claims: '{"access_token":{}}' })
    expect(seen.began).toEqual([])
  })

  it('is not asked to renew a token ahead of its end', async () => {
    const provider = new FakeProvider()
    provider.changes = { refresh_in: 0, refresh_token: undefined }
    const { seen, silentInteraction } = silent(provider)
    const { app, account } = await signedIn({ provider, silentInteraction })
    expect((await app.acquireTokenSilent({ scopes, account }))!.tokenSource).toBe('cache')
    await app.close()
    expect(seen.began).toEqual([])
  })

  it.each<[string, object, object]>([
    ['the login_hint of the id token', { login_hint: 'opaque', sid: 'session' }, { login_hint: 'opaque' }],
    ['the user name', { sid: 'session' }, { login_hint: alice.username }],
    ['the session, without either', { sid: 'session', preferred_username: undefined }, { sid: 'session' }],
  ])('names %s', async (_, changes, hint) => {
    const provider = new FakeProvider()
    provider.onToken = () => (request, standard) => {
      const { id_token: idToken, ...rest } = standard() as { id_token: string }
      const [head, body, signature] = idToken.split('.')
      const claims = { ...JSON.parse(Buffer.from(body!, 'base64url').toString()), ...changes }
      return tokens({ id_token: [head, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.') })(
        request,
        () => rest,
      )
    }
    const { seen, silentInteraction } = silent(provider)
    const { app, account, tokenCache } = await signedIn({ provider, silentInteraction })
    await dropRefreshTokens(tokenCache)
    await app.acquireTokenSilent({ scopes, account, forceRefresh: true })
    const { login_hint, sid } = Object.fromEntries(seen.urls[0]!.searchParams)
    expect({ login_hint, sid }).toEqual({ login_hint: undefined, sid: undefined, ...hint })
  })

  it('goes to the authority that was asked for, with the claims that were', async () => {
    const { seen, ask } = await withoutRefresh()
    const claimsChallenge = '{"access_token":{"xms_cc":{"values":["x"]}}}'
    await ask({ authority: 'https://login.microsoftonline.com/22222222-2222-4222-8222-222222222222', claimsChallenge })
    expect(seen.urls[0]!.pathname).toContain('22222222-2222-4222-8222-222222222222')
    expect(seen.urls[0]!.searchParams.get('claims')).toBe(claimsChallenge)
  })

  it('brings an account back that the cache has never had', async () => {
    const provider = new FakeProvider()
    const { silentInteraction } = silent(provider)
    const app = publicClient(provider, { silentInteraction })
    const account = { ...unknownAccount, homeAccountId: homeAccountIdOf(alice), username: alice.username }
    expect(await app.acquireTokenSilent({ scopes, account })).toMatchObject({ account: { username: alice.username } })
  })

  it('brings nobody else’s token, and stores none', async () => {
    const { ask, app, tokenCache } = await withoutRefresh((provider) => async (url) => provider.signIn(url, bob))
    expect(await codeOf(ask())).toBe('account_mismatch')
    expect(await app.getAccounts()).toMatchObject([{ username: alice.username }])
    expect(await secrets(tokenCache, 'RefreshToken')).toEqual([])
  })

  it('does not sign an account in that was signed out meanwhile', async () => {
    const client: { signOut(): Promise<void> } = { signOut: async () => {} }
    const { ask, app, account } = await withoutRefresh((provider) => async (url) => {
      await client.signOut()
      return provider.signIn(url)
    })
    client.signOut = () => app.removeAccount(account)
    expect(await codeOf(ask())).toBe('account_mismatch')
    expect(await app.getAccounts()).toEqual([])
  })

  it.each(['login_required', 'interaction_required', 'consent_required'])('that is answered with %s leaves it at that', async (error) => {
    const { ask, app, account } = await withoutRefresh(() => answer(error))
    expect(await errorOf(ask())).toMatchObject({ code: 'interaction_required', error, action: 'interact' })
    expect(await app.acquireTokenSilent({ scopes, account, forceRefresh: true })).toBeNull()
  })

  it('that has no answer in time is as good as refused', async () => {
    const late = () => async () => Promise.reject(new ClientAuthError('interaction_timed_out', 'Late.'))
    const { ask, app, account } = await withoutRefresh(late)
    expect(await codeOf(ask())).toBe('interaction_timed_out')
    expect(await app.acquireTokenSilent({ scopes, account, forceRefresh: true })).toBeNull()
  })

  it('that fails says no more than that', async () => {
    const { ask, seen } = await withoutRefresh(() => async () => Promise.reject(new Error('code=secret')))
    const error = await errorOf(ask())
    expect(error.code).toBe('interaction_failed')
    expect(error.cause).toBeUndefined()
    expect(error.message).not.toContain('secret')
    expect(seen.closed).toBe(1)
  })

  it('is asked once for all who ask at the same time', async () => {
    const { ask, seen } = await withoutRefresh()
    const controller = new AbortController()
    const asked = [ask({ signal: controller.signal }), ask(), ask()]
    controller.abort()
    expect(await codeOf(asked[0]!)).toBe('aborted')
    expect((await Promise.all(asked.slice(1))).map((result) => result!.tokenSource)).toEqual(['identity_provider', 'identity_provider'])
    expect(seen.began).toHaveLength(1)
  })
})

async function dropRefreshTokens(cache: SerializableTokenCache): Promise<void> {
  const state = JSON.parse(cache.serialize())
  cache.deserialize(JSON.stringify({ ...state, RefreshToken: {} }))
}
