import { access } from 'node:fs'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it, type Mock, vi } from 'vitest'
import { AuthError, NetworkError } from '../../../src/core/errors.ts'
import { createSend, type HttpRequest } from '../../../src/core/http/http-client.ts'
import { parseJson } from '../../../src/core/http/parse-json.ts'
import { type FaultServer, refusedOrigin, refusing, startFaultServer } from '../../support/fault-server.ts'

let server: FaultServer
beforeEach(async () => {
  server = await startFaultServer()
})
afterEach(async () => {
  vi.unstubAllGlobals()
  vi.resetModules()
  await server.close()
})

const send = createSend()
const canary = 'CANARY-secret'

function get(url: string, more: Partial<HttpRequest> = {}): HttpRequest {
  return { method: 'GET', url, timeout: 5000, ...more }
}

function post(url: string, more: Partial<HttpRequest> = {}): HttpRequest {
  return { method: 'POST', url, body: new URLSearchParams({ refresh_token: canary }), timeout: 5000, correlationId: 'c-1', ...more }
}

/** What a promise rejects with: always an error of ours, which shows nothing of the request. */
async function failure(promise: Promise<unknown>): Promise<NetworkError> {
  const error = await promise.then(
    () => expect.unreachable('it resolved'),
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(NetworkError)
  expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('CANARY')
  const { code, message } = error as NetworkError
  if (code === 'bad_response' || code === 'too_large') expect(message).toMatch(/( answered with \w.+| is not a JSON object)\.$/)
  return error as NetworkError
}

async function eventually(condition: () => boolean): Promise<void> {
  await vi.waitFor(() => expect(condition()).toBe(true), { timeout: 5000, interval: 10 })
}

describe('an exchange', () => {
  it('gives status, headers and body of any answer that is no redirect', async () => {
    for (const status of ['200', '400', '401', '429', '503']) {
      const answer = await send(post(server.url('status', { status, body: `{"n":${status}}`, 'x-ms-request-id': 'r' })))
      expect(answer.status).toBe(Number(status))
      expect(answer.headers.get('x-ms-request-id')).toBe('r')
      expect(parseJson(answer)).toEqual({ n: Number(status) })
    }
  })

  it('sends the form, the headers and nothing of its own', async () => {
    await send(post(server.url('ok', { q: '1' }), { headers: { accept: 'application/json' } }))
    expect(server.hits).toHaveLength(1)
    expect(server.hits[0]).toMatchObject({
      method: 'POST',
      path: '/ok?q=1',
      body: `refresh_token=${canary}`,
      headers: { accept: 'application/json', 'content-type': expect.stringMatching(/^application\/x-www-form-urlencoded/) },
    })
    expect(Object.keys(server.hits[0]!.headers).filter((name) => name.startsWith('x-'))).toEqual([])
  })

  it('sends a string as it is, with the type that the caller names', async () => {
    await send(post(server.url('ok'), { body: '<s:Envelope/>', headers: { 'content-type': 'application/soap+xml; charset=utf-8' } }))
    expect(server.hits[0]).toMatchObject({ body: '<s:Envelope/>', headers: { 'content-type': 'application/soap+xml; charset=utf-8' } })
  })

  it('reads a compressed body and one that is absent', async () => {
    expect(parseJson(await send(get(server.url('gzip')))).access_token).toBe('at')
    expect((await send(get(server.url('no-content')))).body).toBe('')
    expect((await createSend(async () => new Response(null))(get(server.origin))).body).toBe('')
  })

  it('reads a character that arrives in two pieces', async () => {
    const bytes = new TextEncoder().encode('{"name":"Zoë €"}')
    const body = new ReadableStream({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte))
        controller.close()
      },
    })
    expect(parseJson(await createSend(async () => new Response(body))(get('https://idp.example')))).toEqual({ name: 'Zoë €' })
  })

  it('looks fetch up when it is called, and calls it without this', async () => {
    const send = createSend()
    const replaced = vi.fn(async function (this: unknown) {
      expect(this).toBeUndefined()
      return new Response('{}')
    })
    vi.stubGlobal('fetch', replaced)
    await send(get(server.url('ok')))
    expect(replaced).toHaveBeenCalledOnce()
    expect(server.hits).toHaveLength(0)
  })
})

