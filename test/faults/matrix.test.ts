import { describe, expect, it } from 'vitest'
import { ConfidentialClientApplication, SerializableTokenCache } from '../../src/core/index.ts'
import { cell, through, well } from './matrix/cell.ts'
import { clientId } from './matrix/faulty-provider.ts'
import { account, methods, newClient } from './matrix/methods.ts'
import { stage } from './matrix/stage.ts'

const on = stage()

it('S69 S70 S72 every method succeeds where nothing is wrong', async () => {
  for (const method of methods) for (const endpoint of method.endpoints) await well(on.provider, method, endpoint)
}, 60_000)

describe('S29 S69 S70 S72 every method against every fault', () => {
  it.each(on.named)(
    '%s',
    async (_, index) => {
      const row = on.row(index)
      const cells = methods.flatMap((method) => {
        const endpoints = method.endpoints.filter((endpoint) => !row.only || row.only.includes(endpoint))
        return endpoints.map((endpoint) => ({ method, endpoint }))
      })
      const nameOf = ({ method, endpoint }: (typeof cells)[number]) => `${method.name}, ${endpoint}`
      expect(await through(cells, nameOf, ({ method, endpoint }) => cell(on.provider, method, endpoint, row))).toEqual([])
      expect(cells.length).toBeGreaterThan(0)
      on.expectQuiet()
    },
    60_000,
  )
})

it.each([false, true])('S36 S72 what needs no provider asks none (confidential: %s)', async (confidential) => {
  const tenant = on.provider.tenant()
  tenant.fault = { endpoint: 'discovery', play: () => {} }
  const tokenCache = new SerializableTokenCache()
  const tokenEndpoint = `${tenant.authority}/oauth2/v2.0/token`
  await tokenCache.add({ clientId, scopes: ['User.Read'], tokenEndpoint, response: on.provider.tokens(tenant) })
  const app = newClient({ provider: on.provider, tenant, tokenCache, records: [], secrets: [], timeout: 10_000 }, confidential)
  const known = account(tenant)
  expect(await app.getAccounts()).toEqual([known])
  expect(await app.getAccount(known)).toEqual(known)
  expect(await app.acquireTokenSilent({ scopes: ['User.Read'], account: known })).toMatchObject({ tokenSource: 'cache', account: known })
  expect(await app.acquireTokenSilent({ scopes: ['User.Read'], account: null })).toBe(null)
  if (app instanceof ConfidentialClientApplication) await app.removeTokensForClient()
  await app.removeAccount(known)
  expect(await app.getAccounts()).toEqual([])
  await app.close()
  expect(tenant.hits).toEqual([])
})
