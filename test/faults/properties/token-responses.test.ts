import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LONGEST_WAIT, retryAfter } from '../../../src/core/http/retry-after.ts'
import { isAuthError, SerializableTokenCache, TokenCache } from '../../../src/core/index.ts'
import { confidentialClient, signedIn } from '../../core/client/support.ts'
import { FakeProvider, raw, tokens } from '../../support/fake-provider.ts'
import { runs } from '../../support/property.ts'

const year = 365 * 24 * 3600_000
const odd = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    '',
    0,
    -1,
    1e308,
    3600,
    '3600',
    'x',
    true,
    [],
    {},
    ['a'],
    'Bearer',
    'bEaReR',
    'constructor',
    '__proto__',
    'toString',
  ),
  fc.double(),
  fc.string({ unit: 'binary' }),
  fc.jsonValue({ maxDepth: 2 }),
)
const names = [
  'access_token',
  'token_type',
  'expires_in',
  'expires_on',
  'ext_expires_in',
  'refresh_in',
  'scope',
  'refresh_token',
  'id_token',
  'client_info',
  'foci',
  'error',
  '__proto__',
  'constructor',
  'toString',
]
const fields = fc.array(fc.tuple(fc.constantFrom(...names), odd), { maxLength: 5 })

/** JSON in which a name may be that of a prototype. */
const jsonOf = (pairs: readonly (readonly [string, unknown])[]) =>
  `{${pairs.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value) ?? 'null'}`).join()}}`

describe('S10 S11 S79 any answer of a token endpoint', () => {
  it('is a token with a life of a year at most, or an AuthError and nothing stored', async () => {
    const good = [
      ['token_type', 'Bearer'],
      ['access_token', 'at'],
      ['expires_in', 3600],
    ] as const
    await fc.assert(
      fc.asyncProperty(fields, fc.constantFrom(200, 200, 200, 201, 204, 400, 500), async (pairs, status) => {
        const provider = new FakeProvider()
        const tokenCache = new SerializableTokenCache()
        const body = jsonOf([...good, ...pairs])
        provider.replies.push(() => new Response(status === 204 ? null : body, { status }))
        const call = confidentialClient(provider, { tokenCache }).acquireTokenForClient({ scopes: ['api/.default'] })
        const result = await call.catch((error: unknown) => {
          if (!isAuthError(error)) throw error
        })
        expect(({} as Record<string, unknown>).access_token).toBeUndefined()
        if (!result) {
          expect(tokenCache.hasStateChanged).toBe(false)
          return
        }
        const answer = JSON.parse(body) as Record<string, unknown>
        expect(status).toBe(200)
        expect(Object.hasOwn(answer, 'error')).toBe(false)
        expect(result.accessToken).toBe(answer.access_token)
        expect(result.accessToken).toMatch(/./s)
        expect(result.tokenType.toLowerCase()).toMatch(/^(bearer|dpop|pop|ssh-cert)$/)
        expect(result.expiresOn.getTime()).toBeGreaterThan(Date.now() - 5000)
        expect(result.expiresOn.getTime()).toBeLessThanOrEqual(Date.now() + year + 5000)
      }),
      runs(1000),
    )
  }, 60_000)

  it('any text at all is one or the other', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), async (body) => {
        const provider = new FakeProvider()
        provider.replies.push(raw(200, body))
        const call = confidentialClient(provider).acquireTokenForClient({ scopes: ['api/.default'] })
        const code = await call.then(
          () => 'ok',
          (error: unknown) => (isAuthError(error) ? error.code : String(error)),
        )
        expect(code).toMatch(/^(bad_response|server_error)$/)
      }),
      runs(300),
    )
  })
})

describe('S12 scopes that were granted', () => {
  it('a token never serves what it was not granted for', async () => {
    const scope = fc.constantFrom('A', 'B', 'a.b', 'api://x/C', 'D')
    const some = fc.uniqueArray(scope, { minLength: 1, maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(some, some, some, async (asked, granted, later) => {
        const { app, provider, account } = await signedIn({ scopes: ['Z'] })
        provider.replies.push(tokens({ scope: granted.join(' ') }))
        await app.acquireTokenSilent({ scopes: asked, account })
        provider.requests.length = 0
        const result = await app.acquireTokenSilent({ scopes: later, account })
        const covered = later.every((one) => granted.includes(one))
        expect(result?.tokenSource).toBe(covered ? 'cache' : 'identity_provider')
        expect(provider.count()).toBe(covered ? 0 : 1)
      }),
      runs(200),
    )
  }, 60_000)
})

describe('S32 any Retry-After', () => {
  it('is a wait of an hour at most, or none', () => {
    const date = fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-12-31') }).map((value) => value.toUTCString())
    const value = fc.oneof(
      fc.string({ unit: 'grapheme-ascii' }),
      fc.integer().map(String),
      fc.bigInt().map(String),
      date,
      fc.double().map(String),
    )
    fc.assert(
      fc.property(value, (text) => {
        const wait = retryAfter({ get: () => text } as unknown as Headers)
        if (wait !== undefined) expect(wait >= 0 && wait <= LONGEST_WAIT).toBe(true)
        expect(wait !== undefined).toBe(/^\d+$/.test(text) || /GMT$/.test(text))
      }),
      runs(2000),
    )
  })
})

it('S13 S48 TokenCache.add takes what a client would take, and throws nothing but an AuthError', async () => {
  await fc.assert(
    fc.asyncProperty(fields, odd, odd, odd, async (pairs, clientId, tokenEndpoint, scopes) => {
      const event = { clientId, tokenEndpoint, scopes, response: JSON.parse(jsonOf(pairs)) }
      for (const given of [
        event,
        { ...event, clientId: 'c', scopes: ['s'] },
        { ...event, clientId: 'c', scopes: ['s'], tokenEndpoint: 'https://h.example/t/token' },
      ]) {
        await new TokenCache().add(given as never).catch((error: unknown) => {
          if (!isAuthError(error)) throw error
        })
      }
    }),
    runs(500),
  )
})
