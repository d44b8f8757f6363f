import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { emptyFolder, installBuild, node, root } from '../package/support.ts'

/** A program of a user, with the runner that comes with Node and nothing else. */
const program = `
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PublicClientApplication, TokenCache } from 'msal-isomorphic'
import { cacheStoreContract, fakeClock, fakeInteraction, fakeProvider, interactionContract, seed } from 'msal-isomorphic/testing'

test('a sign-in', async () => {
  const provider = fakeProvider()
  const app = new PublicClientApplication({ clientId: 'app', ...provider.clientOptions, interaction: fakeInteraction(provider) })
  const { account } = await app.acquireTokenInteractive({ scopes: ['User.Read'] })
  assert.equal(account.username, 'alice@contoso.example')
  const clock = fakeClock()
  clock.advance(3_600_000)
  const result = await app.acquireTokenSilent({ scopes: ['User.Read'], account })
  assert.equal(result.tokenSource, 'identity_provider')
  clock.restore()
})

test('a seeded cache', async () => {
  const tokenCache = new TokenCache()
  const account = await seed(tokenCache, { clientId: 'app', scopes: ['User.Read'] })
  const app = new PublicClientApplication({ clientId: 'app', tokenCache })
  assert.equal((await app.acquireTokenSilent({ scopes: ['User.Read'], account })).accessToken, 'seeded-access-token')
})

for (const { name, run } of interactionContract((answerAt) => ({
  responseModes: ['query'],
  begin: ({ signal }) => ({
    redirectUri: 'https://app.example/',
    authorize: async ({ url }) => {
      const answer = await answerAt(url)
      signal.throwIfAborted()
      return answer.url
    },
    close() {},
  }),
}))) test(name, run)
assert.ok(cacheStoreContract(() => {}).length > 10)
`

it('node:test, without msw or any other package', async () => {
  const folder = await projectFolder()
  await writeFile(join(folder, 'sign-in.test.mjs'), program)
  const report = await node(folder, ['--test', '--test-reporter=tap', 'sign-in.test.mjs'])
  expect(report).toMatch(/# pass \d\d/)
  expect(report).toContain('# fail 0')
}, 30_000)

/** The same with msw in the place of the network. The client is given no fetch. */
const mocked = `
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { http, HttpResponse } from 'msw'
import { setupServer } from 'msw/node'
import { ConfidentialClientApplication } from 'msal-isomorphic'
import { fakeProvider } from 'msal-isomorphic/testing'

test('msw', async () => {
  const provider = fakeProvider({ authority: 'https://login.microsoftonline.com/11111111-2222-4333-8444-555555555555' })
  const { authority } = provider.clientOptions
  const server = setupServer(
    http.all('*', ({ request }) => provider.handle(request)),
    http.post('https://api.example/echo', async ({ request }) => HttpResponse.text(await request.text())),
  )
  server.listen({ onUnhandledRequest: 'error' })
  const app = new ConfidentialClientApplication({ clientId: 'app', clientCredential: 'secret', authority })
  const scopes = ['https://graph.microsoft.com/.default']
  assert.match((await app.acquireTokenForClient({ scopes })).accessToken, /^eyJ/)
  provider.failNext({ lost: true })
  await assert.rejects(app.acquireTokenForClient({ scopes, forceRefresh: true }), { code: 'unreachable' })
  provider.failNext({ error: 'invalid_client' })
  await assert.rejects(app.acquireTokenForClient({ scopes, forceRefresh: true }), { error: 'invalid_client' })
  // What is not the provider's goes to the next handler, body and all.
  assert.equal(await (await fetch('https://api.example/echo', { method: 'POST', body: 'hello' })).text(), 'hello')
  server.close()
})
`

it('msw in node:test', async () => {
  const folder = await projectFolder()
  const path = (name: string) => join(root, 'node_modules/msw/lib', name)
  const text = mocked.replace("'msw/node'", `'${path('node/index.mjs')}'`).replace("'msw'", `'${path('core/index.mjs')}'`)
  await writeFile(join(folder, 'msw.test.mjs'), text)
  const report = await node(folder, ['--test', '--test-reporter=tap', 'msw.test.mjs'])
  expect(report).toContain('# fail 0')
  expect(report).toContain('# pass 1')
}, 30_000)

async function projectFolder(): Promise<string> {
  const folder = await emptyFolder()
  await installBuild(folder)
  await writeFile(join(folder, 'package.json'), '{"type":"module","private":true}')
  return folder
}
