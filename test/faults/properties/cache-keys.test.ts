import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sendThrottled } from '../../../src/core/http/throttle.ts'
import { ConfidentialClientApplication, SerializableTokenCache, TokenCache } from '../../../src/core/index.ts'
import { memoryStore } from '../../support/memory-store.ts'
import { runs } from '../../support/property.ts'

const host = 'https://login.microsoftonline.com'
/** Short texts of all that could separate one part of a key from the next. */
const text = fc
  .array(
    fc.constantFrom(
      ' ',
      '-',
      '--',
      '|',
      ':',
      '.',
      '/',
      '\n',
      '"',
      '\\',
      ',',
      '+',
      '%20',
      'a',
      'A',
      'b',
      'user',
      'app',
      '__proto__',
      '\u0000',
    ),
    {
      minLength: 1,
      maxLength: 4,
    },
  )
  .map((pieces) => pieces.join(''))
/** A path segment cannot hold everything, nor be a way up. */
const segment = text.map((each) => `t${encodeURIComponent(each)}`)
const scope = fc.constantFrom('a', 'b', 'a-b', 'a.b', 'a/b', 'a:b', 'api://a/b')

const identity = fc.record({
  clientId: text,
  tenant: segment,
  uid: text,
  utid: text,
  assertion: fc.option(text, { nil: undefined }),
  scopes: fc.uniqueArray(scope, { minLength: 1, maxLength: 3 }),
})
type Identity = typeof identity extends fc.Arbitrary<infer T> ? T : never

/** Two that are often alike in most. */
const pairs = fc
  .tuple(identity, identity, fc.subarray(['clientId', 'tenant', 'uid', 'utid', 'assertion', 'scopes'] as const))
  .map(([one, two, same]): [Identity, Identity] => [one, { ...two, ...Object.fromEntries(same.map((name) => [name, one[name]])) }])

const offline: typeof fetch = () => Promise.reject(new TypeError('offline'))
const homeOf = ({ uid, utid }: Identity) => `${uid}.${utid}`
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** What a sign-in, or a request on somebody's behalf, puts into the cache. */
function userEvent({ clientId, tenant, uid, utid, scopes }: Identity, accessToken: string) {
  const now = Math.floor(Date.now() / 1000)
  const claims = { iss: 'i', aud: clientId, sub: uid, oid: uid, tid: utid, iat: now, exp: now + 3600 }
  const idToken = `${encode({ alg: 'RS256' })}.${encode(claims)}.c2ln`
  const tokens = { access_token: accessToken, token_type: 'Bearer', expires_in: 3600, scope: scopes.join(' ') }
  const response = { ...tokens, id_token: idToken, client_info: encode({ uid, utid }) }
  return { clientId, scopes, tokenEndpoint: `${host}/${tenant}/oauth2/v2.0/token`, response, grantType: 'authorization_code' }
}

const clientOf = ({ clientId, tenant }: Identity, tokenCache: TokenCache) =>
  new ConfidentialClientApplication({ clientId, authority: `${host}/${tenant}`, clientCredential: 's', tokenCache, fetch: offline })

const account = (one: Identity) => ({
  homeAccountId: homeOf(one),
  environment: 'login.microsoftonline.com',
  tenantId: one.tenant,
  localAccountId: null,
  username: '',
  authorityType: 'MSSTS',
})

/** Whether a token that one was given may serve the other. */
const serves = (given: Identity, asked: Identity, personal: boolean) =>
  given.clientId === asked.clientId &&
  given.tenant.toLowerCase() === asked.tenant.toLowerCase() &&
  (!personal || homeOf(given) === homeOf(asked)) &&
  asked.scopes.every((each) => given.scopes.includes(each))

