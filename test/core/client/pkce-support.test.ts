import { describe, expect, it } from 'vitest'
import type { Interaction } from '../../../src/core/index.ts'
import { FakeProvider } from '../../support/fake-provider.ts'
import { authority, confidentialClient, errorOf, publicClient, scopes } from './support.ts'

const tenant = '11111111-1111-4111-8111-111111111111'
const root = `https://login.microsoftonline.com/${tenant}`
const redirectUri = 'https://app.example/callback'

/** A provider that names these PKCE methods. */
function naming(methods: unknown): FakeProvider {
  const provider = new FakeProvider()
  provider.onRequest = ({ url }) => {
    if (url.pathname.endsWith('/devicecode'))
      return Response.json({
        device_code: 'd',
        user_code: 'u',
        verification_uri: 'https://login.microsoftonline.com/d',
        expires_in: 900,
      })
    if (!url.pathname.endsWith('/openid-configuration')) return undefined
    return Response.json({
      issuer: `${root}/v2.0`,
      authorization_endpoint: `${root}/oauth2/v2.0/authorize`,
      token_endpoint: `${root}/oauth2/v2.0/token`,
      device_authorization_endpoint: `${root}/oauth2/v2.0/devicecode`,
      code_challenge_methods_supported: methods,
    })
  }
  return provider
}

const interaction: Interaction = {
  responseModes: ['query'],
  begin: () => ({ redirectUri, authorize: () => Promise.reject(new Error('Nobody may be asked.')), close() {} }),
}

describe.each([[['plain']], [[]]])('S01 a provider that names the PKCE methods %j, without S256', (methods) => {
  it.each<[string, (provider: FakeProvider) => Promise<unknown>]>([
    ['initiateAuthCodeFlow', (provider) => publicClient(provider).initiateAuthCodeFlow({ scopes, redirectUri })],
    ['initiateAuthCodeFlow of a server', (provider) => confidentialClient(provider).initiateAuthCodeFlow({ scopes, redirectUri })],
    ['getAuthorizationRequestUrl', (provider) => publicClient(provider).getAuthorizationRequestUrl({ scopes, redirectUri })],
    ['acquireTokenInteractive', (provider) => publicClient(provider, { interaction }).acquireTokenInteractive({ scopes })],
  ])('gets no authorization request: %s', async (_, ask) => {
    const error = await errorOf(ask(naming(methods)))
    expect(error).toMatchObject({ name: 'ClientConfigurationError', code: 'metadata_invalid' })
    expect(error.message).toContain('PKCE')
  })

  it('serves the grants that have none', async () => {
    const app = confidentialClient(naming(methods), { authority })
    const { accessToken } = await app.acquireTokenForClient({ scopes: ['https://graph.microsoft.com/.default'] })
    expect(accessToken).toBeTruthy()
    expect((await publicClient(naming(methods)).initiateDeviceFlow({ scopes })).userCode).toBe('u')
  })
})

it.each([undefined, ['plain', 'S256'], null])('S01 one that names %j gets them', async (methods) => {
  const { authUri } = await publicClient(naming(methods)).initiateAuthCodeFlow({ scopes, redirectUri })
  expect(new URL(authUri).searchParams.get('code_challenge_method')).toBe('S256')
})
