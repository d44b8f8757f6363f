import { type AuthenticationProvider, Client } from '@microsoft/microsoft-graph-client'
import { decodeJwt } from 'jose'
import { Agent } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toAuthenticationProvider } from '../../src/azure/index.ts'
import { ConfidentialClientApplication, PublicClientApplication, parseClaimsChallenge, TokenCache } from '../../src/core/index.ts'
import { type FakeProvider, fakeProvider, seed } from '../../src/testing/index.ts'
import { claimsAsked, type Service, serve, startService } from './services.ts'

const clientId = 'graph-client'
const tenantId = 'c0ffee00-0000-4000-8000-00000c0ffee0'
const authority = `https://login.microsoftonline.com/${tenantId}`
const audience = 'https://graph.microsoft.com'

let provider: FakeProvider
let service: Service
let server: Awaited<ReturnType<typeof serve>>
let agent: Agent
beforeAll(async () => {
  provider = fakeProvider({ authority })
  const answer = ({ preferred_username, azp, scp }: Record<string, unknown>) => Response.json({ me: preferred_username ?? azp, scp })
  service = startService({ authority, tenantId, audience, answer, fetch: provider.fetch })
  server = await serve(asGraph)
  agent = new Agent({ connect: { ca: server.ca } })
})
afterAll(async () => {
  server.close()
  await agent.close()
})

/** Graph says in a body of its own what was wrong. */
async function asGraph(request: Request): Promise<Response> {
  const { status, headers, body } = await service.handle(request)
  if (status < 400) return new Response(body, { status, headers })
  const error = { code: 'InvalidAuthenticationToken', message: 'Continuous access evaluation resulted in challenge.', innerError: {} }
  return Response.json({ error }, { status, headers })
}

/** The client as it is published. Its own hosts are Microsoft's. */
const graph = (authProvider: AuthenticationProvider) =>
  Client.initWithMiddleware({
    authProvider,
    baseUrl: server.url,
    customHosts: new Set(['localhost']),
    fetchOptions: { dispatcher: agent } as object,
  })

describe('the Microsoft Graph client', () => {
  it('reads as the service itself', async () => {
    const app = new ConfidentialClientApplication({ clientId, clientCredential: 'secret', ...provider.clientOptions })
    expect(await graph(toAuthenticationProvider(app)).api('/users').get()).toEqual({ me: clientId })
  })

  it('reads for somebody who has signed in, with the scopes of the app or of the call', async () => {
    const tokenCache = new TokenCache()
    const refreshToken = provider.issueRefreshToken({ clientId })
    const account = await seed(tokenCache, { clientId, authority, scopes: ['Files.Read'], refreshToken })
    const app = new PublicClientApplication({ clientId, ...provider.clientOptions, tokenCache })
    const authProvider = toAuthenticationProvider(app, { account, scopes: ['User.Read'] })
    expect(await graph(authProvider).api('/me').get()).toEqual({ me: 'alice@contoso.example', scp: 'User.Read' })
    expect(decodeJwt(await authProvider.getAccessToken({ scopes: ['Mail.Read'] })).scp).toBe('Mail.Read')
  })

  it('answers a claims challenge that its caller hands on', async () => {
    const app = new ConfidentialClientApplication({
      clientId,
      clientCredential: 'secret',
      ...provider.clientOptions,
      clientCapabilities: ['CP1'],
    })
    const authProvider = toAuthenticationProvider(app)
    await graph(authProvider).api('/users').get()
    service.revoke()
    const refused = await graph(authProvider)
      .api('/users')
      .get()
      .catch((error) => error)
    expect(refused.statusCode).toBe(401)
    const claims = parseClaimsChallenge(refused.headers)!
    expect(claims).toBe(claimsAsked)
    await authProvider.getAccessToken({ claims })
    expect(await graph(authProvider).api('/users').get()).toEqual({ me: clientId })
  })
})
