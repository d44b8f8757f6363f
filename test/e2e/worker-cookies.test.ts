import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { startWorker } from '../../playground/worker/start.mjs'
import { sessionCookie } from '../../src/edge/session-cookie.ts'
import { type Playground, startPlayground, users } from '../support/provider.ts'
import { environmentOf, Visitor } from './worker-support.ts'

// What somebody can do with the Worker's cookies, by plain HTTP on workerd.
const { alice, bob } = users
let playground: Playground
let worker: Awaited<ReturnType<typeof startWorker>>
let key: string
const visitors: Visitor[] = []

beforeAll(async () => {
  playground = await startPlayground({ https: false })
  key = randomBytes(32).toString('base64')
  worker = await startWorker(environmentOf(playground), { bindings: { COOKIE_KEY: key } })
})
afterAll(async () => {
  await Promise.all(visitors.map((visitor) => visitor.close()))
  await worker?.close()
  await playground?.close()
})

function visitor(): Visitor {
  const made = new Visitor(worker.url)
  visitors.push(made)
  return made
}

/** A visitor who has signed in, and the cookie of their session. */
async function signedIn(person = alice): Promise<{ who: Visitor; session: string }> {
  const who = visitor()
  await who.signIn(person)
  return { who, session: who.jar.get('__Host-session')! }
}

/** The status of an answer for whoever presents this as the cookie of their session. */
async function asSession(value: string): Promise<number> {
  const other = visitor()
  other.jar = new Map([['__Host-session', value]])
  return (await other.profile()).status
}

/** What every position of a sealed text becomes in its turn: parts, their ends and a sample within. */
function spoiled(text: string): string[] {
  const places = Array.from({ length: 12 }, (_, index) => Math.floor((index * (text.length - 2)) / 11))
  return places.map((place) => text.slice(0, place) + (text[place] === 'A' ? 'B' : 'A') + text.slice(place + 1))
}

const codeOf = async (response: Response) => /id="code">(\w+)</.exec(await response.text())?.[1]
const exchanges = () => playground.provider.tokenRequests('authorization_code').length

describe('S74: the cookie of a sign-in', () => {
  test('is refused once anything of it has changed, and no code is sent', async () => {
    const who = visitor()
    const answer = await who.authorize(alice)
    const [[name, value] = ['', '']] = who.jar
    expect(name).toMatch(/^__Host-flow-/)
    const before = exchanges()
    for (const wrong of spoiled(value)) {
      who.jar = new Map([[name, wrong]])
      const response = await who.open(answer)
      expect([response.status, await codeOf(response)]).toEqual([400, 'flow_unknown'])
    }
    expect(exchanges() - before).toBe(0)
    who.jar = new Map([[name, value]])
    expect((await who.open(answer)).status).toBe(303)
    expect(exchanges() - before).toBe(1)
  })

  test('S04: brings nothing a second time', async () => {
    const who = visitor()
    const answer = await who.authorize(alice)
    const kept = new Map(who.jar)
    expect((await who.open(answer)).status).toBe(303)
    // The browser has forgotten it.
    expect([...who.jar.keys()]).toEqual(['__Host-session'])
    expect(await codeOf(await who.open(answer))).toBe('flow_unknown')
    // Somebody has not: the provider takes a code once, and the session that comes of it is not theirs.
    who.jar = kept
    const response = await who.open(answer)
    expect([response.status >= 400, await codeOf(response)]).toEqual([true, 'server_error'])
    expect([...who.jar.keys()]).toEqual([])
  })

  test('S03: of one person does not complete the sign-in of another', async () => {
    const [one, two] = [visitor(), visitor()]
    const [first, second] = [await one.authorize(alice), await two.authorize(bob)]
    const before = exchanges()
    expect(await codeOf(await two.open(first))).toBe('flow_unknown')
    // Under the name that the answer looks for, it is still that of another sign-in.
    const [[firstName = '', firstValue = ''], [secondName = '', secondValue = '']] = [[...one.jar][0]!, [...two.jar][0]!]
    two.jar = new Map([[firstName, secondValue]])
    expect(await codeOf(await two.open(first))).toBe('flow_unknown')
    one.jar = new Map([[secondName, firstValue]])
    expect(await codeOf(await one.open(second))).toBe('flow_unknown')
    expect(exchanges() - before).toBe(0)
  })

  test('is no session, and a session no sign-in', async () => {
    const who = visitor()
    const answer = await who.authorize(alice)
    const [[name, value] = ['', '']] = who.jar
    expect(await asSession(value)).toBe(401)
    const { session } = await signedIn()
    who.jar = new Map([[name, session]])
    expect(await codeOf(await who.open(answer))).toBe('flow_unknown')
  })
})

describe('the cookie of a session', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  test('is refused once anything of it has changed', async () => {
    const { session } = await signedIn()
    for (const wrong of spoiled(session)) expect(await asSession(wrong)).toBe(401)
    expect(await asSession(session)).toBe(200)
  })

  test('cannot be put together from those of two people', async () => {
    const [mine, theirs] = [(await signedIn(alice)).session.split('.'), (await signedIn(bob)).session.split('.')]
    for (const mixed of [2, 3, 4]) {
      const parts = mine.map((part, index) => (index === mixed ? theirs[index] : part))
      expect(await asSession(parts.join('.'))).toBe(401)
    }
  })

  test('is refused when it has expired', async () => {
    const { who } = await signedIn()
    const account = { homeAccountId: alice.homeAccountId, tenantId: alice.homeTenantId }
    const sealedIn = (cookie: string) => cookie.slice(cookie.indexOf('=') + 1, cookie.indexOf(';'))
    // Sealed with the very key of the Worker.
    expect(await asSession(sealedIn(await sessionCookie(account, key)))).toBe(200)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 9 * 3600_000 })
    const old = sealedIn(await sessionCookie(account, key))
    vi.useRealTimers()
    expect(await asSession(old)).toBe(401)
    expect((await who.profile()).status).toBe(200)
  })

  test('is refused after a sign-out, also once the person has signed in again', async () => {
    const { who, session } = await signedIn()
    expect(await asSession(session)).toBe(200)
    await who.signOut()
    expect(await asSession(session)).toBe(401)
    const again = await signedIn()
    expect(await asSession(again.session)).toBe(200)
    expect(await asSession(session)).toBe(401)
  })

  test('S75: is another one after each sign-in, and no cache may keep an answer that sets one', async () => {
    const { who, session } = await signedIn()
    who.leaveProvider()
    await who.signIn(bob)
    const next = who.jar.get('__Host-session')
    expect(next).not.toBe(session)
    expect((await who.profile()).user).toBe(bob.username)
    for (const path of ['/', '/profile', '/my/profile', '/sign-in']) {
      const { headers } = await who.open(path)
      expect([path, headers.getSetCookie().length > 0, headers.get('cache-control'), headers.get('vary')]).toEqual([
        path,
        true,
        'private, no-store',
        'Cookie',
      ])
    }
  })
})

test('only a form of the Worker itself signs out', async () => {
  const { who, session } = await signedIn()
  for (const origin of ['https://evil.example', 'null', `${worker.url}.evil.example`, 'http://localhost:1'])
    expect((await who.open('/sign-out', { method: 'POST', headers: { origin } })).status).toBe(403)
  expect((await who.open('/sign-out')).status).toBe(404)
  expect(await asSession(session)).toBe(200)
})
