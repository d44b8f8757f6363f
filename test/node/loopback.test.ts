import { describe, expect, test, vi } from 'vitest'
import { loopback } from '../../src/node/index.ts'
import { dial, entries, good, hasIPv6, isPending, post, send, signIn, state } from './loopback-support.ts'

describe('the answer', () => {
  test('S60 a GET with code and state is the answer, and the redirect URI has no path', async () => {
    const { redirectUri, port, answer, opened } = await signIn()
    expect(redirectUri).toMatch(/^http:\/\/localhost:\d+$/)
    expect(await opened).toBe('https://login.example/authorize?client_id=1')
    const reply = await send(port, `/?${good}&session_state=1`)
    expect(reply.status).toBe(200)
    expect(await entries(answer)).toEqual({ code: 'the-code', state, session_state: '1' })
  })

  test('S60 a posted form is the answer', async () => {
    const { port, answer } = await signIn()
    expect((await post(port, good, 'application/x-www-form-urlencoded; charset=UTF-8')).status).toBe(200)
    expect(await entries(answer)).toEqual({ code: 'the-code', state })
  })

  test('form_post is asked for first, then query', () => {
    expect(loopback().responseModes).toEqual(['form_post', 'query'])
  })

  test('S60 it arrives over IPv6 too, where the machine has it', async ({ skip }) => {
    if (!hasIPv6()) skip('no ::1 here')
    const { port, answer } = await signIn()
    const socket = await dial(port, `GET /?${good} HTTP/1.1\r\nHost: [::1]:${port}\r\n\r\n`, '::1')
    await socket.ended
    expect(await entries(answer)).toEqual({ code: 'the-code', state })
  })

  test.each([
    ['the favicon', 'GET', '/favicon.ico', 404],
    ['another path', 'GET', `/callback?${good}`, 404],
    ['a doubled slash', 'GET', `//?${good}`, 404],
    ['an absolute target', 'GET', `http://localhost/?${good}`, 404],
    ['no parameter', 'GET', '/', 404],
    ['no state', 'GET', '/?code=attacker', 404],
    ['an empty state', 'GET', '/?code=attacker&state=', 404],
    ['a wrong state', 'GET', `/?code=attacker&state=${state.replace(/n$/, 'm')}`, 404],
    ['the beginning of the state', 'GET', `/?code=attacker&state=${state.slice(0, -1)}`, 404],
    ['more than the state', 'GET', `/?code=attacker&state=${state}${state}`, 404],
    ['neither code nor error', 'GET', `/?state=${state}`, 404],
    ['an empty code', 'GET', `/?code=&state=${state}`, 404],
    ['HEAD', 'HEAD', `/?${good}`, 404],
    ['PUT', 'PUT', `/?${good}`, 404],
    ['OPTIONS', 'OPTIONS', `/?${good}`, 404],
    ['C3 a repeated code', 'GET', `/?code=a&code=b&state=${state}`, 400],
    ['C3 a repeated state', 'GET', `/?code=a&state=${state}&state=${state}`, 400],
    ['C3 a repeated parameter of no interest', 'GET', `/?${good}&x=1&x=2`, 400],
    ['C3 a repeated error description', 'GET', `/?error=e&error_description=a&error_description=b&state=${state}`, 400],
    ['C2 an error without state', 'GET', '/?error=abort', 404],
  ])('S60 %s changes nothing', async (_name, method, target, status) => {
    const { port, answer } = await signIn({ errorTemplate: '<p>$error $error_description</p>' })
    expect((await send(port, target, { method })).status).toBe(status)
    expect(await isPending(answer)).toBe(true)
    expect((await send(port, `/?${good}`)).status).toBe(200)
    expect(await entries(answer)).toEqual({ code: 'the-code', state })
  })

  test.each([
    ['a form without state', 'code=attacker', undefined, 404],
    ['C3 a form with a repeated parameter', `code=a&code=b&state=${state}`, undefined, 400],
    ['JSON', JSON.stringify({ code: 'a', state }), 'application/json', 400],
    ['plain text', good, 'text/plain', 400],
    ['multipart', good, 'multipart/form-data; boundary=x', 400],
    ['a form that is not UTF-8', Buffer.from([...Buffer.from(`${good}&x=`), 0xff]), undefined, 400],
    ['a form cut within a character', Buffer.from([...Buffer.from(`${good}&x=`), 0xe2, 0x82]), undefined, 400],
  ])('S60 posting %s changes nothing', async (_name, body, type, status) => {
    const { port, answer } = await signIn()
    expect((await post(port, body, type)).status).toBe(status)
    expect(await isPending(answer)).toBe(true)
    expect((await post(port, good)).status).toBe(200)
    expect(await entries(answer)).toEqual({ code: 'the-code', state })
  })

  test('S60 parameters in both the query and the body change nothing', async () => {
    const { port, answer } = await signIn()
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    expect((await send(port, `/?${good}`, { method: 'POST', headers, body: good })).status).toBe(400)
    expect((await send(port, `/?${good}`, { headers: { ...headers, 'content-length': String(good.length) }, body: good })).status).toBe(400)
    expect(await isPending(answer)).toBe(true)
  })

  test('S60 a page whose name was rebound to this machine is turned away', async () => {
    const { port, answer } = await signIn()
    for (const host of [
      `attacker.example:${port}`,
      'localhost',
      `localhost:${port + 1}`,
      `localhost:${port}@attacker.example`,
      `127.0.0.2:${port}`,
    ]) {
      expect((await send(port, `/?${good}`, { headers: { host } })).status).toBe(400)
    }
    expect(await isPending(answer)).toBe(true)
    for (const host of [`LocalHost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`]) {
      expect((await send(port, '/', { headers: { host } })).status).toBe(404)
    }
  })

  test('S60 only the first of two answers counts', async () => {
    const { port, answer } = await signIn()
    const replies = await Promise.all([send(port, `/?${good}`), send(port, `/?${good}2`), send(port, `/?code=second&state=${state}`)])
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 404, 404])
    expect(await entries(answer)).toMatchObject({ state })
    expect((await send(port, `/?${good}`)).status).toBe(404)
  })

  test('the page arrives whole even when the session is closed right after the answer', async () => {
    const successTemplate = '<p>'.padEnd(8_000_000, 'x')
    const { session, port, answer } = await signIn({ successTemplate })
    const [reply] = await Promise.all([send(port, `/?${good}`), answer.then(() => session.close())])
    expect(reply.body.length).toBe(successTemplate.length)
  })

  test('S60 nothing is taken before authorize', async () => {
    const session = loopback().begin({ signal: new AbortController().signal })
    const port = Number(new URL(await session.redirectUri).port)
    expect((await send(port, `/?${good}`)).status).toBe(404)
    session.close()
  })

  test('C2 an error that carries the state ends the sign-in', async () => {
    const { port, answer } = await signIn()
    expect((await send(port, `/?error=access_denied&state=${state}`)).status).toBe(200)
    expect(await entries(answer)).toEqual({ error: 'access_denied', state })
  })

  test('two sign-ins at once do not take each other’s answers', async () => {
    const one = await signIn()
    const two = await signIn()
    expect(one.port).not.toBe(two.port)
    await send(two.port, `/?code=2&state=${state}`)
    expect((await entries(two.answer)).code).toBe('2')
    expect(await isPending(one.answer)).toBe(true)
  })
})

