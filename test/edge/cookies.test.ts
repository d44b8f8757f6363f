import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { AuthCodeFlow } from '../../src/core/types.ts'
import { readCookies, withCookies } from '../../src/edge/cookie.ts'
import { flowCookies, readFlowCookie, sealFlow } from '../../src/edge/seal-flow.ts'
import { clearSessionCookie, readSessionCookie, sessionCookie } from '../../src/edge/session-cookie.ts'

const key = randomBytes(32).toString('base64')
const account = { homeAccountId: 'oid.tid', tenantId: 'tid', username: 'mia@contoso.example', name: 'Mia' }
const hour = 3600_000

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 })
})
afterEach(() => {
  vi.useRealTimers()
})

const flowOf = (state: string, mode = 'query'): AuthCodeFlow => ({
  authUri: `https://idp.example/authorize?state=${state}&response_mode=${mode}`,
  state,
  expiresAt: Date.now() + 600_000,
  codeVerifier: 'verifier',
})

/** What a browser sends back of what it was told to keep. */
const cookieHeader = (...set: string[]) => set.map((text) => text.split(';')[0]).join('; ')
const callback = (cookie: string, query = '') => new Request(`https://app.example/callback${query}`, { headers: { cookie } })
const nameOf = (set: string) => set.slice(0, set.indexOf('='))

