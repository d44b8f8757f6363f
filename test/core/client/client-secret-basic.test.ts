import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ConfidentialClientApplication } from '../../../src/core/index.ts'
import { canary, expectNoCanary } from '../../support/canary.ts'
import { FakeProvider, refuse } from '../../support/fake-provider.ts'
import { clientId, codeOf, confidentialClient, errorOf, scopes } from './support.ts'

/** A provider whose metadata name these ways. */
function providerOf(methods: unknown): FakeProvider {
  const provider = new FakeProvider()
  const { discovery } = provider
  provider.discovery = (url) => ({ ...discovery.call(provider, url), token_endpoint_auth_methods_supported: methods })
  return provider
}
const oidc = { authority: undefined as never, oidcAuthority: 'https://idp.example' }
const clientOf = (provider: FakeProvider, clientCredential = 'a-secret', httpCache?: Map<string, string>) =>
  confidentialClient(provider, { ...oidc, clientCredential, ...(httpCache && { httpCache: httpCache as never }) })

afterEach(() => void vi.restoreAllMocks())

describe('S21 a client with a secret', () => {
  it.each([
    [['client_secret_basic'], 'basic'],
    [['private_key_jwt', 'client_secret_basic'], 'basic'],
    [['client_secret_basic', 'client_secret_post'], 'post'],
    [['client_secret_post'], 'post'],
    [['private_key_jwt'], 'post'],
    ['client_secret_basic', 'post'],
    [undefined, 'post'],
  ])('where the provider says %j: %s, and nothing else', async (methods, way) => {
    const provider = providerOf(methods)
    await clientOf(provider).acquireTokenForClient({ scopes })
    const [{ headers, form }] = provider.tokenRequests() as [(typeof provider.requests)[0]]
    expect(headers.authorization).toBe(way === 'basic' ? `Basic ${btoa(`${clientId}:a-secret`)}` : undefined)
    expect(form.client_secret).toBe(way === 'basic' ? undefined : 'a-secret')
    expect(form.client_id).toBe(clientId)
  })

  it('an assertion stays in the form', async () => {
    const provider = providerOf(['client_secret_basic'])
    await clientOf(provider, { clientAssertion: 'an-assertion' } as never).acquireTokenForClient({ scopes })
    expect(provider.lastForm.client_assertion).toBe('an-assertion')
    expect(provider.tokenRequests()[0]!.headers).not.toHaveProperty('authorization')
  })

  it('S71 the secret is masked where a refusal repeats it, in every form', async () => {
    const secret = `${canary('secret')} : % + ü`
    const provider = providerOf(['client_secret_basic'])
    provider.onToken = ({ headers: { authorization = '' } }) => {
      const encoded = atob(authorization.slice(6)).split(':')[1]
      return refuse('invalid_client', { error_description: [authorization, encoded, secret].join() }, 401)
    }
    const error = await errorOf(clientOf(provider, secret).acquireTokenForClient({ scopes }))
    expect(error.errorDescription).toBe('Basic ***,***,***')
    expectNoCanary(error)
  })

  it('S40 a refusal is remembered for the very secret', async () => {
    const provider = providerOf(['client_secret_basic'])
    const httpCache = new Map<string, string>()
    provider.replies.push(refuse('invalid_client'))
    for (let time = 0; time < 2; time++) {
      expect(await codeOf(clientOf(provider, 'wrong', httpCache).acquireTokenForClient({ scopes }))).toBe('server_error')
    }
    expect(provider.count()).toBe(1)
    expect(await clientOf(provider, 'right', httpCache).acquireTokenForClient({ scopes })).toHaveProperty('accessToken')
    expect([...httpCache].join()).not.toMatch(/wrong|right|Basic/)
  })

  it.each(['plain', 'a:b%c+d e&f=g', '"~/@?'])(
    'another implementation of HTTP Basic understands the id and the secret %s',
    async (text) => {
      // It advises against what no production would do.
      for (const method of ['info', 'warn'] as const) vi.spyOn(console, method).mockReturnValue()
      const server = createServer((request, response) => void provider.callback()(request, response))
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      // It has no types.
      const { default: Provider } = await import('oidc-provider' as string)
      const provider = new Provider(issuer, {
        clients: [
          { client_id: 'id:% +', client_secret: text, grant_types: ['client_credentials'], redirect_uris: [], response_types: [] },
          { client_id: 'other', client_secret: 'other', grant_types: ['client_credentials'], redirect_uris: [], response_types: [] },
        ],
        clientAuthMethods: ['client_secret_basic'],
        scopes: ['api'],
        features: { clientCredentials: { enabled: true } },
      })
      const token = (clientCredential: string) =>
        new ConfidentialClientApplication({ clientId: 'id:% +', oidcAuthority: issuer, clientCredential }).acquireTokenForClient({
          scopes: ['api'],
        })
      try {
        expect(await token(text)).toHaveProperty('accessToken')
        expect(await errorOf(token(`${text}x`))).toMatchObject({ error: 'invalid_client' })
      } finally {
        server.closeAllConnections()
        server.close()
      }
    },
  )
})