describe('S34, wire-protocol S15: redirects', () => {
  it('are never followed, whatever their status', async () => {
    const target = await startFaultServer()
    for (const mood of ['301', '302', '303', '307', '308']) {
      for (const request of [get, post]) {
        const error = await failure(send(request(server.url(mood, { to: `${target.origin}/ok?${canary}` }))))
        expect(error).toMatchObject({ code: 'bad_response', status: Number(mood), action: 'report' })
      }
    }
    expect(target.connections).toBe(0)
    expect(server.hits).toHaveLength(10)
    await target.close()
  })

  it('are recognised where a browser hides them, and where a custom fetch has followed one', async () => {
    const opaque = { type: 'opaqueredirect', status: 0, headers: new Headers(), body: null, redirected: false, text: async () => '' }
    const hidden = createSend(async () => opaque as Response)
    expect(await failure(hidden(post('https://idp.example/token')))).toMatchObject({ code: 'bad_response', status: 0 })
    const choices = createSend(async () => new Response(null, { status: 300 }))
    expect(await failure(choices(get('https://idp.example')))).toMatchObject({ code: 'bad_response', status: 300 })
    const follows: typeof fetch = (url, init) => fetch(url, { ...init!, redirect: 'follow' })
    expect(await failure(createSend(follows)(get(server.url('302'))))).toMatchObject({ code: 'bad_response' })
  })

  it('free their body', async () => {
    const cancelled = vi.fn()
    const body = new ReadableStream({ cancel: cancelled })
    await failure(
      createSend(async () => new Response(body, { status: 307, headers: { location: '/x' } }))(post('https://idp.example/token')),
    )
    expect(cancelled).toHaveBeenCalledOnce()
  })
})

describe('S35 the fetch options', () => {
  async function optionsOf(request: HttpRequest): Promise<RequestInit> {
    vi.resetModules()
    const { createSend } = await import('../../../src/core/http/http-client.ts')
    const fetch = vi.fn(async (_url: unknown, _init?: RequestInit) => new Response('{}'))
    await createSend(fetch as typeof globalThis.fetch)(request)
    return fetch.mock.calls[0]![1]!
  }

  it('keep tokens out of caches, cookies out of requests, and ask for redirects by hand', async () => {
    expect(await optionsOf(post('https://idp.example/token'))).toMatchObject({ cache: 'no-store', credentials: 'omit', redirect: 'manual' })
    const options = await optionsOf(get('https://idp.example/.well-known/openid-configuration'))
    expect(options).toMatchObject({ credentials: 'omit', redirect: 'manual' })
    expect(options).not.toHaveProperty('cache')
    expect(await optionsOf(get('http://169.254.169.254/token', { noStore: true }))).toMatchObject({ cache: 'no-store' })
  })

  it('leave out a field that the runtime rejects', async () => {
    const Native = Request
    vi.stubGlobal(
      'Request',
      class {
        constructor(url: string, init: RequestInit) {
          if ('cache' in init) throw new Error("The 'cache' field on 'RequestInitializerDict' is not implemented.")
          new Native(url, init)
        }
      },
    )
    const options = await optionsOf(post('https://idp.example/token'))
    expect(options).not.toHaveProperty('cache')
    expect(options).toMatchObject({ credentials: 'omit', redirect: 'manual' })
  })
})

