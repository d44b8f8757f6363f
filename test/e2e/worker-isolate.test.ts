import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startWorker } from '../../playground/worker/start.mjs'
import { type Playground, startPlayground, users } from '../support/provider.ts'
import { environmentOf, type Profile, Visitor } from './worker-support.ts'

// What requests of one isolate of workerd share: a token request. A request that ends early must not take the others with it.
let playground: Playground
let worker: Awaited<ReturnType<typeof startWorker>>
let visitor: Visitor

beforeAll(async () => {
  playground = await startPlayground({ https: false })
  worker = await startWorker(environmentOf(playground))
})
afterAll(async () => {
  await visitor?.close()
  await worker?.close()
  await playground?.close()
})
beforeEach(async () => {
  await visitor?.close()
  visitor = new Visitor(worker.url)
  playground.provider.settings.accessTokenSeconds = 60
  await visitor.signIn(users.alice)
  playground.provider.settings.accessTokenSeconds = 3600
})

const refreshes = () => playground.provider.tokenRequests('refresh_token').length
const pause = (time: number) => new Promise((resolve) => setTimeout(resolve, time))

async function ask(signal?: AbortSignal): Promise<Profile> {
  const cookie = `__Host-session=${visitor.jar.get('__Host-session')}`
  const response = await fetch(`${worker.url}/my/profile`, { headers: { cookie }, ...(signal && { signal }) })
  return (await response.json()) as Profile
}

/** Resolves when the provider has the request for a new token, which it answers late. */
async function beginRenewal(request: () => Promise<unknown>): Promise<void> {
  const before = refreshes()
  playground.provider.control.failNext({ when: { grantType: 'refresh_token' }, delay: 1500, times: 1 })
  request().catch(() => {})
  while (refreshes() === before) await pause(10)
}

test('a renewal whose first request has gone serves those who wait for it', { timeout: 30_000 }, async () => {
  const before = refreshes()
  const gone = new AbortController()
  await beginRenewal(() => ask(gone.signal))
  const others = [ask(), ask(), ask()]
  await pause(200)
  gone.abort()
  const answers = await Promise.all(others)
  expect(answers.map(({ user }) => user)).toEqual(Array(3).fill(users.alice.username))
  expect(refreshes() - before).toBe(1)
})

test('a renewal that everybody has left is kept all the same', { timeout: 30_000 }, async () => {
  const before = refreshes()
  const gone = new AbortController()
  await beginRenewal(() => ask(gone.signal))
  await pause(100)
  gone.abort()
  // The provider answers, and the Worker has the time to keep it.
  await pause(2500)
  expect(await ask()).toMatchObject({ user: users.alice.username, apiTokenSource: 'cache' })
  expect(refreshes() - before).toBe(1)
})
