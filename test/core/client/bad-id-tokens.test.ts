import { describe, expect, it } from 'vitest'
import { SerializableTokenCache } from '../../../src/core/index.ts'
import { alice, FakeProvider, type Reply } from '../../support/fake-provider.ts'
import { jwt } from '../oauth/tokens.ts'
import { clientId, confidentialClient, errorOf, publicClient, scopes } from './support.ts'

type Claims = Record<string, unknown>
const now = Math.floor(Date.now() / 1000)
const host = 'https://login.microsoftonline.com'
const header = { alg: 'RS256', typ: 'JWT', kid: 'k1' }
const encrypted = (fields: object) => `${Buffer.from(JSON.stringify(fields)).toString('base64url')}.a2V5.aXY.Y2lwaGVy.dGFn`

/** Of a good id token each makes a bad one, and by what it is refused. */
const bad: Record<string, [(claims: Claims) => unknown, string]> = {
  'no JWT': [() => 'x', 'id_token_invalid'],
  'a number': [() => 42, 'bad_response'],
  'an object': [(claims) => claims, 'bad_response'],
  'of two parts': [(claims) => jwt(header, claims).replace(/\.[^.]*$/, ''), 'id_token_invalid'],
  'without a signature': [(claims) => jwt(header, claims, ''), 'id_token_invalid'],
  'of the algorithm none': [(claims) => jwt({ alg: 'none' }, claims), 'id_token_invalid'],
  'of the algorithm nOnE': [(claims) => jwt({ alg: 'nOnE' }, claims), 'id_token_invalid'],
  'of no algorithm': [(claims) => jwt({ typ: 'JWT' }, claims), 'id_token_invalid'],
  encrypted: [() => encrypted({ alg: 'RSA-OAEP', enc: 'A256GCM', zip: 'DEF' }), 'id_token_invalid'],
  'encrypted by PBES2': [() => encrypted({ alg: 'PBES2-HS256+A128KW', enc: 'A128GCM', p2c: 2 ** 31, p2s: 'c2FsdA' }), 'id_token_invalid'],
  'longer than 64 KiB': [(claims) => jwt(header, { ...claims, padding: 'x'.repeat(65_536) }), 'id_token_invalid'],
  'of claims that are a list': [(claims) => jwt(header, [claims]), 'id_token_invalid'],
  'for nobody': [(claims) => jwt(header, { ...claims, sub: undefined }), 'id_token_invalid'],
  'of no issuer': [(claims) => jwt(header, { ...claims, iss: undefined }), 'issuer_mismatch'],
  'of another issuer': [(claims) => jwt(header, { ...claims, iss: 'https://evil.example' }), 'issuer_mismatch'],
  'of the issuer with a slash': [(claims) => jwt(header, { ...claims, iss: `${claims.iss}/` }), 'issuer_mismatch'],
  'of another tenant': [
    (claims) => jwt(header, { ...claims, tid: 'another', iss: `${host}/22222222-2222-4222-8222-222222222222/v2.0` }),
    'issuer_mismatch',
  ],
  'for another client': [(claims) => jwt(header, { ...claims, aud: 'another' }), 'audience_mismatch'],
  'for another client too': [(claims) => jwt(header, { ...claims, aud: [clientId, 'another'] }), 'audience_mismatch'],
  'for no client': [(claims) => jwt(header, { ...claims, aud: undefined }), 'audience_mismatch'],
  'asked for by another client': [(claims) => jwt(header, { ...claims, azp: 'another' }), 'audience_mismatch'],
  'that is over': [(claims) => jwt(header, { ...claims, exp: now - 300 }), 'id_token_invalid'],
  'without an end': [(claims) => jwt(header, { ...claims, exp: undefined }), 'id_token_invalid'],
  'of no time': [(claims) => jwt(header, { ...claims, iat: undefined }), 'id_token_invalid'],
  'of tomorrow': [(claims) => jwt(header, { ...claims, iat: now + 86_400 }), 'id_token_invalid'],
  'good from tomorrow on': [(claims) => jwt(header, { ...claims, nbf: now + 86_400 }), 'id_token_invalid'],
}

/** The provider's own answer, with its id token changed. */
const answer =
  (change: (claims: Claims) => unknown): Reply =>
  (_, standard) => {
    const body = standard()
    const claims = JSON.parse(Buffer.from(String(body.id_token).split('.')[1]!, 'base64url').toString())
    return Response.json({ ...body, id_token: change(claims) })
  }