describe('S74: flow cookies', () => {
  it('are the host’s own, for https, hidden from scripts, and as old as the flow at most', async () => {
    const [cookie, ...rest] = await flowCookies(flowOf('state one'), key)
    expect(rest).toEqual([])
    expect(cookie).toMatch(/^__Host-flow-[\w-]{16}=[\w.-]+; Path=\/; Max-Age=600; Secure; HttpOnly; SameSite=Lax$/)
    expect(cookie).not.toContain('state one')
    const [posted] = await flowCookies(flowOf('two', 'form_post'), key)
    expect(posted).toMatch(/; SameSite=None$/)
  })

  it('S03: each sign-in finds its own', async () => {
    const [[one], [two]] = await Promise.all([flowCookies(flowOf('one'), key), flowCookies(flowOf('two'), key)])
    const header = cookieHeader(one!, two!, 'other=1')
    const { flow, clear } = await readFlowCookie(callback(header, '?code=c&state=two'), key)
    expect(flow).toEqual(flowOf('two'))
    expect(clear).toBe(`${nameOf(two!)}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax`)
    expect((await readFlowCookie(callback(header, '?error=access_denied&state=one'), key)).flow.state).toBe('one')
  })

  it('finds the sign-in of a posted answer and leaves the body to be read', async () => {
    const [cookie] = await flowCookies(flowOf('posted', 'form_post'), key)
    const body = new URLSearchParams({ state: 'posted', code: 'c' })
    const request = new Request('https://app.example/callback', { method: 'POST', body, headers: { cookie: cookieHeader(cookie!) } })
    expect((await readFlowCookie(request, key)).flow.state).toBe('posted')
    expect(await request.text()).toBe('state=posted&code=c')
  })

  /** A posted answer that comes in such pieces. */
  const streamed = (cookie: string, pull: (controller: ReadableStreamDefaultController<Uint8Array>) => unknown, signal?: AbortSignal) => {
    const body = new ReadableStream({ pull: async (controller) => void (await pull(controller)) }, { highWaterMark: 0 })
    const init = { method: 'POST', body, headers: { cookie }, duplex: 'half', ...(signal && { signal }) }
    return new Request('https://app.example/callback', init as RequestInit)
  }
  const never = () => new Promise(() => {})

  it('S38: no more than 64 KiB of a posted answer is read', async () => {
    const [cookie] = await flowCookies(flowOf('posted', 'form_post'), key)
    const posted = (padding: number) => {
      const body = `state=posted&code=c&padding=${'x'.repeat(padding)}`
      return new Request('https://app.example/callback', { method: 'POST', body, headers: { cookie: cookieHeader(cookie!) } })
    }
    expect((await readFlowCookie(posted(65_536 - 28), key)).flow.state).toBe('posted')
    const refused = { name: 'NetworkError', code: 'bad_response' }
    await expect(readFlowCookie(posted(65_536 - 27), key)).rejects.toMatchObject(refused)
    let sent = 0
    const flood = streamed(cookieHeader(cookie!), (controller) => {
      sent += 4096
      controller.enqueue(new Uint8Array(4096))
    })
    await expect(readFlowCookie(flood, key)).rejects.toMatchObject(refused)
    expect(sent).toBeLessThan(80_000)
  })

  it('S36 S37: a posted answer that does not end is waited for ten seconds, or until the request is over', async () => {
    const [cookie] = await flowCookies(flowOf('posted', 'form_post'), key)
    const controller = new AbortController()
    const aborted = readFlowCookie(
      streamed(
        cookieHeader(cookie!),
        () => {
          controller.abort()
          return never()
        },
        controller.signal,
      ),
      key,
    )
    await expect(aborted).rejects.toMatchObject({ name: 'NetworkError', code: 'aborted' })
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    let late: Promise<unknown> | undefined
    await new Promise<void>((reading) => {
      const request = streamed(cookieHeader(cookie!), () => {
        reading()
        return never()
      })
      late = readFlowCookie(request, key).catch((error: unknown) => error)
    })
    await vi.advanceTimersByTimeAsync(9_999)
    expect(await Promise.race([late, 'waiting'])).toBe('waiting')
    await vi.advanceTimersByTimeAsync(1)
    expect(await late).toMatchObject({ name: 'NetworkError', code: 'timed_out' })
  })

  it('nothing is read of what is posted by who began no sign-in', async () => {
    const reading = vi.fn(never)
    for (const cookie of ['', 'theme=dark', '__Host-session=x'])
      await expect(readFlowCookie(streamed(cookie, reading), key)).rejects.toMatchObject({ code: 'flow_unknown' })
    expect(reading).not.toHaveBeenCalled()
  })

  it('S03: refuses an answer to another browser’s sign-in, and one without a state', async () => {
    const [mine] = await flowCookies(flowOf('mine'), key)
    const header = cookieHeader(mine!)
    await expect(readFlowCookie(callback(header, '?code=c&state=theirs'), key)).rejects.toMatchObject({ code: 'flow_unknown' })
    for (const query of ['', '?code=c', '?state=', '?code=c#state=mine'])
      await expect(readFlowCookie(callback(header, query), key)).rejects.toMatchObject({ code: 'state_mismatch' })
  })

  it('refuses a flow that was put under another’s name', async () => {
    const [one] = await flowCookies(flowOf('one'), key)
    const [two] = await flowCookies(flowOf('two'), key)
    const swapped = `${nameOf(one!)}=${cookieHeader(two!).split('=')[1]}`
    await expect(readFlowCookie(callback(swapped, '?code=c&state=one'), key)).rejects.toMatchObject({ code: 'flow_unknown' })
  })

  it('refuses an expired one', async () => {
    const [cookie] = await flowCookies(flowOf('late'), key)
    vi.setSystemTime(Date.now() + 600_001)
    await expect(readFlowCookie(callback(cookieHeader(cookie!), '?code=c&state=late'), key)).rejects.toMatchObject({ code: 'flow_expired' })
  })

  it('do not pile up: of those never completed the last ones stay', async () => {
    let header = 'theme=dark'
    const names: string[] = []
    for (let index = 0; index < 4; index++) {
      const cookies = await flowCookies(flowOf(`state ${index}`), key, callback(header))
      const deleted = cookies.filter((text) => text.includes('Max-Age=0')).map(nameOf)
      names.push(nameOf(cookies.at(-1)!))
      expect(deleted).toEqual(index < 3 ? [] : names.slice(0, 1))
      header += `; ${cookieHeader(cookies.at(-1)!)}`
    }
    const [again] = await flowCookies(flowOf('state 3'), key, callback(header.replace(/__Host-flow-[\w-]+=[\w.-]+; /, '')))
    expect(again).toContain('Max-Age=600')
  })
})

