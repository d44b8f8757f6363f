import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { ConfidentialClientApplication, PublicClientApplication } from '../../src/core/index.ts'
import { validateAccessToken } from '../../src/edge/index.ts'
import { errorOf } from '../core/client/support.ts'
import { arcFiles, clientOn, machine, resource, sources, variablesFor } from '../node/managed-identity/support.ts'
import { clientId, signed, type Tenant } from './matrix/faulty-provider.ts'
import { stage } from './matrix/stage.ts'

const on = stage()
const real = fetch

/** As a framework does it: whatever was asked before is answered as before, a POST too, unless the request says no. */
const cached = vi.fn<typeof fetch>()
beforeEach(() => {
  const kept = new Map<string, Promise<Response>>()
  cached.mockImplementation(async (url, init) => {
    const { method, body, cache } = init!
    if (cache === 'no-store') return real(url, init)
    const key = `${method} ${url} ${body}`
    const answer = kept.get(key) ?? real(url, init)
    kept.set(key, answer)
    return (await answer).clone()
  })
  vi.stubGlobal('fetch', cached)
})
afterEach(() => void vi.unstubAllGlobals())

/** Two processes, to the cache of the framework. */
async function twoTokens(acquire: (tenant: Tenant) => Promise<{ accessToken: string } | null>): Promise<number> {
  const tenant = on.provider.tenant()
  const tokens = [await acquire(tenant), await acquire(tenant)].map((result) => result!.accessToken)
  expect(cached).toHaveBeenCalled()
  return new Set(tokens).size
}

it.each(sources)('S35 a fetch that caches gives fresh tokens of a managed identity: %s', async (source) => {
  const acquire = ({ authority }: Tenant) =>
    clientOn(machine(variablesFor[source](`${authority}/msi/token`), arcFiles())).acquireTokenForClient({ resource })
  expect(await twoTokens(acquire)).toBe(2)
})

it('S35 a fetch that caches gives fresh tokens of a client and of a person, and of discovery what it had', async () => {
  const options = { clientId, instanceDiscovery: false } as const
  const acquire = ({ authority }: Tenant) =>
    new ConfidentialClientApplication({ ...options, authority, clientCredential: 'a-secret' }).acquireTokenForClient({ scopes: ['a'] })
  expect(await twoTokens(acquire)).toBe(2)
  const refresh = ({ authority }: Tenant) =>
    new PublicClientApplication({ ...options, authority }).acquireTokenByRefreshToken({ refreshToken: 'rt', scopes: ['a'] })
  expect(await twoTokens(refresh)).toBe(2)
  for (const { hits } of on.provider.tenants.values()) expect(hits.filter((hit) => hit === 'discovery').length).toBeLessThan(2)
})

it('S15 S35 keys that were rotated count, whatever a fetch that caches has kept', async () => {
  const tenant = on.provider.tenant()
  const authority = `${tenant.authority}/v2.0`
  const exp = Math.floor(Date.now() / 1000) + 3600
  const token = signed({ iss: authority, aud: 'api', tid: tenant.id, scp: 'x', exp })
  tenant.fault = {
    endpoint: 'keys',
    play(response, { good }) {
      response.writeHead(200, { 'content-type': good.type, 'cache-control': 'max-age=86400' }).end(good.body.replace('"k1"', '"k0"'))
    },
  }
  expect(await errorOf(validateAccessToken(token, { audience: 'api', authority }))).toMatchObject({ code: 'id_token_invalid' })
  tenant.fault = undefined
  expect(await validateAccessToken(token, { audience: 'api', authority })).toMatchObject({ scp: 'x' })
})
