import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { bindingsOf } from '../../playground/worker/hosts/environment.mjs'
import { memoryKv } from '../../playground/worker/hosts/memory-kv.mjs'
import { safeReturnTo } from '../../playground/worker/return-to.js'
import worker from '../../playground/worker/worker.js'
import { type Playground, signIn, startPlayground, users } from '../support/provider.ts'
import { environmentOf } from './worker-support.ts'

// The Worker's files in this process, on the built package.
const origin = 'http://localhost:4321'
const context = { waitUntil() {} }
type Env = Parameters<typeof worker.fetch>[1]

let playground: Playground
beforeAll(async () => {
  playground = await startPlayground({ https: false })
})
afterAll(() => playground?.close())
afterEach(() => {
  vi.restoreAllMocks()
})

const openEnv = (): Env => ({ ...bindingsOf(environmentOf(playground), origin), KV: memoryKv() })
const ask = (env: Env, path: string, init?: RequestInit) => worker.fetch(new Request(origin + path, init), env, context)
const cookiesOf = (response: Response) => response.headers.getSetCookie().map((text) => text.split(';')[0])

/** Signs in, having asked to come back to a path. */
async function comeBack(env: Env, returnTo: string) {
  const begun = await ask(env, `/sign-in?${new URLSearchParams({ returnTo })}`)
  const { url } = await signIn(String(begun.headers.get('location')), users.alice)
  const answer = await worker.fetch(new Request(url, { headers: { cookie: cookiesOf(begun).join('; ') } }), env, context)
  const session = cookiesOf(answer).find((cookie) => cookie?.startsWith('__Host-session='))
  return { location: answer.headers.get('location'), session: String(session) }
}

describe('S09: where a sign-in leads back to', () => {
  const outside = [
    '//evil.example',
    '///evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    '\t//evil.example',
    ' //evil.example',
    '/.//evil.example',
    '/x/..//evil.example',
    '/%2e//evil.example',
    'https:evil.example',
    'https://evil.example/',
    'http://localhost:4321@evil.example/',
    'http://user:word@localhost:4321/',
    'http://localhost:4321.evil.example/',
    'https://localhost:4321/',
    'javascript:alert(1)',
    'data:text/html,x',
    'blob:http://localhost:4321/1',
    'https://[',
    `/${'x'.repeat(2000)}`,
    '',
  ]

  test.each(outside)('is the start page for %j', (wanted) => {
    expect(safeReturnTo(wanted, origin)).toBe('/')
  })

  test.each([
    ['/profile', '/profile'],
    ['/profile?tab=1&x=%2F%2Fevil.example', '/profile?tab=1&x=%2F%2Fevil.example'],
    ['profile', '/profile'],
    ['?tab=1', '/?tab=1'],
    ['/profile#top', '/profile'],
    ['http://localhost:4321/profile', '/profile'],
    ['/%09/evil.example', '/%09/evil.example'],
    ['/a/../profile', '/profile'],
  ])('is %j as %j', (wanted, path) => {
    expect(safeReturnTo(wanted, origin)).toBe(path)
  })

  test('is always of the same origin, whatever is asked for', () => {
    const pieces = fc.constantFrom(
      '/',
      '\\',
      '//',
      '.',
      '..',
      ':',
      '@',
      '\t',
      '\r\n',
      '%2f',
      '%09',
      'https:',
      'javascript:',
      'evil.example',
      'a',
      '?',
      '#',
    )
    const wanted = fc.oneof(
      fc.array(pieces, { maxLength: 8 }).map((parts) => parts.join('')),
      fc.string({ unit: 'binary' }),
    )
    fc.assert(
      fc.property(wanted, (text) => {
        const path = safeReturnTo(text, origin)
        // As a browser reads a Location header, twice over.
        expect(path).toMatch(/^\//)
        expect(new URL(origin + path).origin).toBe(origin)
        expect(new URL(path, `${origin}/callback?x`).origin).toBe(origin)
      }),
      { numRuns: 5000 },
    )
  })

  test.each([null, undefined, 7, {}, ['/profile']])('is the start page for %j', (wanted) => {
    expect(safeReturnTo(wanted, origin)).toBe('/')
  })

  test('survives the sign-in, and only so', async () => {
    const env = openEnv()
    expect((await comeBack(env, '/profile?tab=1')).location).toBe(`${origin}/profile?tab=1`)
    expect((await comeBack(env, '//evil.example/')).location).toBe(`${origin}/`)
  })
})

describe('S76: a Worker that is not configured', () => {
  const names = Object.keys({
    ...bindingsOf({ provider: 'http://localhost', tenants: [], clients: {} as never, api: 'http://localhost' }, origin),
    KV: 0,
  })

  test.each(names.filter((name) => name !== 'KNOWN_AUTHORITIES'))(
    'answers nothing without %s, and says so in its log only',
    async (name) => {
      const log = vi.spyOn(console, 'error').mockImplementation(() => {})
      const response = await ask({ ...openEnv(), [name]: undefined }, '/')
      expect([response.status, await response.json()]).toEqual([500, { error: 'failed' }])
      expect(String(log.mock.calls[0]?.[0])).toContain(name)
    },
  )

  test.each([
    ['COOKIE_KEY', 'short', '/sign-in'],
    ['JOB_PRIVATE_KEY', 'no key', '/'],
    ['ORIGIN', `${origin}/`, '/'],
    ['AUTHORITY', 'http://login.example/contoso', '/'],
  ])('answers nothing where %s cannot be used', async (name, value, path) => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    expect((await ask({ ...openEnv(), [name]: value }, path)).status).toBe(500)
    expect(log).toHaveBeenCalledTimes(1)
  })
})

