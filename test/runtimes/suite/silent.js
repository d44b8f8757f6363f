import { equal, failure, like, ok } from './assert.js'
import { expired, pastRefresh, scopes } from './world.js'

export const silent = {
  async 'a cached token is served without a request'({ signedIn, requestsDuring }) {
    const { app, account, result } = await signedIn()
    const { result: hit, requests } = await requestsDuring(() => app.acquireTokenSilent({ scopes, account }))
    like(hit, { tokenSource: 'cache', accessToken: result.accessToken })
    equal(requests, [], 'requests')
    equal(await app.acquireTokenSilent({ scopes, account: null }), null, 'without an account')
  },

  async 'an expired token is refreshed, and one for another API is had the same way'({ signedIn, publicClient, requestsDuring, callApi }) {
    const { tokenCache, account, result } = await signedIn()
    const app = publicClient({ tokenCache: expired(tokenCache) })
    const { result: fresh, grants } = await requestsDuring(async () => [
      await app.acquireTokenSilent({ scopes, account }),
      await app.acquireTokenSilent({ scopes: ['https://graph.microsoft.com/User.Read'], account }),
      await app.acquireTokenSilent({ scopes, account }),
    ])
    equal(grants, ['refresh_token', 'refresh_token'], 'grants')
    equal(
      fresh.map(({ tokenSource }) => tokenSource),
      ['identity_provider', 'identity_provider', 'cache'],
      'sources',
    )
    ok(fresh[0].accessToken !== result.accessToken, 'the token is another')
    like(await callApi(fresh[0].accessToken), { status: 200 }, 'the API')
  },

  async 'forceRefresh passes the cache by'({ signedIn, requestsDuring }) {
    const { app, account } = await signedIn()
    const { result, grants } = await requestsDuring(() => app.acquireTokenSilent({ scopes, account, forceRefresh: true }))
    like(result, { tokenSource: 'identity_provider' })
    equal(grants, ['refresh_token'], 'grants')
  },

  async 'S22 ten calls at once are one request, for an expired token and for a fresh one'({ signedIn, publicClient, requestsDuring }) {
    const { tokenCache, account } = await signedIn()
    const app = publicClient({ tokenCache: expired(tokenCache) })
    const { result, grants } = await requestsDuring(async () => {
      const ten = (options) => Promise.all(Array.from({ length: 10 }, () => app.acquireTokenSilent({ scopes, account, ...options })))
      return [...(await ten()), ...(await ten({ forceRefresh: true }))]
    })
    equal(grants, ['refresh_token', 'refresh_token'], 'grants')
    equal(new Set(result.map(({ accessToken }) => accessToken)).size, 2, 'different tokens')
  },

  async 'past refreshOn the token is served at once and renewed behind, under waitUntil'({ signedIn, publicClient, requestsDuring }) {
    const { tokenCache, account, result } = await signedIn()
    const app = publicClient({ tokenCache: pastRefresh(tokenCache) })
    const works = []
    const { grants } = await requestsDuring(async () => {
      const served = await app.acquireTokenSilent({ scopes, account, waitUntil: (work) => works.push(work) })
      like(served, { tokenSource: 'cache', accessToken: result.accessToken })
      equal(works.length, 1, 'works behind the answer')
      await works[0]
    })
    equal(grants, ['refresh_token'], 'grants')
    const renewed = await app.acquireTokenSilent({ scopes, account })
    equal(renewed.tokenSource, 'cache', 'tokenSource')
    ok(renewed.accessToken !== result.accessToken, 'the token is another')
  },

  async 'S29 a revoked account is null, or says that the person has to sign in'({ signedIn, publicClient, ask }) {
    const { InteractionRequiredAuthError, ServerError } = await import('msal-isomorphic')
    const { tokenCache, account } = await signedIn()
    await ask('revoke')
    const app = (from) => publicClient({ tokenCache: expired(from) })
    equal(await app(tokenCache).acquireTokenSilent({ scopes, account }), null, 'acquireTokenSilent')
    const error = await failure(app(tokenCache).acquireTokenSilentWithError({ scopes, account }))
    ok(error instanceof InteractionRequiredAuthError && error instanceof ServerError, `${error} is an InteractionRequiredAuthError`)
    like(error, { code: 'interaction_required', error: 'invalid_grant', action: 'interact' }, 'error')
  },
}
