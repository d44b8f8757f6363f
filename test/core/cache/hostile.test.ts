import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ConfidentialClientApplication, isAuthError, SerializableTokenCache, TokenCache } from '../../../src/core/index.ts'
import { FakeProvider } from '../../support/fake-provider.ts'
import { memoryStore } from '../../support/memory-store.ts'
import { authority, clientId, confidentialClient, scopes } from '../client/support.ts'
import { besideBroken, damaged, random, types } from './hostile.ts'

beforeEach(() => void vi.useFakeTimers({ now: Date.UTC(2030, 0, 1), toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

/** HOSTILE_SEED=n repeats one case alone. */
const given = process.env.HOSTILE_SEED
const seeds = given ? [Number(given)] : Array.from({ length: 5000 }, (_, index) => index + 1)
const userAssertion = 'a.users.token'
const apiScopes = ['api/.default']

type Sections = Record<string, Record<string, Record<string, unknown>>>

/** What two clients have got for one person and for themselves: the valid entries. */
async function validEntries() {
  const provider = new FakeProvider()
  const tokenCache = new SerializableTokenCache()
  for (const id of ['neighbour', clientId]) {
    const app = confidentialClient(provider, { tokenCache, clientId: id })
    const flow = await app.initiateAuthCodeFlow({ scopes, redirectUri: 'https://app.example/' })
    await app.acquireTokenByAuthCodeFlow({ flow, response: provider.signIn(flow.authUri) })
    await app.acquireTokenForClient({ scopes: apiScopes })
    await app.acquireTokenOnBehalfOf({ userAssertion, scopes })
  }
  const all = JSON.parse(tokenCache.serialize()) as Sections
  for (const entities of Object.values(all)) for (const entity of Object.values(entities)) entity.of_another_library = { a: [1, null] }
  all.Kept = { whole: { x: [1, { y: null }] }, more: {} }
  const partOf = (belongs: (entity: Record<string, unknown>) => boolean) =>
    Object.fromEntries(
      [...types, 'Kept'].map((type) => [
        type,
        Object.fromEntries(Object.entries(all[type]!).filter(([, entity]) => ['AppMetadata', 'Kept'].includes(type) || belongs(entity))),
      ]),
    )
  const client = confidentialClient(provider, { tokenCache })
  const [account] = await client.getAccounts()
  return { all, partOf, account: account! }
}

/** Another client's, and another owner's where an account is concerned: what nobody can tell from a valid entry is none of these. */
const broken = (entity: Record<string, unknown>) => ({
  ...entity,
  client_id: 'broken-client',
  ...('authority_type' in entity && { home_account_id: 'broken.owner', user_assertion_hash: 'broken' }),
})

const offline: typeof fetch = () => Promise.reject(new TypeError('offline'))
const clientOf = (tokenCache: TokenCache, fetch = offline) =>
  new ConfidentialClientApplication({ clientId, authority, clientCredential: 'a-secret', fetch, tokenCache })

/** What comes of a call; an error that is not one of ours fails the test. */
async function outcome<T>(call: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await call()
  } catch (error) {
    if (!isAuthError(error)) throw error
    return undefined
  }
}

const roots = [Object, Object.prototype, Array, Array.prototype, Function, Function.prototype, String, String.prototype]
const namesOfRoots = () => roots.map((root) => Object.getOwnPropertyNames(root).join()).join('\n')
const clean = namesOfRoots()

/** The entries that a text holds, by section and value: keys may change. */
function entriesIn(text: string): Set<string> {
  const sections = Object.entries(JSON.parse(text) as Record<string, object>)
  return new Set(sections.flatMap(([type, entries]) => Object.values(entries ?? {}).map((entity) => `${type} ${canonical(entity)}`)))
}
const canonical = (value: unknown) =>
  JSON.stringify(
    value && typeof value === 'object' ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value,
  )

function expectEntries(text: string, valid: Sections, note: string, sections = [...types, 'Kept']): void {
  const found = entriesIn(text)
  for (const type of sections) {
    for (const entity of Object.values(valid[type] ?? {}))
      if (!found.has(`${type} ${canonical(entity)}`)) throw new Error(`${note}: lost ${type} ${canonical(entity)}`)
  }
}

describe('S44 S48 hostile content', () => {
  it('5 000 cache files: typed errors only, no prototype changed, and the valid entries are served and written', async () => {
    const { all, account } = await validEntries()
    for (const seed of seeds) {
      const r = random(seed)
      const note = `HOSTILE_SEED=${seed}`
      let text = besideBroken(r, all, broken)
      const whole = r.chance(0.7)
      if (!whole) text = damaged(r, text)
      const tokenCache = new SerializableTokenCache()
      const app = clientOf(tokenCache)
      await outcome(() => tokenCache.deserialize(text))
      const accounts = await outcome(() => app.getAccounts())
      const silent = await outcome(() => app.acquireTokenSilent({ scopes, account }))
      const service = await outcome(() => app.acquireTokenForClient({ scopes: apiScopes }))
      const onBehalf = await outcome(() => app.acquireTokenOnBehalfOf({ userAssertion, scopes }))
      for (const type of types) await tokenCache.find(type as 'AccessToken', { target: ['x'], __proto__: { y: 1 } })
      const written = tokenCache.serialize()
      tokenCache.deserialize(written)
      expect(entriesIn(tokenCache.serialize()), note).toEqual(entriesIn(written))
      for (const each of accounts ?? []) await outcome(() => app.removeAccount(each))
      if (whole) {
        expect(accounts, note).toContainEqual(account)
        expect([silent?.tokenSource, service?.tokenSource, onBehalf?.tokenSource], note).toEqual(['cache', 'cache', 'cache'])
        expectEntries(written, all, note)
      }
      if (namesOfRoots() !== clean) throw new Error(`${note}: a prototype was changed`)
    }
  }, 60_000)

  it('5 000 partitions of a store: the same, and what is written beside them leaves the valid entries', async () => {
    const { partOf, account } = await validEntries()
    const id = account.homeAccountId
    const parts: [string, Sections][] = [
      [`user:${id}`, partOf((entity) => entity.home_account_id === id && !entity.user_assertion_hash)],
      [`app:${clientId} login.microsoftonline.com contoso.example`, partOf((entity) => !entity.home_account_id)],
    ]
    for (const seed of seeds) {
      const r = random(seed)
      const note = `HOSTILE_SEED=${seed}`
      const provider = new FakeProvider()
      const store = memoryStore()
      const whole = r.chance(0.7)
      for (const [name, valid] of parts) {
        const text = besideBroken(r, valid, broken)
        store.content.set(name, { value: whole ? text : damaged(r, text), version: 'hostile' })
      }
      store.content.set(r.pick(['', ':', 'user:', 'user:__proto__', 'app', '__proto__', 'constructor:x']), { value: '{}', version: 'odd' })
      const app = clientOf(new TokenCache({ store }), provider.fetch)
      const accounts = await outcome(() => app.getAccounts())
      const one = await outcome(() => app.getAccount(account))
      const silent = await outcome(() => app.acquireTokenSilent({ scopes, account }))
      const service = await outcome(() => app.acquireTokenForClient({ scopes: apiScopes }))
      if (whole) {
        expect(accounts, note).toEqual([account])
        expect(one, note).toEqual(account)
        expect([silent?.tokenSource, service?.tokenSource], note).toEqual(['cache', 'cache'])
      }
      if (r.chance(0.2)) {
        await outcome(() => app.acquireTokenSilent({ scopes: ['Other.Read'], account }))
        await outcome(() => app.acquireTokenForClient({ scopes: ['other/.default'] }))
        if (whole) {
          for (const [name, valid] of parts) {
            const neighbours = Object.entries(valid).map(([type, entries]) => [
              type,
              ['Account', 'Kept'].includes(type) ? entries : of('neighbour', entries),
            ])
            expectEntries(store.content.get(name)!.value, Object.fromEntries(neighbours) as Sections, note)
            expectEntries(store.content.get(name)!.value, { AccessToken: of(clientId, valid.AccessToken!) }, note)
          }
        }
      }
      await outcome(() => app.removeAccount(account))
      expect(await outcome(() => app.getAccounts()), note).toEqual([])
      if (namesOfRoots() !== clean) throw new Error(`${note}: a prototype was changed`)
    }
  }, 60_000)
})

const of = (client: string, entries: Record<string, Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(entries).filter(([, entity]) => entity.client_id === client))
