import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { loopback } from '../../src/node/index.ts'
import { dial, entries, good, hasIPv6, isPending, post, send, signIn, state } from './loopback-support.ts'

describe('the address', () => {
  const outside = Object.values(networkInterfaces())
    .flat()
    .filter((it) => it !== undefined)
    .filter((it) => !it.internal && !it.address.startsWith('fe80'))

  test('wire-protocol S10, S60 is not reachable by another address of the machine', async ({ skip }) => {
    if (outside.length === 0) skip('this machine has loopback addresses only')
    const { port } = await signIn()
    for (const { address } of outside) {
      await expect(dial(port, '', address)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    }
  })

  test('S60 a port in use rejects with interaction_failed and names the port', async () => {
    const { port } = await signIn()
    const session = loopback({ port }).begin({ signal: new AbortController().signal })
    await expect(session.redirectUri).rejects.toMatchObject({ code: 'interaction_failed', message: expect.stringContaining(String(port)) })
    session.close()
  })

  test('S60 a port that another program has on ::1 only is not used', async ({ skip }) => {
    if (!hasIPv6()) skip('no ::1 here')
    const other = createServer().listen(0, '::1')
    await once(other, 'listening')
    const { port } = other.address() as { port: number }
    const session = loopback({ port }).begin({ signal: new AbortController().signal })
    await expect(session.redirectUri).rejects.toMatchObject({ code: 'interaction_failed' })
    session.close()
    other.close()
    const again = createServer().listen(port, '127.0.0.1')
    await once(again, 'listening')
    again.close()
  })

  test('the call’s port goes before the option, and 0 is a free one', async () => {
    const free = createServer().listen(0, '127.0.0.1')
    await once(free, 'listening')
    const { port } = free.address() as { port: number }
    free.close()
    await once(free, 'close')
    const interaction = loopback({ port: 1 })
    const signal = new AbortController().signal
    const named = interaction.begin({ port, signal })
    expect(await named.redirectUri).toBe(`http://localhost:${port}`)
    named.close()
    const any = interaction.begin({ port: 0, signal })
    expect(await any.redirectUri).not.toBe('http://localhost:1')
    any.close()
  })

  test.each([-1, 1.5, 65_536, Number.NaN])('port %s is invalid_argument', async (port) => {
    expect(() => loopback({ port })).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
    const session = loopback().begin({ port, signal: new AbortController().signal })
    await expect(session.redirectUri).rejects.toMatchObject({ code: 'invalid_argument' })
    session.close()
  })
})

describe('the bounds', () => {
  test('S62 a URL above 16 KiB is refused, one just below is read', async () => {
    const { port, answer } = await signIn()
    const path = `/?${good}&x=`
    expect((await send(port, path.padEnd(16 * 1024 + 1, 'x'))).status).toBe(414)
    expect((await send(port, '/', { headers: { cookie: 'c'.repeat(30_000) } })).status).toBe(404)
    expect(await isPending(answer)).toBe(true)
    expect((await send(port, path.padEnd(16 * 1024, 'x'))).status).toBe(200)
  })

  test('S62 a body above 64 KiB is refused, announced or not, one just below is read', async () => {
    const { port, answer } = await signIn()
    const form = `${good}&x=`
    const announced = head(port, 'Content-Length: 65537')
    const streamed = `${head(port, 'Transfer-Encoding: chunked')}10001\r\n${form.padEnd(0x10001, 'x')}\r\n`
    for (const request of [announced, streamed]) {
      let answered = ''
      const socket = await dial(port)
      socket.on('data', (chunk) => {
        answered += chunk
      })
      socket.write(request)
      await socket.ended
      expect(answered).toMatch(/^HTTP\/1\.1 413 /)
    }
    expect(await isPending(answer)).toBe(true)
    expect((await post(port, form.padEnd(64 * 1024, 'x'))).status).toBe(200)
    expect((await entries(answer)).code).toBe('the-code')
  })

  test('S62 at most 8 connections stay open, and idle ones do not keep the answer out', async () => {
    const { port, answer } = await signIn()
    const idle = []
    for (let i = 0; i < 12; i++) idle.push(await dial(port))
    await Promise.all(idle.slice(0, 4).map(({ ended }) => ended))
    expect(await isPending(Promise.race(idle.slice(4).map(({ ended }) => ended)))).toBe(true)
    expect((await send(port, `/?${good}`)).status).toBe(200)
    expect((await entries(answer)).code).toBe('the-code')
  })

  describe('S62 a connection is cut after 10 s', () => {
    beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
    afterEach(() => void vi.useRealTimers())

    test.each([
      ['slow headers', 'GET / HTTP/1.1\r\nHost:'],
      ['no byte at all', ''],
    ])('%s', async (_name, text) => {
      const { port } = await signIn()
      const slow = await dial(port, text)
      await turnsUntil(() => vi.getTimerCount() === 1)
      vi.advanceTimersByTime(9_999)
      if (text !== '') slow.write('l')
      expect(await isOpen(slow)).toBe(true)
      vi.advanceTimersByTime(1)
      await slow.ended
      expect(vi.getTimerCount()).toBe(0)
    })

    test('a slow body, which gets as long again', async () => {
      const { port } = await signIn()
      const slow = await dial(port)
      await turnsUntil(() => vi.getTimerCount() === 1)
      vi.advanceTimersByTime(6_000)
      slow.write(head(port, 'Content-Length: 9\r\nExpect: 100-continue'))
      await once(slow, 'data')
      vi.advanceTimersByTime(9_999)
      slow.write('c')
      expect(await isOpen(slow)).toBe(true)
      vi.advanceTimersByTime(1)
      await slow.ended
      expect(vi.getTimerCount()).toBe(0)
    })
  })

  test('S62 close frees the port at once and drops every connection', async () => {
    const { session, port, answer } = await signIn()
    const idle = await dial(port)
    const busy = await dial(port)
    busy.write(head(port, 'Content-Length: 9\r\nExpect: 100-continue'))
    await once(busy, 'data')
    const closed = performance.now()
    session.close()
    session.close()
    await Promise.all([idle.ended, busy.ended])
    // Left alone, it would be cut after 10 s.
    expect(performance.now() - closed).toBeLessThan(5_000)
    await expect(answer).rejects.toMatchObject({ code: 'aborted' })
    const next = await signIn({ port })
    expect(next.port).toBe(port)
  })

  test('S62 close while the port is being opened leaves nothing open', async () => {
    const free = await signIn()
    free.session.close()
    const session = loopback({ port: free.port }).begin({ signal: new AbortController().signal })
    session.close()
    await expect(session.redirectUri).rejects.toMatchObject({ code: 'aborted' })
    await vi.waitFor(async () => await expect(dial(free.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' }))
    expect((await signIn({ port: free.port })).port).toBe(free.port)
  })

  test('S62 an abort rejects with its reason as the cause, and no listener stays on the signal', async () => {
    const reason = new Error('enough')
    const { session, controller, answer } = await signIn()
    controller.abort(reason)
    await expect(answer).rejects.toMatchObject({ name: 'NetworkError', code: 'aborted', cause: reason })
    session.close()

    const late = loopback().begin({ signal: controller.signal })
    await expect(late.redirectUri).rejects.toMatchObject({ code: 'aborted', cause: reason })
    late.close()
  })

  test('S62 no listener stays behind on the signal after an answer', async () => {
    const { signal } = new AbortController()
    const add = vi.spyOn(signal, 'addEventListener')
    const remove = vi.spyOn(signal, 'removeEventListener')
    const session = loopback({ openBrowser() {} }).begin({ signal })
    const port = Number(new URL(await session.redirectUri).port)
    const answer = session.authorize({ url: 'https://login.example/', flow: { authUri: '', state, expiresAt: 0 }, signal })
    await vi.waitFor(async () => expect((await send(port, `/?${good}`)).status).toBe(200))
    await answer
    session.close()
    const listeners = (calls: unknown[][]) => calls.map(([, listener]) => listener)
    expect(add).toHaveBeenCalledTimes(2)
    expect(listeners(remove.mock.calls)).toEqual(expect.arrayContaining(listeners(add.mock.calls)))
  })
})

function head(port: number, length: string): string {
  return `POST / HTTP/1.1\r\nHost: localhost:${port}\r\nContent-Type: application/x-www-form-urlencoded\r\n${length}\r\n\r\n`
}

async function turnsUntil(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}

async function isOpen(socket: Socket): Promise<boolean> {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve))
  return !socket.destroyed
}
