import { describe, expect, it } from 'vitest'
import { FakeProvider } from '../../support/fake-provider.ts'
import { codeOf, confidentialClient, publicClient, scopes, unknownAccount } from './support.ts'

const hostile = [
  'https://169.254.169.254/latest/meta-data',
  'http://169.254.169.254/latest/meta-data',
  'https://[::1]/x',
  'http://[::1]/x',
  'https://[::ffff:169.254.169.254]/x',
  'https://0x7f.1/x',
  'http://0x7f.1/x',
  'https://2130706433/x',
  'https://localhost./x',
  'http://localhost/x',
  'file:///etc/passwd',
  'data:application/json,{}',
  'https://user:password@login.private.example/x',
  'http://login.private.example/x',
]

const redirectUri = 'https://app.example/'

/** What asks for each of the endpoints that a discovery document names. */
const uses = {
  token_endpoint: (provider: FakeProvider) => confidentialClient(provider, authority).acquireTokenForClient({ scopes }),
  authorization_endpoint: (provider) => publicClient(provider, authority).initiateAuthCodeFlow({ scopes, redirectUri }),
  device_authorization_endpoint: (provider) => publicClient(provider, authority).initiateDeviceFlow({ scopes }),
  end_session_endpoint: (provider) => publicClient(provider, authority).getLogoutUrl({ account: unknownAccount }),
  async jwks_uri(provider) {
    const app = publicClient(provider, { ...authority, verifyIdTokenSignature: true })
    const flow = await app.initiateAuthCodeFlow({ scopes, redirectUri })
    return app.acquireTokenByAuthCodeFlow({ flow, response: provider.signIn(flow.authUri) })
  },
} satisfies Record<string, (provider: FakeProvider) => Promise<unknown>>

const authority = { authority: undefined as never, oidcAuthority: 'https://login.private.example/t' }

describe.each(Object.entries(uses))('S42 a discovery document whose %s', (name, use) => {
  it('is on the host that was asked will do', async () => {
    const provider = new FakeProvider()
    const code = await use(provider).then(
      () => undefined,
      (error) => error.code,
    )
    // The provider has neither keys nor a page for devices: what counts is that it was asked.
    expect(code).not.toBe('metadata_invalid')
  })

  it.each(hostile)('is %s: metadata_invalid, and that is not asked', async (url) => {
    const provider = new FakeProvider()
    const { discovery } = provider
    provider.discovery = (asked) => ({ ...discovery.call(provider, asked), [name]: url })
    expect(await codeOf(use(provider))).toBe('metadata_invalid')
    expect(new Set(provider.requests.map((request) => request.url.origin))).toEqual(new Set(['https://login.private.example']))
    expect(provider.requests.filter((request) => request.url.href === new URL(url).href)).toEqual([])
  })
})
