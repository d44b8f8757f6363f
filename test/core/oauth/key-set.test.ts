import { describe, expect, it, vi } from 'vitest'
import { createSend } from '../../../src/core/http/http-client.ts'
import { fetchKeySet } from '../../../src/core/oauth/key-set.ts'
import { errorOf } from '../client/support.ts'

const url = 'https://login.example/keys'
const keySet = { keys: [{ kty: 'RSA', kid: 'one' }] }
const answering = (status: number) => ({ send: vi.fn(async () => ({ status, headers: new Headers(), body: JSON.stringify(keySet) })) })
const bounds = { timeout: 1000, signal: new AbortController().signal, correlationId: 'the-call' }

describe("a provider's keys", () => {
  it('are got within the bounds of the call', async () => {
    const http = answering(200)
    expect(await fetchKeySet(http, url, bounds)).toEqual(keySet)
    expect(http.send).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ method: 'GET', url, ...bounds }))
  })

  it('S15 are never those that an HTTP cache has kept', async () => {
    const fetch = vi.fn(async (_url: unknown, _init?: RequestInit) => Response.json(keySet))
    expect(await fetchKeySet({ send: createSend(fetch as typeof globalThis.fetch) }, url, bounds)).toEqual(keySet)
    expect(fetch.mock.calls[0]![1]).toMatchObject({ method: 'GET', cache: 'no-store', credentials: 'omit' })
  })

  it('S10: a redirect that nobody follows is no refusal', async () => {
    expect(await fetchKeySet(answering(399), url, bounds)).toEqual(keySet)
  })

  it.each([400, 404])('S10: a refusal with status %d brings none, whatever it holds', async (status) => {
    const error = await errorOf(fetchKeySet(answering(status), url, bounds))
    expect(error).toMatchObject({ name: 'NetworkError', code: 'bad_response', status, correlationId: 'the-call' })
    expect(error.message).toBe(`The keys were answered with status ${status}.`)
  })
})