interface Start {
  provider: FakeProvider
  tokenCache: SerializableTokenCache
}

/** Each gets ready, and gives what sends the token request. */
const grants: Record<string, (start: Start) => Promise<() => Promise<unknown>>> = {
  async 'a code and its flow'({ provider, tokenCache }) {
    const app = publicClient(provider, { tokenCache })
    const flow = await app.initiateAuthCodeFlow({ scopes, redirectUri: 'https://app.example/' })
    return () => app.acquireTokenByAuthCodeFlow({ flow, response: provider.signIn(flow.authUri) })
  },
  async 'a code alone'({ provider, tokenCache }) {
    const app = publicClient(provider, { tokenCache })
    return () => app.acquireTokenByAuthorizationCode({ code: 'a-code', scopes })
  },
  async 'a refresh token that is kept'({ provider, tokenCache }) {
    const app = publicClient(provider, { tokenCache })
    const { account } = await app.acquireTokenByRefreshToken({ refreshToken: provider.refreshTokenOf(alice), scopes })
    return () => app.acquireTokenSilentWithError({ scopes, account, forceRefresh: true })
  },
  async 'a refresh token from elsewhere'({ provider, tokenCache }) {
    const app = publicClient(provider, { tokenCache })
    return () => app.acquireTokenByRefreshToken({ refreshToken: provider.refreshTokenOf(alice), scopes })
  },
  async 'a device code'({ provider, tokenCache }) {
    const app = publicClient(provider, { tokenCache })
    const codes = { user_code: 'A', device_code: 'a-device-code', verification_uri: 'https://a.example', expires_in: 900, interval: 1 }
    provider.onRequest = ({ url }) => (url.pathname.endsWith('/devicecode') ? Response.json(codes) : undefined)
    const flow = await app.initiateDeviceFlow({ scopes })
    return () => app.acquireTokenByDeviceFlow({ flow })
  },
  async 'an assertion'({ provider, tokenCache }) {
    const app = confidentialClient(provider, { tokenCache })
    return () => app.acquireTokenOnBehalfOf({ userAssertion: 'a.users.token', scopes })
  },
  async 'name and password'({ provider, tokenCache }) {
    const app = publicClient(provider, { tokenCache })
    provider.onRequest = ({ url }) =>
      /userrealm/i.test(url.pathname) ? Response.json({ ver: '1.0', account_type: 'Managed', domain_name: 'contoso.example' }) : undefined
    return () => app.acquireTokenByUsernamePassword({ username: alice.username, password: 'word', scopes })
  },
}

async function ready(prepare: (start: Start) => Promise<() => Promise<unknown>>) {
  const provider = new FakeProvider()
  const tokenCache = new SerializableTokenCache()
  const call = await prepare({ provider, tokenCache })
  return { provider, tokenCache, call, before: tokenCache.serialize(), asked: provider.count() }
}

/** What only the clock tells, which may be wrong: a renewal is not refused for it (S67, test/core/client/clock.test.ts). */
const untimely = ['that is over', 'of tomorrow', 'good from tomorrow on']

describe.each(Object.entries(grants))('S13 S18 S20 of %s', (grant, prepare) => {
  const cases = Object.entries(bad).filter(([name]) => !(grant.includes('refresh token') && untimely.includes(name)))

  it('a good id token is taken, and kept', async () => {
    const { provider, tokenCache, call, before } = await ready(prepare)
    provider.replies.push(answer((claims) => jwt(header, { ...claims, name: 'somebody' })))
    await call()
    expect(tokenCache.serialize()).not.toBe(before)
    expect(tokenCache.serialize()).toContain('IdToken')
  })

  it('a bad id token is refused, and nothing of its answer kept', async () => {
    const outcomes = await Promise.all(
      cases.map(async ([name, [change, code]]) => {
        const { provider, tokenCache, call, before, asked } = await ready(prepare)
        provider.replies.push(answer(change))
        const error = await errorOf(call())
        return { name, code: error.code, expected: code, kept: tokenCache.serialize() !== before, sent: provider.count() - asked }
      }),
    )
    expect(outcomes).toEqual(cases.map(([name, [, code]]) => ({ name, code, expected: code, kept: false, sent: 1 })))
  })
})
