import { equal, failure, like, ok } from './assert.js'
import { claimsOf, redirectUri, scopes } from './world.js'

const answers = Object.fromEntries(
  ['query', 'fragment', 'form_post'].map((responseMode) => [
    `S01 authorization code with PKCE, answered by ${responseMode}`,
    async ({ publicClient, signIn, requestsDuring, callApi, users }) => {
      const app = publicClient()
      const { result, requests } = await requestsDuring(() => signIn(app, { responseMode }))
      like(result, { tokenSource: 'identity_provider', tokenType: 'Bearer' })
      like(result.account, { homeAccountId: users.alice.homeAccountId, username: users.alice.username })
      like(result.idTokenClaims, { preferred_username: users.alice.username })
      ok(result.expiresOn instanceof Date && result.expiresOn > Date.now() + 3_500_000, 'the token lives for an hour')
      const { challenge, verifier } = requests.reduce((seen, { challenge, verifier }) => ({
        challenge: seen.challenge ?? challenge,
        verifier: seen.verifier ?? verifier,
      }))
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier)))
      equal(
        btoa(String.fromCharCode(...digest))
          .replaceAll('+', '-')
          .replaceAll('/', '_')
          .replace('=', ''),
        challenge,
        'S256 of the verifier',
      )
      like(await callApi(result.accessToken), { status: 200 }, 'the API')
    },
  ]),
)

export const signingIn = {
  ...answers,

  async 'a client with a secret signs people in'({ confidentialClient, signIn, clients, users }) {
    const { account, accessToken } = await signIn(confidentialClient('web'), { responseMode: 'form_post' })
    equal(account.homeAccountId, users.alice.homeAccountId, 'homeAccountId')
    like(claimsOf(accessToken), { azp: clients.web.clientId, azpacr: '1' }, 'claims')
  },

  async 'S13 S14 the signature of the id token is verified where that is wanted'({ publicClient, signIn, requestsDuring, users }) {
    const { result, requests } = await requestsDuring(() => signIn(publicClient({ verifyIdTokenSignature: true })))
    equal(result.account.username, users.alice.username, 'username')
    equal(requests.filter(({ path }) => path.endsWith('/keys')).length, 1, 'requests for keys')

    const forged = async (input, init) => {
      const response = await fetch(input, init)
      if (!String(input).includes('/token')) return response
      const body = await response.json()
      const [header, payload] = body.id_token.split('.')
      return Response.json({ ...body, id_token: `${header}.${payload}.${'A'.repeat(342)}` })
    }
    const app = publicClient({ verifyIdTokenSignature: true, fetch: forged })
    like(await failure(signIn(app)), { code: 'id_token_invalid', action: 'report' }, 'error')
    equal(await app.getAccounts(), [], 'accounts')
  },

  async 'a sign-in page of one’s own'({ publicClient, ask, users }) {
    const closed = []
    const interaction = {
      responseModes: ['fragment', 'query'],
      begin: () => ({
        redirectUri,
        authorize: async ({ url }) => (await ask('sign-in', { authUri: url })).url,
        close: () => closed.push('closed'),
      }),
    }
    const { account } = await publicClient({ interaction }).acquireTokenInteractive({ scopes })
    equal(account.username, users.alice.username, 'username')
    equal(closed, ['closed'], 'sessions')
  },

  async 'S64 device code, while the person takes their time'({ publicClient, ask, callApi, requestsDuring, users }) {
    const app = publicClient()
    const flow = await app.initiateDeviceFlow({ scopes })
    const { verificationUri, userCode } = flow
    const { result, grants } = await requestsDuring(async () => {
      const waiting = app.acquireTokenByDeviceFlow({ flow: JSON.parse(JSON.stringify(flow)) })
      await ask('approve-device', { verificationUri, userCode, after: 'device_code' })
      return waiting
    })
    equal(result.account.username, users.alice.username, 'username')
    ok(grants.length > 1, 'the provider was asked before the person was done')
    like(await callApi(result.accessToken), { status: 200 }, 'the API')
  },

  async 'user name and password'({ signedIn, users, callApi }) {
    const { account, result } = await signedIn()
    equal(account.homeAccountId, users.alice.homeAccountId, 'homeAccountId')
    like(await callApi(result.accessToken), { status: 200 }, 'the API')
  },

  async 'on behalf of a user: asked once per user, refreshed by its refresh token'({
    confidentialClient,
    signedIn,
    requestsDuring,
    callApi,
    users,
  }) {
    const userAssertion = (await signedIn()).result.accessToken
    const app = confidentialClient('api')
    const asked = { userAssertion, scopes: ['https://graph.microsoft.com/User.Read'] }
    const { result, grants } = await requestsDuring(async () => [
      await app.acquireTokenOnBehalfOf(asked),
      await app.acquireTokenOnBehalfOf(asked),
      await app.acquireTokenOnBehalfOf({ ...asked, forceRefresh: true }),
    ])
    equal(grants, ['urn:ietf:params:oauth:grant-type:jwt-bearer', 'refresh_token'], 'grants')
    equal(
      result.map(({ tokenSource }) => tokenSource),
      ['identity_provider', 'cache', 'identity_provider'],
      'sources',
    )
    equal((await callApi(result[2].accessToken, '/me')).body.displayName, users.alice.name, 'the second API')
    equal(await app.getAccounts(), [], 'accounts')
  },

  async 'an account is listed, removed, and signed out'({ signedIn, users }) {
    const { app, account, tokenCache } = await signedIn()
    equal(await app.getAccounts({ username: users.alice.username.toUpperCase() }), [account], 'accounts')
    const url = new URL(await app.getLogoutUrl({ account, postLogoutRedirectUri: 'http://localhost:5555/bye' }))
    equal(url.searchParams.get('post_logout_redirect_uri'), 'http://localhost:5555/bye', 'post_logout_redirect_uri')
    await app.removeAccount(account)
    equal(await app.getAccounts(), [], 'accounts')
    equal(await tokenCache.find('RefreshToken'), [], 'refresh tokens')
  },
}
