import { describe, expect, it, vi } from 'vitest'
import { type AuthorizationResponse, isAuthError } from '../../../src/core/index.ts'
import { readAuthorizationResponse } from '../../../src/core/oauth/authorization-response.ts'
import { FakeProvider } from '../../support/fake-provider.ts'
import { errorOf, publicClient, scopes } from '../client/support.ts'

const redirectUri = 'https://app.example/callback'
const limit = 64 * 1024

/** A posted answer that comes in such pieces, as a server hands it on. */
function posted(pull: (controller: ReadableStreamDefaultController<Uint8Array>) => void | Promise<void>, headers: HeadersInit = {}) {
  const cancel = vi.fn()
  const body = new ReadableStream({ pull, cancel }, { highWaterMark: 0 })
  return { cancel, request: new Request(redirectUri, { method: 'POST', body, duplex: 'half', headers } as RequestInit) }
}

const bytes = (text: string) => new TextEncoder().encode(text)
const never = () => new Promise<void>(() => {})
const read = (response: AuthorizationResponse, signal?: AbortSignal) => readAuthorizationResponse(response, { timeout: 10_000, signal })
const formOf = (length: number) => {
  const start = 'code=c&state=s&padding='
  return start + 'x'.repeat(length - start.length)
}

describe('S36 S37 S38 a posted answer', () => {
  it('is read in whatever pieces it comes, characters cut in two included', async () => {
    const text = bytes('code=c%2B&state=zoë')
    let at = 0
    const { request } = posted((controller) => (at < text.length ? controller.enqueue(text.slice(at, ++at)) : controller.close()))
    expect({ ...(await read(request)) }).toEqual({ code: 'c+', state: 'zoë' })
  })

  it('that has no body is empty', async () => {
    expect({ ...(await read(new Request(redirectUri, { method: 'POST' }))) }).toEqual({})
  })

  it('is read where a runtime’s requests have no stream', async () => {
    const request = new Request(redirectUri, { method: 'POST', body: 'code=c&state=s' })
    Object.defineProperty(request, 'body', { value: undefined })
    expect({ ...(await read(request)) }).toEqual({ code: 'c', state: 's' })
    const long = new Request(redirectUri, { method: 'POST', body: formOf(limit + 1) })
    Object.defineProperty(long, 'body', { value: undefined })
    expect(await errorOf(read(long))).toHaveProperty('code', 'bad_response')
  })

  it('may take 64 KiB, and not a byte more', async () => {
    const whole = (length: number) => new Request(redirectUri, { method: 'POST', body: formOf(length) })
    expect((await read(whole(limit))).state).toBe('s')
    expect(await errorOf(read(whole(limit + 1)))).toMatchObject({ name: 'NetworkError', code: 'bad_response' })
  })

  it('that never ends is given up after 64 KiB', async () => {
    const piece = bytes('x'.repeat(4096))
    let sent = 0
    const { request, cancel } = posted((controller) => {
      sent += piece.length
      controller.enqueue(piece)
    })
    expect(await errorOf(read(request))).toMatchObject({ name: 'NetworkError', code: 'bad_response' })
    expect(sent).toBeLessThanOrEqual(limit + 2 * piece.length)
    expect(cancel).toHaveBeenCalled()
  })

  it('that says how long it is, too long, is not read at all', async () => {
    const pull = vi.fn(never)
    const { request } = posted(pull, { 'content-length': `${limit + 1}` })
    expect(await errorOf(read(request))).toHaveProperty('code', 'bad_response')
    expect(pull).not.toHaveBeenCalled()
  })
})

describe('S36 S37 a sign-in whose posted answer does not end', () => {
  async function begun() {
    const provider = new FakeProvider()
    const app = publicClient(provider)
    const flow = await app.initiateAuthCodeFlow({ scopes, redirectUri, responseMode: 'form_post' })
    return { provider, app, flow, correlationId: 'c-1' }
  }

  it('timed_out: no longer than a call may take', async () => {
    const { provider, app, flow, correlationId } = await begun()
    const { request, cancel } = posted(never)
    const error = await errorOf(app.acquireTokenByAuthCodeFlow({ flow, response: request, timeout: 50, correlationId }))
    expect(error).toMatchObject({ name: 'NetworkError', code: 'timed_out', correlationId })
    expect(cancel).toHaveBeenCalled()
    expect(provider.count()).toBe(0)
  })

  it('aborted: as soon as the caller gives up', async () => {
    const { provider, app, flow, correlationId } = await begun()
    const controller = new AbortController()
    const { request, cancel } = posted(() => {
      controller.abort('enough')
      return never()
    })
    const error = await errorOf(app.acquireTokenByAuthCodeFlow({ flow, response: request, signal: controller.signal, correlationId }))
    expect(error).toMatchObject({ name: 'NetworkError', code: 'aborted', cause: 'enough', correlationId })
    expect(cancel).toHaveBeenCalled()
    expect(provider.count()).toBe(0)
  })

  it('bad_response: a flood, whoever waits for it', async () => {
    const { app, flow, correlationId } = await begun()
    const { request } = posted((controller) => controller.enqueue(new Uint8Array(16 * 1024)))
    const error = await app.acquireTokenByAuthCodeFlow({ flow, response: request, correlationId }).catch((reason: unknown) => reason)
    expect(isAuthError(error, 'bad_response')).toBe(true)
    expect(error).toMatchObject({ correlationId })
  })
})
