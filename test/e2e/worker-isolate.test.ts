import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { startWorker } from '../../playground/worker/start.mjs'
import { type Playground, startPlayground, users } from '../support/provider.ts'
import { bundleWith, environmentOf, type Profile, Visitor } from './worker-support.ts'

// What requests of one isolate of workerd share: a token request. A request that ends early must not take the others with it. workerd
// ends all that a request has begun when its answer is out, so that is how one ends early here.
const leaving = `
import worker from './worker.js'
export default {
  async fetch(request, env, context) {
    const answer = worker.fetch(request, env, context)
    if (!request.headers.has('x-leave')) return answer
    answer.catch(() => {})
    await new Promise((resolve) => setTimeout(resolve, 400))
    return new Response('left')
  },
}`

let playground: Playground
let worker: Awaited<ReturnType<typeof startWorker>>
let visitor: Visitor

beforeAll(async () => {
  playground = await startPlayground({ https: false })
  worker = await startWorker(environmentOf(playground), { contents: await bundleWith(leaving) })
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

async function ask(headers: Record<string, string> = {}): Promise<Response> {
  const cookie = `__Host-session=${visitor.jar.get('__Host-session')}`
  return fetch(`${worker.url}/my/profile`, { headers: { cookie, ...headers } })
}
const profile = async (): Promise<Profile> => (await ask()).json() as Promise<Profile>

/** Leaves while the provider has the request for a new token, which it answers late; resolves when it has it. */
async function beginRenewal(): Promise<{ left: Promise<string> }> {
  const before = refreshes()
  playground.provider.control.failNext({ when: { grantType: 'refresh_token' }, delay: 1500, times: 1 })
  const left = ask({ 'x-leave': '1' }).then((response) => response.text())
  while (refreshes() === before) await pause(10)
  return { left }
}

test('a renewal whose first request is over serves those who wait for it', { timeout: 30_000 }, async () => {
  const before = refreshes()
  const { left } = await beginRenewal()
  const others = [profile(), profile(), profile()]
  expect(await left).toBe('left')
  const answers = await Promise.all(others)
  expect(answers.map(({ user }) => user)).toEqual(Array(3).fill(users.alice.username))
  expect(refreshes() - before).toBe(1)
})

test('a renewal that everybody has left is kept all the same', { timeout: 30_000 }, async () => {
  const before = refreshes()
  const { left } = await beginRenewal()
  expect(await left).toBe('left')
  // The provider answers, and the Worker has the time to keep it.
  await pause(2500)
  expect(await profile()).toMatchObject({ user: users.alice.username, apiTokenSource: 'cache' })
  expect(refreshes() - before).toBe(1)
})