describe('S36 one deadline covers everything', () => {
  for (const mood of ['stall-headers', 'stall-body', 'drip']) {
    it(`${mood}: timed_out, and the connection is given up`, async () => {
      const error = await failure(send(post(server.url(mood, { canary }), { timeout: 150 })))
      expect(error).toMatchObject({ code: 'timed_out', action: 'retry', correlationId: 'c-1' })
      expect(server.hits).toHaveLength(1)
      await eventually(() => server.pending === 0)
    })
  }

  it('holds for a custom fetch that does not heed the signal', async () => {
    const never = createSend(() => new Promise(() => {}))
    expect(await failure(never(get('https://idp.example', { timeout: 20 })))).toMatchObject({ code: 'timed_out' })
    const cancelled = vi.fn()
    const stalled = createSend(async () => new Response(new ReadableStream({ cancel: cancelled })))
    expect(await failure(stalled(get('https://idp.example', { timeout: 20 })))).toMatchObject({ code: 'timed_out' })
    expect(cancelled).toHaveBeenCalledOnce()
  })

  it('frees the body of an answer that comes too late', async () => {
    const cancelled = vi.fn()
    let answer: (response: Response) => void = () => {}
    const late = createSend(() => new Promise((resolve) => (answer = resolve)))
    await failure(late(get('https://idp.example', { timeout: 10 })))
    answer(new Response(new ReadableStream({ cancel: cancelled })))
    await eventually(() => cancelled.mock.calls.length === 1)
  })

  it('is one for both tries', async () => {
    const fetch = vi.fn(async () => {
      await new Promise((resolve) => setTimeout(resolve, 80))
      throw new TypeError('fetch failed')
    })
    vi.stubGlobal('fetch', fetch)
    expect(await failure(send(get('https://idp.example', { timeout: 120 })))).toMatchObject({ code: 'timed_out' })
    expect(fetch).toHaveBeenCalledTimes(2)
  })

  it('S67 may be longer than a timer can be', async () => {
    for (const timeout of [2 ** 31, 2 ** 40, Number.POSITIVE_INFINITY]) {
      const slow = createSend(async () => {
        await new Promise((resolve) => setTimeout(resolve, 20))
        return new Response('{}')
      })
      expect((await slow(get('https://idp.example', { timeout }))).status).toBe(200)
    }
  })

  it('S67 an answer that came while the process stood still counts', async () => {
    // By way of the system: an answer that has come waits behind the timers that are due.
    const standStill = (answered: () => void) => {
      access(import.meta.filename, answered)
      const end = performance.now() + 250
      while (performance.now() < end);
    }
    const fetch = () => new Promise<Response>((resolve) => void setImmediate(standStill, () => resolve(new Response('{}'))))
    expect((await createSend(fetch)(get('https://idp.example', { timeout: 200 }))).status).toBe(200)
  })

  it('leaves no timer behind', async () => {
    const set = vi.spyOn(globalThis, 'setTimeout')
    const clear = vi.spyOn(globalThis, 'clearTimeout')
    await createSend(async () => new Response('{}'))(get('https://idp.example', { timeout: 12_345 }))
    await failure(createSend(async () => new Response('{}', { status: 302 }))(get('https://idp.example', { timeout: 12_345 })))
    const timers = set.mock.results.filter((_, index) => set.mock.calls[index]![1] === 6_172.5).map(({ value }) => value)
    expect(timers).toHaveLength(2)
    for (const timer of timers) expect(clear).toHaveBeenCalledWith(timer)
    set.mockRestore()
    clear.mockRestore()
  })
})

