import { describe, expect, it } from 'vitest'
import { FakeProvider } from '../../support/fake-provider.ts'
import { confidentialClient, errorOf, scopes } from './support.ts'

/** RFC 6749, 7521, 7523, 7636, 8628, 9101, OpenID Connect Core and the platform's own. */
const names = [
  ...['client_id', 'redirect_uri', 'response_type', 'response_mode', 'scope', 'state', 'nonce'],
  ...['code_challenge', 'code_challenge_method', 'request', 'request_uri', 'prompt', 'claims', 'max_age', 'login_hint', 'domain_hint'],
  ...['grant_type', 'code', 'code_verifier', 'refresh_token', 'client_secret', 'client_assertion', 'client_assertion_type'],
  ...['assertion', 'username', 'password', 'device_code', 'requested_token_use', 'client_info', 'user_assertion'],
]
const near = ['requests', 'request_id', 'my_request', 'codes', 'client', 'client_ids', 'slice', 'dc', 'assertion_type', 'prompts']

type Client = ReturnType<typeof confidentialClient>
type Extras = { extraQueryParameters?: Record<string, string>; extraBodyParameters?: Record<string, string> }
const methods: Record<string, (app: Client, extras: Extras) => Promise<unknown>> = {
  initiateAuthCodeFlow: (app, extras) => app.initiateAuthCodeFlow({ scopes, ...extras }),
  getAuthorizationRequestUrl: (app, extras) => app.getAuthorizationRequestUrl({ scopes, ...extras }),
  acquireTokenForClient: (app, extras) => app.acquireTokenForClient({ scopes: ['https://api.example/.default'], ...extras }),
  acquireTokenByRefreshToken: (app, extras) => app.acquireTokenByRefreshToken({ scopes, refreshToken: 'r', ...extras }),
}
const kinds = ['extraQueryParameters', 'extraBodyParameters'] as const

describe.each(Object.entries(methods))('S07 the extra parameters of %s', (_, call) => {
  it.each(names.flatMap((name) => [name, name.toUpperCase()]))('never stand for %s', async (name) => {
    const provider = new FakeProvider()
    const app = confidentialClient(provider)
    for (const kind of kinds) {
      const error = await errorOf(call(app, { [kind]: { slice: 'x', [name]: 'evil' } }))
      expect(error).toMatchObject({ name: 'ClientConfigurationError', code: 'invalid_argument' })
      expect(error.message).toContain(name)
      expect(error.message).not.toContain('evil')
    }
    expect(provider.requests).toEqual([])
  })

  it.each(near)('may be named %s', async (name) => {
    for (const kind of kinds) await call(confidentialClient(new FakeProvider()), { [kind]: { [name]: 'x' } })
  })
})
