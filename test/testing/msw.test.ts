import { HttpResponse, http } from 'msw'
import { setupServer } from 'msw/node'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { ConfidentialClientApplication, PublicClientApplication } from '../../src/core/index.ts'
import { fakeInteraction, fakeProvider } from '../../src/testing/index.ts'

const provider = fakeProvider({ authority: 'https://login.microsoftonline.com/11111111-2222-4333-8444-555555555555' })
const server = setupServer(
  http.all('*', ({ request }) => provider.handle(request)),
  http.post('https://api.example/echo', async ({ request }) => HttpResponse.text(await request.text())),
)
beforeAll(() => server.listen({ onUnhandledRequest: 'error' }))
afterEach(() => provider.clearFaults())
afterAll(() => server.close())

const { authority } = provider.clientOptions as { authority: string }
const clientId = 'app'

it('stands behind msw, in the place of the network', async () => {
  const app = new PublicClientApplication({ clientId, authority, interaction: fakeInteraction(provider), verifyIdTokenSignature: true })
  const { account } = await app.acquireTokenInteractive({ scopes: ['User.Read'] })
  expect(account.username).toBe('alice@contoso.example')
})

it('fails there as it is told', async () => {
  const app = new ConfidentialClientApplication({ clientId, clientCredential: 'secret', authority, timeout: 200 })
  const ask = () => app.acquireTokenForClient({ scopes: ['https://graph.microsoft.com/.default'], forceRefresh: true })
  await ask()
  provider.failNext({ lost: true })
  await expect(ask()).rejects.toMatchObject({ code: 'unreachable' })
  provider.failNext({ delay: 2000 })
  await expect(ask()).rejects.toMatchObject({ code: 'timed_out' })
  // Last of all: the client remembers it.
  provider.failNext({ error: 'invalid_client' })
  await expect(ask()).rejects.toMatchObject({ error: 'invalid_client' })
})

it('leaves what is not its own to other handlers, body and all', async () => {
  const answer = await fetch('https://api.example/echo', { method: 'POST', body: 'hello' })
  expect(await answer.text()).toBe('hello')
})