describe('S74: session cookies', () => {
  const requestWith = (set: string) => callback(cookieHeader(set))

  it('remember who is signed in, and nothing else', async () => {
    const cookie = await sessionCookie(account, key)
    expect(cookie).toMatch(/^__Host-session=[\w.-]+; Path=\/; Max-Age=28800; Secure; HttpOnly; SameSite=Lax$/)
    expect(await readSessionCookie(requestWith(cookie), key)).toStrictEqual({
      homeAccountId: 'oid.tid',
      tenantId: 'tid',
      signedInAt: Date.now(),
      expiresAt: Date.now() + 8 * hour,
    })
  })

  it('end with the last visit, roll with each, and have a longest life', async () => {
    let cookie = await sessionCookie(account, key, { maxAge: 2 * hour, maxLife: 5 * hour })
    for (const age of ['7200', '7200', '7200']) {
      expect(cookie).toContain(`Max-Age=${age}`)
      vi.setSystemTime(Date.now() + hour)
      cookie = await sessionCookie((await readSessionCookie(requestWith(cookie), key))!, key, { maxAge: 2 * hour, maxLife: 5 * hour })
    }
    vi.setSystemTime(Date.now() + hour)
    cookie = await sessionCookie((await readSessionCookie(requestWith(cookie), key))!, key, { maxAge: 2 * hour, maxLife: 5 * hour })
    expect(cookie).toContain('Max-Age=3600')
    vi.setSystemTime(Date.now() + hour)
    expect(await readSessionCookie(requestWith(cookie), key)).toBeNull()
  })

  it('are not a flow, and a flow is no session', async () => {
    const value = await sealFlow(flowOf('one'), key)
    expect(await readSessionCookie(callback(`__Host-session=${value}`), key)).toBeNull()
    const [flow] = await flowCookies(flowOf('one'), key)
    const session = cookieHeader(await sessionCookie(account, key)).split('=')[1]
    await expect(readFlowCookie(callback(`${nameOf(flow!)}=${session}`, '?state=one&code=c'), key)).rejects.toMatchObject({
      code: 'flow_unknown',
    })
  })

  it('are nobody’s where there is none, or one of other keys, or two', async () => {
    const cookie = await sessionCookie(account, key)
    const other = randomBytes(32).toString('base64')
    expect(await readSessionCookie(new Request('https://app.example'), key)).toBeNull()
    expect(await readSessionCookie(requestWith(cookie), other)).toBeNull()
    expect(await readSessionCookie(requestWith(cookie), [other, key])).not.toBeNull()
    const planted = await sessionCookie({ ...account, homeAccountId: 'mallory' }, key)
    expect(await readSessionCookie(callback(cookieHeader(planted, cookie)), key)).toBeNull()
    expect(clearSessionCookie()).toBe('__Host-session=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax')
  })

  it('S76: need an account, a key and sane times', async () => {
    const invalid = { name: 'ClientConfigurationError', code: 'invalid_argument' }
    for (const bad of [undefined, null, {}, { homeAccountId: '' }, { homeAccountId: 'a' }, { homeAccountId: 1, tenantId: 't' }])
      await expect(sessionCookie(bad as never, key)).rejects.toMatchObject(invalid)
    await expect(sessionCookie(account, '')).rejects.toMatchObject(invalid)
    for (const maxAge of [0, -1, Number.NaN, '1 hour' as never])
      await expect(sessionCookie(account, key, { maxAge })).rejects.toMatchObject(invalid)
  })
})

describe('the request’s cookies', () => {
  it('S76: hostile headers are read without a fuss', async () => {
    const read = (cookie: string) => [...readCookies(callback(cookie))]
    expect(read('a=1; b = 2 ;c=x=y;d;=e; f=')).toEqual([...Object.entries({ a: '1', b: '2', c: 'x=y', f: '' })])
    expect(read('a=1; b=2; a=3')).toEqual([['b', '2']])
    expect(read('__proto__=1; constructor=2')).toEqual([...[['__proto__', '1'] as const, ['constructor', '2'] as const]])
    expect(read(`a=${'x'.repeat(70_000)}`)).toEqual([])
    const pieces = [';', '=', ' ', '__Host-session', '__Host-flow-', 'A', '"', '%00', '.', '..', ',', '\t', 'é']
    for (let seed = 1; seed < 2000; seed++) {
      const header = Array.from({ length: 12 }, (_, index) => pieces[(seed * (index + 7) * 31 + index * index) % pieces.length]).join('')
      expect(await readSessionCookie(callback(header), key)).toBeNull()
      await expect(readFlowCookie(callback(header, '?state=s'), key)).rejects.toMatchObject({ code: 'flow_unknown' })
    }
  })

  it('S75: an answer that sets one is kept by no cache', async () => {
    const answer = withCookies(Response.redirect('https://app.example/', 303), ['a=1; Path=/', 'b=2; Path=/'])
    expect(answer.status).toBe(303)
    expect(answer.headers.get('location')).toBe('https://app.example/')
    expect(answer.headers.getSetCookie()).toEqual(['a=1; Path=/', 'b=2; Path=/'])
    const cached = new Response('page', { headers: { 'cache-control': 'public, max-age=60', vary: 'Accept' } })
    const page = withCookies(cached, [clearSessionCookie()])
    expect(await page.text()).toBe('page')
    expect([page.headers.get('cache-control'), page.headers.get('vary')]).toEqual(['private, no-store', 'Accept, Cookie'])
  })
})
