import { createHash } from 'node:crypto'
import { Agent, fetch } from 'undici'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Playground, startPlayground, users } from '../support/provider.ts'
import { type Cleanups, type Host, startInNode, startInWorkerd } from './worker-load-hosts.ts'
import { type Profile, Visitor } from './worker-support.ts'

// Many requests of many people at once, whose tokens have all expired. They come in by HTTP; one isolate answers. With FULL=1 they are a
// thousand of fifty people, in Node.js too, and memory is looked at for longer.
const full = process.env.FULL === '1'
const people = full ? 50 : 20
const requests = full ? 1000 : 200
const rounds = full ? 6 : 2
const onBehalfOf = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

const starts: Record<string, (playground: Playground, cleanups: Cleanups) => Promise<Host>> = {
  workerd: startInWorkerd,
  'Node.js': startInNode,
}

let playground: Playground
const cleanups: Cleanups = []

/** More people for the directory. */
function hire(): string[] {
  return Array.from({ length: people }, (_, index) => {
    const id = `10ad0000-0000-4000-8000-${String(index).padStart(12, '0')}`
    const { homeTenantId } = users.bob
    const homeAccountId = `${id}.${homeTenantId}`
    const subject = createHash('sha256').update(homeAccountId).digest('base64url')
    const objectIds = { [homeTenantId]: id }
    const username = `load${index}@contoso.example`
    Object.assign(users, { [username]: { ...users.bob, name: `Load ${index}`, username, objectIds, homeAccountId, subject } })
    return username
  })
}

beforeAll(async () => {
  playground = await startPlayground({ https: false })
})
afterAll(async () => {
  for (const clean of cleanups.reverse()) await clean()
  await playground?.close()
})

describe.each(full ? Object.keys(starts) : ['workerd'])(`S78: ${requests} requests of ${people} people at once, in %s`, (name) => {
  test('one token request a person, nobody’s answer to somebody else, and no memory lost', {
    timeout: full ? 240_000 : 60_000,
  }, async () => {
    const { settings } = playground.provider
    settings.accessTokenSeconds = 60
    const host = await starts[name]!(playground, cleanups)
    const visitors = hire().map((username) => ({ username, visitor: new Visitor(host.origin) }))
    cleanups.push(() => Promise.all(visitors.map(({ visitor }) => visitor.close())))
    for (let next = 0; next < people; next += 10)
      await Promise.all(
        visitors.slice(next, next + 10).map(({ username, visitor }) => visitor.signIn({ username, password: users.bob.password })),
      )

    // A connection for each request, as from as many browsers.
    const dispatcher = new Agent({ pipelining: 0 })
    cleanups.push(() => dispatcher.close())
    const timings: number[] = []
    const flood = async () => {
      const start = performance.now()
      const answers = await Promise.all(
        Array.from({ length: requests }, async (_, index) => {
          const { username, visitor } = visitors[(index * 7) % people]!
          const cookie = `__Host-session=${visitor.jar.get('__Host-session')}`
          const response = await fetch(`${host.origin}/my/profile`, { headers: { cookie }, dispatcher })
          const { user, profile } = (await response.json()) as Profile
          return { username, status: response.status, seen: [user, profile?.userPrincipalName] }
        }),
      )
      timings.push(Math.round(performance.now() - start))
      expect(answers.filter(({ status }) => status !== 200)).toEqual([])
      expect(answers.filter(({ username, seen }) => seen.some((name) => name !== username))).toEqual([])
    }
    const sent = (grantType: string, from: number) => playground.provider.tokenRequests(grantType).slice(from)
    const counts = () => ['refresh_token', onBehalfOf].map((grantType) => playground.provider.tokenRequests(grantType).length)

    // All tokens have expired.
    settings.accessTokenSeconds = 3600
    const [refreshes = 0, exchanges = 0] = counts()
    await flood()
    const refreshed = sent('refresh_token', refreshes)
    expect(refreshed.map(({ status }) => status)).toEqual(Array(people).fill(200))
    expect(new Set(refreshed.map(({ parameters }) => parameters.refresh_token)).size).toBe(people)
    const exchanged = sent(onBehalfOf, exchanges)
    expect(exchanged.map(({ status }) => status)).toEqual(Array(people).fill(200))
    expect(new Set(exchanged.map(({ parameters }) => parameters.assertion)).size).toBe(people)

    // None has.
    const before = counts()
    const memory: number[] = []
    for (let round = 0; round < rounds; round++) {
      await flood()
      memory.push(Math.round((await host.heap()) / 1024))
    }
    expect(counts()).toEqual(before)
    if (full) console.log(name, { timings, memory })
    // Some thousand answers later, where all of it runs: not a quarter of a kilobyte is left of each.
    expect(memory.at(-1)! - memory[0]!).toBeLessThan(1024)

    const rejections = async () => (await (await fetch(`${host.origin}/rejections`)).json()) as string[]
    expect(await rejections()).toEqual([])
    // It would have been seen.
    await fetch(`${host.origin}/reject`)
    expect(await rejections()).toEqual(['Error: on purpose'])
  })
})