describe('S24 S45 S46 S79 keys are injective', () => {
  it("a person's token serves nobody but that person, client, tenant and scopes, in memory, from a file and over a store", async () => {
    await fc.assert(
      fc.asyncProperty(pairs, async (both) => {
        const memory = new SerializableTokenCache()
        const store = memoryStore()
        const stored = new TokenCache({ store })
        for (const cache of [memory, stored]) for (const one of both) await cache.add(userEvent(one, JSON.stringify(one)))
        const file = new SerializableTokenCache()
        file.deserialize(memory.serialize())
        for (const cache of [memory, file, stored, new TokenCache({ store })]) {
          for (const one of both) {
            const result = await clientOf(one, cache).acquireTokenSilent({ scopes: one.scopes, account: account(one) })
            expect(result?.tokenSource).toBe('cache')
            expect(serves(JSON.parse(result!.accessToken), one, true), result!.accessToken).toBe(true)
            expect(result!.account.homeAccountId).toBe(homeOf(one))
          }
        }
        expect(store.content.size).toBe(new Set(both.map(homeOf)).size)
      }),
      runs(300),
    )
  }, 60_000)

  it("an application's own token serves nobody but that client, tenant and scopes, and no person", async () => {
    await fc.assert(
      fc.asyncProperty(pairs, async (both) => {
        const store = memoryStore()
        for (const one of both) {
          const { clientId, tenant, scopes } = one
          const response = { access_token: JSON.stringify(one), token_type: 'Bearer', expires_in: 3600 }
          const tokenEndpoint = `${host}/${tenant}/oauth2/v2.0/token`
          await new TokenCache({ store }).add({ clientId, scopes, tokenEndpoint, response, grantType: 'client_credentials' })
        }
        for (const one of both) {
          const client = clientOf(one, new TokenCache({ store }))
          const result = await client.acquireTokenForClient({ scopes: one.scopes })
          expect(serves(JSON.parse(result.accessToken), one, false), result.accessToken).toBe(true)
          expect(await client.acquireTokenSilent({ scopes: one.scopes, account: account(one) })).toBe(null)
        }
        const owners = both.map(({ clientId, tenant }) => JSON.stringify([clientId, tenant.toLowerCase()]))
        expect(store.content.size).toBe(new Set(owners).size)
      }),
      runs(300),
    )
  }, 60_000)
})

/** A provider whose access tokens are the requests that they answer. */
const echoing: typeof fetch = async (input, init) => {
  const url = String(input)
  const base = url.replace(/\/v2\.0\/\.well-known\/.*/, '')
  if (base === url)
    return Response.json({ access_token: JSON.stringify([url, String(init?.body)]), token_type: 'Bearer', expires_in: 3600 })
  const endpoints = { authorization_endpoint: `${base}/oauth2/v2.0/authorize`, token_endpoint: `${base}/oauth2/v2.0/token` }
  return Response.json({ issuer: `${base}/v2.0`, ...endpoints })
}

it('S24 S45 S79 of requests that are under way at the same time each gets its own answer', async () => {
  await fc.assert(
    fc.asyncProperty(pairs, async (both) => {
      const tokenCache = new TokenCache()
      const ask = async ({ clientId, tenant, uid, utid, scopes }: Identity) => {
        const client = new ConfidentialClientApplication({
          clientId,
          authority: `${host}/${tenant}`,
          clientCredential: 's',
          tokenCache,
          fetch: echoing,
        })
        const parameters = { extraBodyParameters: { uid }, extraQueryParameters: { utid }, forceRefresh: true }
        const { accessToken } = await client.acquireTokenForClient({ scopes, ...parameters })
        const [url, body] = JSON.parse(accessToken)
        const form = Object.fromEntries(new URLSearchParams(body))
        const { pathname, searchParams } = new URL(url)
        expect([pathname.split('/')[1], searchParams.get('utid')]).toEqual([tenant, utid])
        expect(form).toMatchObject({ client_id: clientId, uid, scope: [...scopes].sort().join(' ') })
      }
      await Promise.all(both.map(ask))
    }),
    runs(300),
  )
}, 60_000)

describe('S40 S45 a refusal', () => {
  it('is repeated to the very same request only', async () => {
    const form = fc.array(fc.tuple(fc.constantFrom('scope', 'refresh_token', 'code', 'username', 'password', 'a&b'), text), {
      maxLength: 4,
    })
    const address = fc.tuple(segment, text).map(([tenant, query]) => `${host}/${tenant}/token?x=${encodeURIComponent(query)}`)
    await fc.assert(
      fc.asyncProperty(form, form, address, address, fc.boolean(), async (one, two, here, there, sameUrl) => {
        const kept = new Map<string, string>()
        let sent = 0
        const send = async () => {
          sent++
          return { status: 400, headers: new Headers(), body: '{"error":"invalid_grant"}' }
        }
        const cache = {
          get: (key: string) => kept.get(key),
          set: (key: string, value: string) => void kept.set(key, value),
          delete: () => {},
        }
        const post = (fields: [string, string][], url: string) =>
          sendThrottled({ send, cache }, { method: 'POST', url, body: new URLSearchParams(fields), timeout: 1000 }, 1000)
        await post(one, here)
        await post(two, sameUrl ? here : there)
        const sorted = (fields: [string, string][]) => {
          const parameters = new URLSearchParams(fields)
          parameters.sort()
          return parameters.toString()
        }
        const alike = sorted(one) === sorted(two) && (sameUrl || here === there)
        expect(sent).toBe(alike ? 1 : 2)
      }),
      runs(1000),
    )
  })
})
