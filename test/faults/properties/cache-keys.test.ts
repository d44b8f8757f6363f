import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sendThrottled } from '../../../src/core/http/throttle.ts'
import { ConfidentialClientApplication, SerializableTokenCache, TokenCache } from '../../../src/core/index.ts'
import { memoryStore } from '../../support/memory-store.ts'
import { runs } from '../../support/property.ts'
import {
  accountOf,
  clientOf,
  clientWithProvider,
  homeOf,
  type Identity,
  issuerOf,
  pairs,
  providerFor,
  requestOf,
  segment,
  serves,
  text,
} from './identities.ts'

describe('S24 S45 S46 S79 keys are injective', () => {
  it("a person's token serves nobody but that person, client, issuer, key and scopes, in memory, from a file and over a store", async () => {
    await fc.assert(
      fc.asyncProperty(pairs, async (both) => {
        const memory = new SerializableTokenCache()
        const store = memoryStore()
        const stored = new TokenCache({ store })
        for (const cache of [memory, stored]) {
          for (const one of both) await clientWithProvider(one, cache).acquireTokenByRefreshToken({ refreshToken: 'r', ...requestOf(one) })
        }
        const file = new SerializableTokenCache()
        file.deserialize(memory.serialize())
        for (const cache of [memory, file, stored, new TokenCache({ store })]) {
          for (const one of both) {
            const client = clientOf(one, cache)
            const result = await client.acquireTokenSilent({ ...requestOf(one), account: accountOf(one) })
            expect(result?.tokenSource).toBe('cache')
            expect(serves(JSON.parse(result!.accessToken), one, true), result!.accessToken).toBe(true)
            expect(result!.account.homeAccountId).toBe(homeOf(one))
            if (one.oidc) {
              const accounts = await client.getAccounts()
              const issuer = `${one.origin}/${one.path}`
              expect(result!.idTokenClaims!.iss).toBe(issuer)
              const others = both.filter((other) => other.oidc && issuerOf(other) !== issuerOf(one)).map(issuerOf)
              for (const { username } of accounts) expect(others).not.toContain(username)
            }
          }
        }
        expect(store.content.size).toBe(new Set(both.map(homeOf)).size)
      }),
      runs(300),
    )
  }, 180_000)

  it("a person's refresh token is sent to nobody but the issuer that gave it, or the host of a tenant, for that person and client", async () => {
    await fc.assert(
      fc.asyncProperty(pairs, async ([given, asked]) => {
        const cache = new TokenCache()
        await clientWithProvider(given, cache).acquireTokenByRefreshToken({ refreshToken: 'r', ...requestOf(given) })
        const sent: string[] = []
        const provider = providerFor(asked)
        const client = clientOf(asked, cache, (input, init) => {
          if (init?.body) sent.push(String(new URLSearchParams(String(init.body)).get('refresh_token')))
          return provider(input, init)
        })
        await client.acquireTokenSilent({ ...requestOf(asked), account: accountOf(asked), forceRefresh: true })
        const sameHost = new URL(given.origin).hostname === new URL(asked.origin).hostname
        // A tenant's names no issuer, as other libraries write them all: it may be that of anybody on its host.
        const sameIssuer = issuerOf(given) === issuerOf(asked) || (!given.oidc && sameHost)
        const same = sameIssuer && given.clientId === asked.clientId && homeOf(given) === homeOf(asked)
        expect(sent).toEqual(same ? [JSON.stringify(given)] : [])
      }),
      runs(300),
    )
  }, 60_000)

  it("an application's own token serves nobody but that client, issuer, key and scopes, and no person", async () => {
    await fc.assert(
      fc.asyncProperty(pairs, async (both) => {
        const store = memoryStore()
        const memory = new TokenCache()
        for (const one of both) {
          for (const cache of [memory, new TokenCache({ store })])
            await clientWithProvider(one, cache).acquireTokenForClient(requestOf(one))
        }
        for (const one of both) {
          for (const cache of [memory, new TokenCache({ store })]) {
            const client = clientOf(one, cache)
            const result = await client.acquireTokenForClient(requestOf(one))
            expect(serves(JSON.parse(result.accessToken), one, false), result.accessToken).toBe(true)
            expect(await client.acquireTokenSilent({ ...requestOf(one), account: accountOf(one) })).toBe(null)
          }
        }
        const owners = both.map((one) => JSON.stringify([one.clientId, issuerOf(one)]))
        expect(store.content.size).toBe(new Set(owners).size)
      }),
      runs(300),
    )
  }, 60_000)

  it("a token on somebody's behalf serves nobody but who brings the same assertion, to that client and issuer", async () => {
    await fc.assert(
      fc.asyncProperty(pairs, async (both) => {
        const cache = new TokenCache()
        const assertionOf = (one: Identity) => JSON.stringify([one.assertion, homeOf(one)])
        const ask = (one: Identity, client: ConfidentialClientApplication) =>
          client.acquireTokenOnBehalfOf({ userAssertion: assertionOf(one), ...requestOf(one) })
        for (const one of both) await ask(one, clientWithProvider(one, cache))
        for (const one of both) {
          const found = await ask(one, clientOf(one, cache)).catch((error: unknown) => {
            // A refresh token of one tenant was used in the other, and has brought no account there: it is used each time.
            if (both.every(({ oidc }) => oidc)) throw error
          })
          if (!found) continue
          const { accessToken, account, idTokenClaims } = found
          const given: Identity = JSON.parse(accessToken)
          expect(serves(given, one, false) && assertionOf(given) === assertionOf(one), accessToken).toBe(true)
          // Who brings the same assertion is the same person at one issuer.
          const issuer = `${one.origin}/${one.path}`
          if (one.oidc) expect([account.username, idTokenClaims!.iss]).toEqual([issuer, issuer])
        }
      }),
      runs(300),
    )
  }, 60_000)
})

const host = 'https://login.microsoftonline.com'

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
      const ask = async ({ clientId, path, uid, utid, scopes }: Identity) => {
        const tenant = path.split('/')[0]!
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
