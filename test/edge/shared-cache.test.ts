import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { startWorker } from '../../playground/worker/start.mjs'
import { withCookies } from '../../src/edge/cookie.ts'
import { environmentOf, Visitor } from '../e2e/worker-support.ts'
import { type Playground, startPlayground, users } from '../support/provider.ts'
import { SharedCache } from './shared-cache.ts'

const { alice, bob } = users
const home = 'https://app.example'

/** A site behind a shared cache; each visit sets a cookie of its own. */
function site(answer: (cookie: string) => Response) {
  let visits = 0
  const cache = new SharedCache(home, async () => answer(`visitor=${++visits}`))
  const visit = async (headers: Record<string, string> = {}) => (await cache.fetch(`${home}/`, { headers })).headers.getSetCookie()
  return { cache, visit }
}

describe('the shared cache of these tests', () => {
  const setting = (headers: Record<string, string>, status = 200) =>
    site((cookie) => new Response('page', { status, headers: { ...headers, 'set-cookie': cookie } }))

  it.each<[string, Record<string, string>, number?]>([
    ['a page that says nothing', {}],
    ['a page for everybody', { 'cache-control': 'public, max-age=60' }],
    ['a redirect for everybody', { 'cache-control': 'max-age=60' }, 302],
    ['a page for whoever has no cookie', { vary: 'Cookie' }],
    ['a page that is not there', {}, 404],
  ])('gives one visitor the cookie of another with %s', async (_, headers, status) => {
    const { visit } = setting(headers, status)
    expect([await visit(), await visit()]).toEqual([['visitor=1'], ['visitor=1']])
  })

  it.each<[string, Record<string, string>, number?]>([
    ['private', { 'cache-control': 'private, max-age=60' }],
    ['no-store', { 'cache-control': 'no-store' }],
    ['no-cache', { 'cache-control': 'no-cache' }],
    ['an age of nothing', { 'cache-control': 'max-age=0' }],
    ['a redirect that says nothing', {}, 303],
    ['Vary: *', { vary: '*' }],
  ])('asks again after %s', async (_, headers, status) => {
    const { visit } = setting(headers, status)
    expect([await visit(), await visit()]).toEqual([['visitor=1'], ['visitor=2']])
  })

  it('tells apart what Vary names, and keeps nothing of who shows a token', async () => {
    const { visit } = setting({ vary: 'Accept, Cookie' })
    expect([await visit({ cookie: 'a=1' }), await visit({ cookie: 'b=1' }), await visit({ cookie: 'a=1' })].flat()).toEqual([
      'visitor=1',
      'visitor=2',
      'visitor=1',
    ])
    const authorized = setting({}).visit
    expect([await authorized({ authorization: 'Bearer x' }), await authorized()].flat()).toEqual(['visitor=1', 'visitor=2'])
  })
})

describe('S75 a shared cache never gives one visitor the cookie of another', () => {
  const pages: [string, () => Response][] = [
    ['a page that says nothing', () => new Response('page')],
    ['a page for everybody', () => new Response('page', { headers: { 'cache-control': 'public, s-maxage=3600', vary: 'Accept' } })],
    ['a page that expires late', () => new Response('page', { headers: { expires: 'Fri, 01 Jan 2100 00:00:00 GMT' } })],
    ['a redirect for good', () => Response.redirect(`${home}/next`, 301)],
    ['a page that is not there', () => new Response('', { status: 404 })],
  ]
  it.each(pages)('that withCookies has put on %s', async (_, page) => {
    const { cache, visit } = site((cookie) => withCookies(page(), [cookie]))
    expect([await visit(), await visit(), await visit({ cookie: 'x=1' })].flat()).toEqual(['visitor=1', 'visitor=2', 'visitor=3'])
    expect(cache.hits).toEqual([])
  })

  describe('of a website', () => {
    let playground: Playground
    let worker: Awaited<ReturnType<typeof startWorker>>
    const visitors: Visitor[] = []
    beforeAll(async () => {
      playground = await startPlayground({ https: false })
      worker = await startWorker(environmentOf(playground))
    })
    afterEach(() => vi.unstubAllGlobals())
    afterAll(async () => {
      await Promise.all(visitors.map((visitor) => visitor.close()))
      await worker?.close()
      await playground?.close()
    })

    it('from its first page to the sign-out', async () => {
      const cache = new SharedCache(worker.url, fetch)
      vi.stubGlobal('fetch', cache.fetch)
      const [first, second] = [new Visitor(worker.url), new Visitor(worker.url)]
      visitors.push(first, second)
      const paths = ['/', '/style.css', '/profile', '/my/profile', '/sign-in?returnTo=%2Fprofile', '/nowhere', '/api/me']

      for (const path of paths) await first.open(path)
      const callback = await first.authorize(alice, '/profile')
      await first.open(callback)
      expect(first.jar.has('__Host-session')).toBe(true)
      for (const path of paths) await first.open(path)
      const cookies = first.seen.join('\n').match(/__Host-[\w-]+=[\w.-]{20,}/g) ?? []
      expect(new Set(cookies).size).toBeGreaterThan(4)

      // The same addresses, for somebody without a cookie, as the first was, and then with a session of their own.
      for (const path of [...paths, callback]) await second.open(path)
      await second.signIn(bob, '/profile')
      for (const path of [...paths, callback]) await second.open(path)
      expect((await second.profile()).user).toBe(bob.username)
      const seen = second.seen.join('\n')
      for (const cookie of cookies) expect(seen).not.toContain(cookie)
      expect(seen).not.toContain(alice.username)

      await first.signOut()
      expect((await second.profile()).user).toBe(bob.username)
      // What is the same for everybody may come from the cache.
      expect(cache.hits.filter((path) => path !== '/nowhere')).toEqual([])
      expect(cache.hits.length).toBeGreaterThan(0)
    })
  })
})