describe('the page is shown', () => {
  test('S63 openBrowser gets an http(s) URL, serialised again', async () => {
    const opened: string[] = []
    const authorize = (url: string) => {
      const session = loopback({ openBrowser: (it) => void opened.push(it) }).begin({ signal: new AbortController().signal })
      const answer = session.authorize({ url, flow: { authUri: url, state, expiresAt: 0 }, signal: new AbortController().signal })
      answer.catch(() => {})
      return { answer, session }
    }
    for (const url of ['file:///etc/passwd', 'javascript:alert(1)', 'calc.exe', '', 'ms-msdt:/id', '\\\\host\\share']) {
      const { answer, session } = authorize(url)
      await expect(answer).rejects.toMatchObject({ code: 'interaction_failed' })
      session.close()
    }
    expect(opened).toEqual([])
    const { session } = authorize('HTTPS://login.example/a b?x="&calc\n')
    await vi.waitFor(() => expect(opened).toEqual(['https://login.example/a%20b?x=%22&calc']))
    session.close()
  })

  test.each([
    [
      'throws',
      () => {
        throw new Error('CANARY')
      },
    ],
    [
      'rejects',
      async () => {
        throw new Error('CANARY')
      },
    ],
  ])('openBrowser that %s is interaction_failed, without the error’s text', async (_name, openBrowser) => {
    const { answer } = await signIn({ openBrowser })
    const error = await answer.catch((it) => it)
    expect(error).toMatchObject({ name: 'ClientAuthError', code: 'interaction_failed' })
    expect(JSON.stringify(error) + error.message + error.stack).not.toContain('CANARY')
  })

  test('an openBrowser that returns only when the person is done does not delay the answer', async () => {
    let leave!: () => void
    const { port, answer } = await signIn({
      openBrowser: () =>
        new Promise<void>((resolve) => {
          leave = resolve
        }),
    })
    await vi.waitFor(async () => expect((await send(port, `/?${good}`)).status).toBe(200))
    expect((await entries(answer)).code).toBe('the-code')
    leave()
  })
})
