import { expect } from 'vitest'
import { type AnyAuthError, type HttpCache, isAuthError, SerializableTokenCache } from '../../../src/core/index.ts'
import { leaks } from '../../support/canary.ts'
import { changed, type Row } from './faults.ts'
import { clientId, type Endpoint, type FaultyProvider } from './faulty-provider.ts'
import { type Method, newClient, type World } from './methods.ts'

/** Far more than the exchanges of a call may take together, on a busy machine too. */
const guard = 5_000

type Settled = { value: unknown } | { error: unknown }

export const settle = (call: () => Promise<unknown>): Promise<Settled> =>
  call().then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )

/** What a method makes of an error of its exchange. */
function expected({ name }: Method, { outcome, except }: Row, endpoint: Endpoint, error: unknown): string {
  const code = except?.[endpoint] ?? outcome
  const isRefusal = code === 'server_error' && isAuthError(error) === false
  if (name.endsWith('acquireTokenSilent') && isRefusal) return 'null'
  return code
}

/**
 * Has one method meet one fault: it may reject with the error of the fault alone, in time, showing no secret anywhere and leaving the cache as it was;
 * after it, with a good provider, the same succeeds.
 */
export async function cell(provider: FaultyProvider, method: Method, endpoint: Endpoint, row: Row): Promise<void> {
  for (let timeout = row.timeout ?? 10_000; ; timeout *= 2) {
    try {
      return await meet(provider, method, endpoint, row, timeout)
    } catch (error) {
      if (!(error instanceof Busy) || timeout > 5_000) throw error
    }
  }
}

/** Has a method meet a provider that is well. It also loads the parts that the method needs, lest they count as time that a fault takes. */
export async function well(provider: FaultyProvider, method: Method, endpoint: Endpoint): Promise<void> {
  await meet(provider, method, endpoint, { name: 'nothing', outcome: 'ok', play: changed((body) => body) }, 10_000)
}

/** What is well took longer than the timeout that is meant for what never ends. */
class Busy extends Error {}

/** A method of somebody who is signed in, ready to be called. */
export async function ready(provider: FaultyProvider, method: Method) {
  const { confidential = false, federated = false } = method
  const tenant = provider.tenant(federated)
  const tokenCache = new SerializableTokenCache()
  const world: World = { provider, tenant, tokenCache, httpCache: undefined, records: [], secrets: tenant.issued, timeout: 10_000 }
  await tokenCache.add({
    clientId,
    scopes: ['User.Read'],
    tokenEndpoint: `${tenant.authority}/oauth2/v2.0/token`,
    response: provider.tokens(tenant),
    grantType: 'authorization_code',
  })
  return { world, call: await method.prepare(world, () => newClient(world, confidential)) }
}

async function meet(provider: FaultyProvider, method: Method, endpoint: Endpoint, row: Row, timeout: number): Promise<void> {
  const { confidential = false } = method
  // Both ways to keep documents and refusals: the library's own, and an application's.
  const kept = new Map<string, string>()
  const httpCache: HttpCache | undefined = confidential
    ? { get: (key) => kept.get(key), set: (key, value) => void kept.set(key, value), delete: (key) => void kept.delete(key) }
    : undefined
  const { world, call } = await ready(provider, method)
  const { tenant, tokenCache } = world
  Object.assign(world, { httpCache, timeout })
  const before = tokenCache.serialize()
  const client = newClient(world, confidential, endpoint)
  tenant.hits.length = 0
  tenant.fault = { endpoint, play: row.play }

  const start = performance.now()
  const settled = await settle(() => call(client))
  const took = performance.now() - start
  const error = 'error' in settled ? settled.error : undefined
  if (!tenant.hits.includes(endpoint)) throw new Busy('The endpoint was not asked.')
  expect(took).toBeLessThan(guard + 5 * timeout)
  const wanted = expected(method, row, endpoint, error)
  if (wanted === 'ok') expect(error).toBeUndefined()
  else {
    if (error !== undefined && !isAuthError(error)) throw error
    const code = error ? (error as AnyAuthError).code : String('value' in settled && settled.value)
    // Polling waits until the code is over for what may be better the next time.
    const polled =
      method.name.endsWith('DeviceFlow') &&
      code === 'flow_expired' &&
      /timed_out|unreachable|server_unavailable|too_large|throttled|server_error/.test(wanted)
    expect(polled ? wanted : code).toBe(wanted)
    expect(tokenCache.hasStateChanged, 'the cache was written').toBe(false)
    expect(tokenCache.serialize()).toBe(before)
  }
  const all = [...world.secrets, ...tenant.issued]
  expect(leaks(error, all), 'in the error').toEqual([])
  expect(leaks(client, all), 'in the client').toEqual([])
  expect(leaks(world.records, all), 'in the log').toEqual([])
  expect(leaks([...kept], all), 'in the HTTP cache').toEqual([])

  tenant.fault = undefined
  // What has been refused, which makes a silent call resolve to null, is answered locally for a while: by this client alone.
  const status = wanted === 'null' ? 400 : ((error as { status?: number } | undefined)?.status ?? 0)
  if (status >= 400) kept.clear()
  const next = status >= 400 ? newClient(world, confidential, endpoint) : client
  const later = await settle(() => call(next))
  if ('error' in later && row.timeout && isAuthError(later.error, 'timed_out')) throw new Busy('Later, at a good provider, it is too late.')
  if ('error' in later) throw new Error(`Later, at a good provider, it fails with ${(later.error as AnyAuthError).code}: ${later.error}`)
  expect(later.value).toBeTruthy()
  if (method.name.includes('DeviceFlow')) return
  expect(leaks(world.records, all), 'in the log').toEqual([])
}

/** Works through the cells of a row, some at the same time; gives what went wrong, cell by cell. */
export async function through<T>(cells: readonly T[], nameOf: (cell: T) => string, work: (cell: T) => Promise<void>): Promise<string[]> {
  const failures: string[] = []
  const queue = cells.values()
  const worker = async () => {
    for (const each of queue) await work(each).catch((error: Error) => failures.push(`${nameOf(each)}: ${error.message}`))
  }
  await Promise.all(Array.from({ length: 16 }, worker))
  return failures
}