describe('S37 the caller’s abort', () => {
  it('before the call: nothing is sent', async () => {
    const reason = { why: 'navigated away' }
    const error = await failure(send(get(server.url('ok'), { signal: AbortSignal.abort(reason) })))
    expect(error).toMatchObject({ code: 'aborted', action: 'report' })
    expect(error.cause).toBe(reason)
    expect(server.connections).toBe(0)
  })

  for (const mood of ['stall-headers', 'stall-body', 'drip']) {
    it(`during ${mood}: aborted at once, with the reason as the cause`, async () => {
      const controller = new AbortController()
      const promise = failure(send(post(server.url(mood), { signal: controller.signal })))
      await eventually(() => server.hits.length === 1)
      const reason = new Error('enough')
      controller.abort(reason)
      const error = await promise
      expect(error).toMatchObject({ code: 'aborted', correlationId: 'c-1' })
      expect(error.cause).toBe(reason)
      await eventually(() => server.pending === 0)
    })
  }

  it('leaves no listener on a signal that lives long', async () => {
    const { signal } = new AbortController()
    const warned = vi.fn()
    process.on('warning', warned)
    let listeners = 0
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++
      add(...args)
    }
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--
      remove(...args)
    }
    for (let i = 0; i < 500; i++) await createSend(async () => new Response('{}'))(get('https://idp.example', { signal }))
    await send(get(server.url('ok'), { signal }))
    await failure(send(get(server.url('307'), { signal })))
    await failure(send(get(server.url('stall-body'), { signal, timeout: 30 })))
    await failure(send(get(await refusedOrigin(), { signal })))
    expect(listeners).toBe(0)
    await new Promise((resolve) => setImmediate(resolve))
    process.off('warning', warned)
    expect(warned).not.toHaveBeenCalled()
  })
})

describe('S38 the size cap', () => {
  const MiB = 1 << 20

  for (const mood of ['huge', 'huge-length', 'gzip-bomb']) {
    it(`${mood}: too_large, and the rest is not read`, async () => {
      const before = process.memoryUsage().rss
      const error = await failure(send(get(server.url(mood))))
      expect(error).toMatchObject({ code: 'too_large', status: 200, action: 'retry' })
      expect(process.memoryUsage().rss - before).toBeLessThan(150 * MiB)
      await eventually(() => server.pending === 0)
    })
  }

  it('is by default 1 MiB, and what the caller says', async () => {
    expect((await send(get(server.url('huge', { mb: '1' })))).body).toHaveLength(MiB)
    expect((await send(get(server.url('huge-length', { mb: '1' })))).body).toHaveLength(MiB)
    expect(await failure(send(get(server.url('huge', { mb: '1' }), { maxBytes: MiB - 1 })))).toMatchObject({ code: 'too_large' })
    expect((await send(get(server.url('gzip-bomb', { mb: '1' })))).body).toHaveLength(MiB)
  })

  it('looks at Content-Length before it reads', async () => {
    const pull = vi.fn()
    const body = new ReadableStream({ pull }, { highWaterMark: 0 })
    const send = createSend(async () => new Response(body, { headers: { 'content-length': '2000000' } }))
    expect(await failure(send(get('https://idp.example')))).toMatchObject({ code: 'too_large' })
    expect(pull).not.toHaveBeenCalled()
  })

  it('holds for the responses of adapters that have no stream', async () => {
    const big = 'x'.repeat(2000)
    const adapters: object[] = [
      { status: 200, headers: new Headers(), text: async () => big },
      { status: 200, headers: { 'content-type': 'text/plain' }, body: { on() {}, pipe() {} }, text: async () => big },
    ]
    for (const response of adapters) {
      const send = createSend(async () => response as Response)
      expect((await send(get('https://idp.example'))).body).toBe(big)
      expect(await failure(send(get('https://idp.example', { maxBytes: 1999 })))).toMatchObject({ code: 'too_large' })
    }
  })
})

