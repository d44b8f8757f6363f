import { AuthError, ClientAuthError, ClientConfigurationError, isAuthError, NetworkError, ServerError } from 'msal-isomorphic'
import { equal, failure, like, ok } from './assert.js'
import { appScopes, expired, redirectUri, scopes } from './world.js'

const html = '<!doctype html><title>Sign in to the hotel network</title>'

const answered = (name, fault, expected) => ({
  async [name]({ confidentialClient, ask }) {
    await ask('fail-next', fault)
    const error = await failure(confidentialClient('web').acquireTokenForClient({ scopes: appScopes }))
    ok(error instanceof NetworkError, `${error} is a NetworkError`)
    like(error, expected, 'error')
  },
})

export const failures = {
  async 'a refusal is a ServerError with the numbers of the service'({ confidentialClient }) {
    const secret = 'a-wrong-secret-of-ours'
    const correlationId = '5b7c2a52-6a5f-4b0e-9d3c-0d1f6f4f2a11'
    const app = confidentialClient('web', { clientCredential: secret })
    const error = await failure(app.acquireTokenForClient({ scopes: appScopes, correlationId }))
    ok(error instanceof ServerError && error instanceof AuthError && error instanceof Error, `${error} is a ServerError`)
    like(error, { code: 'server_error', action: 'reconfigure', error: 'invalid_client', errorCodes: [7000215], status: 401, correlationId })
    equal(typeof error.traceId, 'string', 'traceId')
    equal([isAuthError(error), isAuthError(error, 'server_error'), isAuthError(error, 'throttled')], [true, true, false], 'isAuthError')
    ok(!JSON.stringify(error, Object.getOwnPropertyNames(error)).includes(secret), 'it shows no secret')
  },

  async 'S02 an answer to another sign-in is a ClientAuthError'({ publicClient, ask }) {
    const app = publicClient()
    const [mine, other] = [await app.initiateAuthCodeFlow({ scopes, redirectUri }), await app.initiateAuthCodeFlow({ scopes, redirectUri })]
    const { url } = await ask('sign-in', { authUri: other.authUri })
    const error = await failure(app.acquireTokenByAuthCodeFlow({ flow: mine, response: url }))
    ok(error instanceof ClientAuthError, `${error} is a ClientAuthError`)
    like(error, { code: 'state_mismatch', action: 'interact' }, 'error')
  },

  async 'a person who cancels is heard'({ publicClient, ask }) {
    const app = publicClient()
    const flow = await app.initiateAuthCodeFlow({ scopes, redirectUri })
    const { url } = await ask('sign-in', { authUri: flow.authUri, cancel: true })
    like(await failure(app.acquireTokenByAuthCodeFlow({ flow, response: url })), { code: 'server_error', error: 'access_denied' }, 'error')
  },

  async 'a mistake of the caller is a ClientConfigurationError'({ publicClient }) {
    const error = await failure(Promise.resolve().then(() => publicClient({ authority: 'http://login.example/t' })))
    ok(error instanceof ClientConfigurationError, `${error} is a ClientConfigurationError`)
    like(error, { code: 'authority_invalid', action: 'reconfigure' }, 'error')
    like(await failure(publicClient().initiateDeviceFlow({ scopes: ['openid'] })), { code: 'scopes_reserved' }, 'error')
  },

  ...answered(
    'a gateway that fails is not the provider',
    { status: 503, body: html },
    { code: 'server_unavailable', status: 503, action: 'retry' },
  ),
  ...answered('a page instead of an answer is refused', { status: 200, body: html }, { code: 'bad_response', action: 'report' }),

  async 'a provider that nobody finds is unreachable'({ publicClient, nobody }) {
    const app = publicClient({ authority: undefined, oidcAuthority: nobody })
    const error = await failure(app.initiateAuthCodeFlow({ scopes, redirectUri }))
    ok(error instanceof NetworkError, `${error} is a NetworkError`)
    like(error, { code: 'unreachable', action: 'retry' }, 'error')
  },

  async 'S32 S40 a busy provider is left alone for as long as it says'({ confidentialClient, ask, requestsDuring }) {
    const headers = { 'retry-after': '30', 'access-control-expose-headers': 'retry-after' }
    await ask('fail-next', { status: 429, headers, body: { error: 'temporarily_unavailable', error_description: 'AADSTS90055: busy' } })
    const app = confidentialClient('web')
    const { result, grants } = await requestsDuring(async () => [
      await failure(app.acquireTokenForClient({ scopes: appScopes })),
      await failure(app.acquireTokenForClient({ scopes: appScopes })),
    ])
    equal(grants.length, 1, 'requests')
    equal(
      result.map(({ code }) => code),
      ['throttled', 'throttled'],
      'codes',
    )
    equal(
      result.map(({ retryAfter }) => retryAfter > 20_000 && retryAfter <= 30_000),
      [true, true],
      'retryAfter',
    )
  },

  async 'S36 a provider that never answers is given up after the timeout'({ confidentialClient, ask }) {
    await ask('fail-next', { delay: 5_000 })
    const start = Date.now()
    const error = await failure(confidentialClient('web').acquireTokenForClient({ scopes: appScopes, timeout: 250 }))
    ok(error instanceof NetworkError, `${error} is a NetworkError`)
    like(error, { code: 'timed_out', action: 'retry' }, 'error')
    const elapsed = Date.now() - start
    ok(elapsed >= 200 && elapsed < 4_500, `${elapsed} ms are about 250`)
  },

  async 'S23 S37 an aborted call tells the reason, and nobody else suffers'({ signedIn, publicClient, ask, requestsDuring }) {
    const { tokenCache, account } = await signedIn()
    const app = publicClient({ tokenCache: expired(tokenCache) })
    await ask('fail-next', { delay: 300 })
    const controller = new AbortController()
    const reason = new Error('the person left')
    const { result, grants } = await requestsDuring(async () => {
      const leaving = failure(app.acquireTokenSilent({ scopes, account, signal: controller.signal }))
      const staying = app.acquireTokenSilent({ scopes, account })
      setTimeout(() => controller.abort(reason), 50)
      return Promise.all([leaving, staying])
    })
    const [error, token] = result
    ok(error instanceof NetworkError, `${error} is a NetworkError`)
    like(error, { code: 'aborted', action: 'report' }, 'error')
    ok(error.cause === reason, 'the cause is the reason')
    like(token, { tokenSource: 'identity_provider' })
    equal(grants, ['refresh_token'], 'grants')
  },

  async 'S37 a call that is aborted before it begins asks nothing'({ confidentialClient, requestsDuring }) {
    const { result, requests } = await requestsDuring(() =>
      failure(confidentialClient('web').acquireTokenForClient({ scopes: appScopes, signal: AbortSignal.abort() })),
    )
    like(result, { code: 'aborted' }, 'error')
    equal(result.cause.name, 'AbortError', 'cause')
    equal(requests, [], 'requests')
  },
}
