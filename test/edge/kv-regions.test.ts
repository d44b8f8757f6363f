import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type AccountInfo, ConfidentialClientApplication, TokenCache } from '../../src/core/index.ts'
import { kvHttpCache, kvStore } from '../../src/edge/index.ts'
import { authority, clientId, codeOf, scopes } from '../core/client/support.ts'
import { alice, bob, FakeProvider, type Person, refuse } from '../support/fake-provider.ts'
import { SlowKv } from './slow-kv.ts'

// Two isolates in two regions, over a KV that shows a write elsewhere a minute later.
const mail = ['Mail.Read']
const redirectUri = 'https://app.example/'

let kv: SlowKv
let provider: FakeProvider
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
  kv = new SlowKv()
  provider = new FakeProvider()
})
afterEach(() => {
  vi.useRealTimers()
})

const pass = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000)

function isolate(region: string) {
  const namespace = kv.at(region)
  const tokenCache = new TokenCache({ store: kvStore(namespace) })
  const options = { clientId, authority, clientCredential: 'a-secret', fetch: provider.fetch }
  return new ConfidentialClientApplication({ ...options, tokenCache, httpCache: kvHttpCache(namespace) })
}

async function signIn(app: ConfidentialClientApplication, person: Person): Promise<AccountInfo> {
  const flow = await app.initiateAuthCodeFlow({ scopes, redirectUri })
  const { account } = await app.acquireTokenByAuthCodeFlow({ flow, response: provider.signIn(flow.authUri, person) })
  return account
}

/** The refresh token of a person that counts in the end. */
function storedToken({ homeAccountId }: AccountInfo): string | undefined {
  const key = kv.keys().find((name) => name.includes(`{user:${homeAccountId}}`))
  const { RefreshToken = {} } = JSON.parse(kv.final(key!)!.split('\n')[2]!)
  return (Object.values(RefreshToken) as { secret: string }[])[0]?.secret
}

async function sourceOf(token: ReturnType<ConfidentialClientApplication['acquireTokenSilentWithError']>) {
  return (await token)?.tokenSource
}

const renew = (app: ConfidentialClientApplication, account: AccountInfo) =>
  app.acquireTokenSilentWithError({ scopes, account, forceRefresh: true })

test('S55 what one region has renewed, another that still holds the old refresh token neither uses up nor removes', async () => {
  const [here, there] = [isolate('here'), isolate('there')]
  const account = await signIn(here, alice)
  pass(61)
  expect((await there.getAccounts()).map(({ username }) => username)).toEqual([alice.username])
  provider.strictRotation = true
  await renew(here, account)
  const renewed = storedToken(account)
  pass(2)

  for (let time = 0; time < 50; time += 5) {
    expect(await codeOf(there.acquireTokenSilentWithError({ scopes: mail, account }))).toBe('interaction_required')
    pass(5)
  }
  expect(provider.count('refresh_token')).toBe(2)
  expect(storedToken(account)).toBe(renewed)

  pass(60)
  expect(await sourceOf(there.acquireTokenSilentWithError({ scopes: mail, account }))).toBe('identity_provider')
  expect(provider.count('refresh_token')).toBe(3)
})

test('S55 with a provider that allows it, both regions renew and both stay signed in', async () => {
  const [here, there] = [isolate('here'), isolate('there')]
  const account = await signIn(here, alice)
  pass(61)
  await there.getAccounts()
  for (let round = 0; round < 5; round++) {
    for (const app of [here, there]) {
      expect(await sourceOf(renew(app, account))).toBe('identity_provider')
      pass(7)
    }
  }
})

test('S55 one who signs in again where the old token was refused is signed in everywhere', async () => {
  const [here, there] = [isolate('here'), isolate('there')]
  const account = await signIn(here, alice)
  pass(61)
  await there.getAccounts()
  provider.strictRotation = true
  await renew(here, account)
  pass(2)
  expect(await codeOf(renew(there, account))).toBe('interaction_required')
  await signIn(there, alice)
  pass(2)
  expect(await sourceOf(renew(there, account))).toBe('identity_provider')
  pass(61)
  expect(await sourceOf(renew(here, account))).toBe('identity_provider')
})

test('S55 a session that was ended elsewhere leaves the others alone, and a refused token asks the provider once a minute', async () => {
  const app = isolate('here')
  const account = await signIn(app, alice)
  const other = await signIn(app, bob)
  const dead = storedToken(account)
  provider.onToken = ({ form }) => (form.refresh_token === dead ? refuse('invalid_grant', { suberror: 'bad_token' }) : undefined)
  for (let time = 0; time < 180; time += 10) {
    expect(await codeOf(renew(app, account))).toBe('interaction_required')
    pass(10)
  }
  expect(provider.count('refresh_token')).toBeLessThanOrEqual(4)
  expect(await sourceOf(renew(app, other))).toBe('identity_provider')
  expect(await app.getAccounts()).toHaveLength(2)
})

test('a sign-out is seen elsewhere a minute later', async () => {
  const [here, there] = [isolate('here'), isolate('there')]
  const account = await signIn(here, alice)
  pass(61)
  await there.getAccounts()
  await here.removeAccount(account)
  pass(61)
  expect(await there.acquireTokenSilent({ scopes, account })).toBeNull()
  expect(await there.getAccounts()).toEqual([])
  expect(await here.getAccounts()).toEqual([])
})

test('an application token of one region is served in another, which asks for no discovery document either', async () => {
  const client = { scopes: ['https://graph.microsoft.com/.default'] }
  await isolate('here').acquireTokenForClient(client)
  pass(61)
  const asked = provider.requests.length
  const { tokenSource } = await isolate('there').acquireTokenForClient(client)
  expect(tokenSource).toBe('cache')
  const other = await isolate('there').acquireTokenForClient({ scopes: ['api://notes/.default'] })
  expect(other.tokenSource).toBe('identity_provider')
  expect(provider.requests.slice(asked).map(({ method }) => method)).toEqual(['POST'])
})

test('where KV fails, people sign in and get tokens all the same', async () => {
  kv.fault = () => Promise.reject(new Error('KV GET failed: 503 Service Unavailable'))
  const app = isolate('here')
  const account = await signIn(app, alice)
  expect(await sourceOf(app.acquireTokenSilentWithError({ scopes, account }))).toBe('cache')
  expect(await sourceOf(renew(app, account))).toBe('identity_provider')
})
