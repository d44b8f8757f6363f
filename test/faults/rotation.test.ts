import { describe, expect, it } from 'vitest'
import { PublicClientApplication, SerializableTokenCache } from '../../src/core/index.ts'
import { codeOf, secrets } from '../core/client/support.ts'
import type { Fault, Tenant } from './matrix/faulty-provider.ts'
import { clientId, signed } from './matrix/faulty-provider.ts'
import { account } from './matrix/methods.ts'
import { stage } from './matrix/stage.ts'

const on = stage()
const scopes = ['User.Read']

/** By the time that these play, the provider has rotated the refresh token. */
const losses: [name: string, play: Fault, code: string][] = [
  ['a reset', (response) => (response.socket as import('node:net').Socket).resetAndDestroy(), 'unreachable'],
  ['silence', () => {}, 'timed_out'],
  [
    'an answer that is cut',
    (response, { good }) => void response.writeHead(200).write(good.body.slice(0, 50), () => response.destroy()),
    'bad_response',
  ],
]

/** A signed-in account at a provider that rotates, and somebody else's beside it in the cache. */
async function signedIn(rotation: Tenant['rotation']) {
  const tenant = on.provider.tenant()
  tenant.rotation = rotation
  const tokenCache = new SerializableTokenCache()
  const event = { clientId, scopes, tokenEndpoint: `${tenant.authority}/oauth2/v2.0/token`, grantType: 'authorization_code' }
  await tokenCache.add({ ...event, response: on.provider.tokens(tenant) })
  const now = Math.floor(Date.now() / 1000)
  const claims = { iss: `${tenant.authority}/v2.0`, aud: clientId, sub: 'other', oid: 'other', tid: tenant.id, iat: now, exp: now + 3600 }
  const client_info = Buffer.from(JSON.stringify({ uid: 'other', utid: tenant.id })).toString('base64url')
  const other = { access_token: 'at', token_type: 'Bearer', expires_in: 3600, refresh_token: 'rt-of-another' }
  await tokenCache.add({ ...event, response: { ...other, client_info, id_token: signed(claims) } })
  const app = new PublicClientApplication({
    clientId,
    authority: tenant.authority,
    tokenCache,
    instanceDiscovery: false,
    timeout: 1_000,
  })
  await app.getAuthorizationRequestUrl({ scopes })
  tenant.hits.length = 0
  return {
    tenant,
    tokenCache,
    app,
    silent: () => app.acquireTokenSilentWithError({ scopes, account: account(tenant), forceRefresh: true }),
  }
}

describe.each(losses)('S30 the provider has rotated, and its answer is lost: %s', (_, play, code) => {
  it('without grace: the next refresh is refused, which means a new sign-in and no more', async () => {
    const { tenant, tokenCache, app, silent } = await signedIn('strict')
    const before = await secrets(tokenCache, 'RefreshToken')
    tenant.fault = { endpoint: 'token', play }
    expect(await codeOf(silent())).toBe(code)
    expect(await secrets(tokenCache, 'RefreshToken'), 'S29').toEqual(before)
    tenant.fault = undefined
    expect(await codeOf(silent())).toBe('interaction_required')
    expect(tenant.hits).toEqual(['token', 'token'])
    expect(await silent(), 'nothing is left to try').toBe(null)
    expect(await app.acquireTokenSilent({ scopes, account: account(tenant), forceRefresh: true })).toBe(null)
    expect(tenant.hits).toEqual(['token', 'token'])
    expect(await secrets(tokenCache, 'RefreshToken'), "another account's is untouched").toEqual(['rt-of-another'])
    expect(await app.getAccounts()).toHaveLength(2)
    expect((await app.acquireTokenSilent({ scopes, account: account(tenant) }))?.tokenSource, 'S40').toBe('cache')
  })

  it('with grace: the next refresh heals it', async () => {
    const { tenant, tokenCache, silent } = await signedIn('grace')
    tenant.fault = { endpoint: 'token', play }
    expect(await codeOf(silent())).toBe(code)
    tenant.fault = undefined
    expect(await silent()).toMatchObject({ tokenSource: 'identity_provider' })
    expect(await secrets(tokenCache, 'RefreshToken')).toHaveLength(2)
    expect(await silent()).toMatchObject({ tokenSource: 'identity_provider' })
  })
})

it('S29 S33 a reset before the provider has done anything: the same refresh token is good, and nothing is sent twice', async () => {
  const { tenant, silent } = await signedIn('strict')
  tenant.fault = {
    endpoint: 'token',
    play: (response) => {
      tenant.used.clear()
      ;(response.socket as import('node:net').Socket).resetAndDestroy()
    },
  }
  expect(await codeOf(silent())).toBe('unreachable')
  expect(tenant.hits).toEqual(['token'])
  tenant.fault = undefined
  expect(await silent()).toMatchObject({ tokenSource: 'identity_provider' })
})

it('S33 a code is never sent twice, whatever becomes of its answer', async () => {
  for (const [, play, code] of losses) {
    const { tenant, app } = await signedIn('none')
    tenant.fault = { endpoint: 'token', play }
    expect(await codeOf(app.acquireTokenByAuthorizationCode({ code: on.provider.code(tenant), scopes }))).toBe(code)
    expect(tenant.hits).toEqual(['token'])
  }
})

it('S23 S30 who gives up loses nothing: the answer of a refresh that was sent is stored', async () => {
  const { tenant, tokenCache, app } = await signedIn('strict')
  const before = await secrets(tokenCache, 'RefreshToken')
  const aborter = new AbortController()
  tenant.fault = {
    endpoint: 'token',
    play: (response, { good }) => {
      aborter.abort()
      setTimeout(() => response.writeHead(200).end(good.body), 50)
    },
  }
  const call = app.acquireTokenSilent({ scopes, account: account(tenant), forceRefresh: true, signal: aborter.signal })
  expect(await codeOf(call)).toBe('aborted')
  await app.close()
  const after = await secrets(tokenCache, 'RefreshToken')
  expect(after).toHaveLength(2)
  expect(after).not.toEqual(before)
  tenant.fault = undefined
  expect(await app.acquireTokenSilent({ scopes, account: account(tenant), forceRefresh: true })).toMatchObject({
    tokenSource: 'identity_provider',
  })
})
