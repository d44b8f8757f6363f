import { createSign, generateKeyPairSync } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { memoryHttpCache } from '../../../src/core/http/http-cache.ts'
import type { ClientCredential, ConfidentialClientOptions } from '../../../src/core/index.ts'
import { FakeProvider, jwt, type Reply, refuse } from '../../support/fake-provider.ts'
import { codeOf, confidentialClient, errorOf, scopes } from './support.ts'

const start = Date.UTC(2030, 0, 1)

beforeEach(() => void vi.useFakeTimers({ now: start, toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const certificate = Buffer.from('a certificate').toString('base64')

/** A client whose credential counts how often it is asked to speak for it. */
const asked: [string, (options?: Partial<ConfidentialClientOptions>) => { ask: ReturnType<typeof vi.fn>; credential: ClientCredential }][] =
  [
    [
      'a callback that makes assertions',
      () => {
        const ask = vi.fn(async () => jwt({ jti: ask.mock.calls.length }))
        return { ask, credential: { clientAssertion: ask } }
      },
    ],
    [
      'a signer elsewhere',
      () => {
        const ask = vi.fn(async (data: Uint8Array) => new Uint8Array(createSign('sha256').update(data).sign(privateKey)))
        return { ask, credential: { sign: ask, publicCertificate: certificate } }
      },
    ],
  ]

/** With a registered claim of its own no assertion is sent twice. */
const signedEachTime = { clientClaims: { aud: 'https://login.example' } }

/** What is refused, and for how many seconds that is repeated. */
const replies: [string, Reply, string, number][] = [
  ['with Retry-After', refuse('temporarily_unavailable', {}, 429, { 'retry-after': '120' }), 'throttled', 120],
  ['that asks for the person', refuse('interaction_required', { claims: '{"access_token":{}}' }), 'interaction_required', 60],
]

describe.each(asked)('%s is not asked where a refusal is repeated', (_, create) => {
  it.each(replies)('%s', async (_, reply, code, life) => {
    const provider = new FakeProvider()
    const { ask, credential } = create()
    const app = confidentialClient(provider, { clientCredential: credential, ...signedEachTime })
    const userAssertion = jwt({ sub: 'alice' })
    provider.replies.push(reply)
    const first = await errorOf(app.acquireTokenOnBehalfOf({ userAssertion, scopes }))
    expect(first.code).toBe(code)
    expect(ask).toHaveBeenCalledTimes(1)
    for (const moment of [0, life / 2, life - 1]) {
      vi.setSystemTime(start + moment * 1000)
      const again = await errorOf(app.acquireTokenOnBehalfOf({ userAssertion, scopes }))
      expect(again).toMatchObject({ code, error: first.error, status: first.status })
      expect(again.claims).toBe(first.claims)
    }
    expect(ask).toHaveBeenCalledTimes(1)
    expect(provider.count()).toBe(1)

    // Another person is not held back, nor is the same one later; each request has an assertion of its own.
    await app.acquireTokenOnBehalfOf({ userAssertion: jwt({ sub: 'bob' }), scopes })
    vi.setSystemTime(start + (life + 1) * 1000)
    await app.acquireTokenOnBehalfOf({ userAssertion, scopes })
    expect(ask).toHaveBeenCalledTimes(3)
    const sent = provider.requests.flatMap(({ form }) => form.client_assertion ?? [])
    expect(new Set(sent).size).toBe(3)
  })

  it('by another process, which shares the httpCache', async () => {
    const provider = new FakeProvider()
    const httpCache = memoryHttpCache()
    const [here, there] = [create(), create()]
    provider.replies.push(refuse('temporarily_unavailable', {}, 429, { 'retry-after': '120' }))
    const options = { httpCache, ...signedEachTime }
    expect(
      await codeOf(confidentialClient(provider, { clientCredential: here.credential, ...options }).acquireTokenForClient({ scopes })),
    ).toBe('throttled')
    expect(
      await codeOf(confidentialClient(provider, { clientCredential: there.credential, ...options }).acquireTokenForClient({ scopes })),
    ).toBe('throttled')
    expect(here.ask).toHaveBeenCalledTimes(1)
    expect(there.ask).not.toHaveBeenCalled()
  })
})

it('a secret that was replaced after a refusal goes out', async () => {
  const provider = new FakeProvider()
  let secret = 'old'
  const app = confidentialClient(provider, { clientCredential: async () => secret })
  provider.replies.push(refuse('invalid_client'))
  for (let turn = 0; turn < 2; turn++) expect(await codeOf(app.acquireTokenForClient({ scopes }))).toBe('server_error')
  expect(provider.count()).toBe(1)
  secret = 'new'
  await app.acquireTokenForClient({ scopes })
  expect(provider.requests.at(-1)!.form).toMatchObject({ client_secret: 'new' })
})

describe('the timeout', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] }))

  /** Lets a call go on, and the time pass only while something is waited for. */
  async function outcomeOf(call: Promise<unknown>, isWaiting: () => boolean, step: number): Promise<unknown> {
    let outcome: { value: unknown } | undefined
    const end = (value: unknown) => {
      outcome = { value }
    }
    call.then(end, end)
    while (!outcome) {
      if (isWaiting()) await vi.advanceTimersByTimeAsync(step)
      await new Promise((resolve) => setImmediate(resolve))
    }
    return outcome.value
  }

  it('is that of each wait: for the cache, for the assertion, for the server', async () => {
    let waits = 0
    const slowly = async <T>(value: () => T | Promise<T>): Promise<T> => {
      waits++
      await new Promise((resolve) => setTimeout(resolve, 19_000))
      waits--
      return value()
    }
    const provider = new FakeProvider()
    const cache = memoryHttpCache()
    const clientAssertion = () => slowly(() => 'a.b.c')
    const httpCache = { ...cache, get: (key: string) => slowly(() => cache.get(key)) }
    const app = confidentialClient(provider, { clientCredential: { clientAssertion }, httpCache, timeout: 20_000 })
    provider.replies.push((_, standard) => slowly(() => Response.json(standard())))
    const call = app.acquireTokenForClient({ scopes })
    expect(await outcomeOf(call, () => waits > 0, 19_000)).toMatchObject({ tokenSource: 'identity_provider' })
    expect(provider.requests.at(-1)!.form).toMatchObject({ client_assertion: 'a.b.c' })
  })

  it('ends a callback that hangs, and nothing is sent', async () => {
    const provider = new FakeProvider()
    const clientAssertion = vi.fn(() => new Promise<string>(() => {}))
    const app = confidentialClient(provider, { clientCredential: { clientAssertion }, timeout: 100 })
    const begun = Date.now()
    const isAsked = () => clientAssertion.mock.calls.length > 0
    expect(await outcomeOf(app.acquireTokenForClient({ scopes }), isAsked, 10)).toMatchObject({ code: 'timed_out' })
    // Once more for those who wait would be a second later.
    expect(Date.now() - begun).toBeLessThan(200)
    expect(clientAssertion).toHaveBeenCalledTimes(1)
    expect(provider.count()).toBe(0)
  })
})