describe('S39 bodies that are no JSON object', () => {
  const broken = ['truncate', 'truncate-chunked', 'rst-body', 'bad-utf8', 'cut-utf8']
  for (const mood of broken) {
    it(`${mood}: bad_response from the transport`, async () => {
      expect(await failure(send(post(server.url(mood))))).toMatchObject({ code: 'bad_response', status: 200, correlationId: 'c-1' })
      expect(server.hits).toHaveLength(1)
    })
  }

  for (const mood of [...broken, 'huge', 'huge-length', 'gzip-bomb']) {
    it(`S32 ${mood}: of a 429 or a 5xx the rest counts, and the connection is given up`, async () => {
      for (const status of [429, 500, 503]) {
        const faults = await startFaultServer({ [mood]: refusing(mood, status, { 'retry-after': '7' }) })
        const answer = await send(post(faults.url(mood)))
        expect(answer).toMatchObject({ status, body: '' })
        expect(answer.headers.get('retry-after')).toBe('7')
        expect(faults.hits).toHaveLength(1)
        await eventually(() => faults.pending === 0)
        await faults.close()
      }
    })

    it(`${mood}: of a 400 nothing does`, async () => {
      const faults = await startFaultServer({ [mood]: refusing(mood, 400) })
      const code = /huge|bomb/.test(mood) ? 'too_large' : 'bad_response'
      expect(await failure(send(post(faults.url(mood))))).toMatchObject({ code, status: 400 })
      await faults.close()
    })
  }

  it('S36 S37 a 503 that never ends is timed_out or aborted all the same', async () => {
    const faults = await startFaultServer({ 'stall-body': refusing('stall-body', 503) })
    expect(await failure(send(post(faults.url('stall-body'), { timeout: 100 })))).toMatchObject({ code: 'timed_out' })
    const controller = new AbortController()
    const call = failure(send(post(faults.url('stall-body'), { signal: controller.signal })))
    await eventually(() => faults.hits.length === 2)
    controller.abort()
    expect(await call).toMatchObject({ code: 'aborted' })
    await faults.close()
  })

  it('S34 a 503 that a custom fetch was redirected to stays a redirect', async () => {
    const faults = await startFaultServer({ moved: refusing('html', 503) })
    const follows: typeof fetch = (url, init) => fetch(url, { ...init!, redirect: 'follow' })
    const error = await failure(createSend(follows)(get(server.url('302', { to: faults.url('moved') }))))
    expect(error).toMatchObject({ code: 'bad_response', status: 503 })
    await faults.close()
  })

  const wrong = ['html', 'empty', 'no-content', 'array', 'null', 'number', 'string', 'half-json', 'bom', 'nested', 'nested-object']
  for (const mood of wrong) {
    it(`${mood}: bad_response below 500, server_unavailable from there on`, async () => {
      for (const status of mood === 'no-content' ? [204] : [200, 400, 429, 500, 503]) {
        const answer = await send(post(server.url(mood, { status: String(status) })))
        const error = await failure((async () => parseJson(answer, 'c-2'))())
        expect(error).toMatchObject({ code: status < 500 ? 'bad_response' : 'server_unavailable', status, correlationId: 'c-2' })
        expect(error.message.length).toBeLessThan(100)
      }
    })
  }

  it('S32 server_unavailable says when to come back', async () => {
    const answer = await send(get(server.url('status', { status: '503', 'retry-after': '7', body: '<html>' })))
    expect(await failure((async () => parseJson(answer))())).toMatchObject({ status: 503, retryAfter: 7000, action: 'retry' })
  })

  it('a JSON object is parsed without prototypes, at any depth', () => {
    const answer = { status: 200, headers: new Headers(), body: '{"__proto__":{"polluted":1},"a":[{"constructor":2}]}' }
    const document = parseJson(answer) as { a: object[] }
    expect(Object.getPrototypeOf(document)).toBeNull()
    expect(Object.getPrototypeOf(document.a[0])).toBeNull()
    expect(Object.keys(document)).toEqual(['__proto__', 'a'])
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
  })
})