describe('the cookie key', () => {
  const newKey = () => randomBytes(32).toString('base64')

  test('can be changed: what the one before has sealed is good, and sealed anew', async () => {
    const [old, next] = [newKey(), newKey()]
    const env = { ...openEnv(), COOKIE_KEY: old }
    const { session } = await comeBack(env, '/')
    const profile = (COOKIE_KEY: string, cookie: string) => ask({ ...env, COOKIE_KEY }, '/profile', { headers: { cookie } })
    expect((await profile(next, session)).status).toBe(303)
    const response = await profile(`${next} ${old}`, session)
    expect(response.status).toBe(200)
    expect((await profile(next, String(cookiesOf(response)[0]))).status).toBe(200)
  })
})

describe('S08: addresses', () => {
  test('are made of the configuration, whatever a request says of its host', async () => {
    const env = openEnv()
    const headers = { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http', forwarded: 'host=evil.example' }
    const response = await worker.fetch(new Request('http://evil.example/sign-in', { headers }), env, context)
    const { searchParams } = new URL(String(response.headers.get('location')))
    expect(searchParams.get('redirect_uri')).toBe(`${origin}/callback`)
    const sent = await worker.fetch(new Request('http://evil.example/profile'), env, context)
    expect(sent.headers.get('location')).toMatch(/^http:\/\/localhost:4321\/sign-in/)
  })

  test('of a sign-in stay those of its flow, wherever the answer says that it came', async () => {
    const env = openEnv()
    const begun = await ask(env, '/sign-in?returnTo=/profile')
    const { url } = await signIn(String(begun.headers.get('location')), users.alice)
    const answer = new URL(url.replace(origin, 'http://evil.example'))
    answer.searchParams.set('redirect_uri', 'https://evil.example/callback')
    answer.searchParams.set('x', 'y')
    const headers = {
      cookie: cookiesOf(begun).join('; '),
      host: 'evil.example',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'http',
      'x-forwarded-port': '8080',
      'x-original-url': '/elsewhere',
      forwarded: 'host=evil.example;proto=http',
    }
    const before = playground.provider.tokenRequests('authorization_code').length
    const response = await worker.fetch(new Request(answer, { headers }), env, context)
    const [sent, ...more] = playground.provider.tokenRequests('authorization_code').slice(before)
    expect(more).toEqual([])
    expect(sent!.parameters.redirect_uri).toBe(`${origin}/callback`)
    expect(JSON.stringify(sent)).not.toContain('evil.example')
    expect([response.status, response.headers.get('location')]).toEqual([303, `${origin}/profile`])
  })
})