describe('S33 a connection that fails', () => {
  const failing = (error: unknown) => {
    const fetch = vi.fn(() => Promise.reject(error))
    vi.stubGlobal('fetch', fetch)
    return fetch
  }

  it('is unreachable, with a cause that holds a word only', async () => {
    const origin = await refusedOrigin()
    for (const request of [get, post]) {
      const error = await failure(send(request(`${origin}/${canary}?code=${canary}`)))
      expect(error).toMatchObject({ code: 'unreachable', action: 'retry' })
      expect((error.cause as Error).message).toBe('ECONNREFUSED')
      expect(error.message).toBe(`${new URL(origin).host} could not be reached.`)
    }
  })

  it('a GET is tried twice, whatever the failure', async () => {
    expect(await failure(send(get(server.url('rst'))))).toMatchObject({ code: 'unreachable' })
    expect(server.hits).toHaveLength(2)
    const fetch = failing(new TypeError('Failed to fetch'))
    expect((await failure(send(get('https://idp.example')))).cause).toMatchObject({ message: 'fetch failed' })
    expect(fetch).toHaveBeenCalledTimes(2)
  })

  it('a POST that may have been sent is tried once', async () => {
    expect(await failure(send(post(server.url('rst'))))).toMatchObject({ code: 'unreachable' })
    expect(server.hits).toHaveLength(1)
    for (const error of [
      new TypeError('Failed to fetch'),
      Object.assign(new Error(), { code: 'ConnectionReset' }),
      coded('ECONNRESET'),
      coded('UND_ERR_SOCKET'),
    ]) {
      const fetch = failing(error)
      await failure(send(post('https://idp.example')))
      expect(fetch).toHaveBeenCalledTimes(1)
    }
  })

  it('a POST that was surely not sent is tried twice', async () => {
    const codes = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT']
    const bun = ['ConnectionRefused', 'FailedToOpenSocket'].map((code) => Object.assign(new Error('Unable to connect.'), { code }))
    const deno = new TypeError(`error sending request for url (https://idp.example/?${canary}): client error (Connect): tcp connect error`)
    for (const error of [...codes.map(coded), ...bun, deno]) {
      const fetch = failing(error)
      await failure(send(post('https://idp.example')))
      expect(fetch).toHaveBeenCalledTimes(2)
    }
  })

  it('the second try may succeed, with the same body', async () => {
    const real = fetch
    const flaky: Mock<typeof fetch> = vi.fn((...args) =>
      flaky.mock.calls.length === 1 ? Promise.reject(coded('ECONNREFUSED')) : real(...args),
    )
    vi.stubGlobal('fetch', flaky)
    expect((await send(post(server.url('ok')))).status).toBe(200)
    expect(server.hits.map(({ body }) => body)).toEqual([`refresh_token=${canary}`])
  })

  it('with a custom fetch nothing is tried twice', async () => {
    const fetch = vi.fn(() => Promise.reject(coded('ECONNREFUSED')))
    expect(await failure(createSend(fetch)(get('https://idp.example')))).toMatchObject({ code: 'unreachable' })
    expect(fetch).toHaveBeenCalledOnce()
  })

  it('S69 nothing of what a custom fetch throws is passed on, but for an AuthError', async () => {
    const strange = [
      undefined,
      null,
      canary,
      new Error(canary, { cause: canary }),
      Object.assign(new Error(), { code: `${canary} 1`, request: canary }),
      Object.assign(new Error(), { code: `1 ${canary}` }),
    ]
    for (const reason of strange) {
      expect(await failure(createSend(() => Promise.reject(reason))(get('https://idp.example')))).toMatchObject({ code: 'unreachable' })
    }
    const ours = new NetworkError('timed_out', 'from below')
    expect(await failure(createSend(() => Promise.reject(ours))(get('https://idp.example')))).toBe(ours)
  })

  it('S72 a custom fetch that resolves to no response is a bad response', async () => {
    for (const response of [undefined, null, 1, {}, { status: 200 }]) {
      const error = await createSend(async () => response as unknown as Response)(get('https://idp.example')).catch((reason) => reason)
      expect(error).toBeInstanceOf(AuthError)
      expect(error).toMatchObject({ code: 'bad_response' })
    }
  })

  it('5xx and 429 are answers, and are not tried again', async () => {
    for (const status of ['429', '500', '503']) await send(get(server.url('status', { status })))
    expect(server.hits).toHaveLength(3)
  })
})

function coded(code: string): TypeError {
  return new TypeError('fetch failed', { cause: Object.assign(new Error(canary), { code }) })
}
