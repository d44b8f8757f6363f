import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ClientAuthError, NetworkError } from '../../../src/core/errors.ts'
import { idTokenSignatureVerifier } from '../../../src/core/oauth/id-token-signature.ts'
import { first, provider, refused, second, token } from './signing.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('the key set itself', () => {
  it('a failed fetch is told as it is, and tried again by the next call', async () => {
    const { verify, fetchJson } = provider(first)
    const down = new NetworkError('server_unavailable', 'down', { status: 503 })
    fetchJson.mockRejectedValueOnce(down)
    await expect(verify(await token(first))).rejects.toBe(down)
    await verify(await token(first))
  })

  it.each<[string, NetworkError, number]>([
    ['5 s', new NetworkError('unreachable', 'down'), 5_000],
    ['as long as it says', new NetworkError('server_unavailable', 'down', { status: 503, retryAfter: 12_000 }), 12_000],
    ['a minute at most', new NetworkError('server_unavailable', 'down', { status: 503, retryAfter: 3_600_000 }), 60_000],
  ])('S40 a fetch that fails leaves the known keys good, and the provider alone for %s', async (_, down, pause) => {
    const { verify, fetchJson, rotate } = provider(first)
    await verify(await token(first))
    rotate(first, second)
    fetchJson.mockRejectedValueOnce(down)
    const unknown = [await token(second), await token(second, { kid: 'random' }), await token(second, { kid: 'first' })]
    for (let index = 0; index < 200; index++) {
      if (index === 100) vi.setSystemTime(Date.now() + pause - 1)
      // No verdict: it may be a good token of a new key.
      await expect(verify(unknown[index % 3]!)).rejects.toBe(down)
      await verify(await token(first))
    }
    expect(fetchJson).toHaveBeenCalledTimes(2)
    vi.setSystemTime(Date.now() + 1)
    await verify(unknown[0]!)
    expect(fetchJson).toHaveBeenCalledTimes(3)
    await refused(verify(unknown[1]!))
    expect(fetchJson).toHaveBeenCalledTimes(3)
  })

  it('S40 a hundred unknown tokens at once share the fetch that fails', async () => {
    const { verify, fetchJson } = provider(first)
    await verify(await token(first))
    const down = new NetworkError('unreachable', 'down')
    fetchJson.mockRejectedValue(down)
    const idToken = await token(second)
    await Promise.all(Array.from({ length: 100 }, () => expect(verify(idToken)).rejects.toBe(down)))
    expect(fetchJson).toHaveBeenCalledTimes(2)
  })

  it('S40 a caller who gave up keeps nobody from a fetch', async () => {
    const { verify, fetchJson, rotate } = provider(first)
    await verify(await token(first))
    rotate(first, second)
    const aborted = new NetworkError('aborted', 'given up')
    fetchJson.mockRejectedValueOnce(aborted)
    await expect(verify(await token(second))).rejects.toBe(aborted)
    await verify(await token(second))
    expect(fetchJson).toHaveBeenCalledTimes(3)
  })

  it('S43 a failure that comes late tells nothing where newer keys are known', async () => {
    const { verify, fetchJson, rotate } = provider(first)
    await verify(await token(first))
    const down = new NetworkError('timed_out', 'down')
    let fail = () => {}
    fetchJson.mockImplementationOnce(
      () =>
        new Promise((_, reject) => {
          fail = () => reject(down)
        }),
    )
    const slow = expect(verify(await token(second))).rejects.toBe(down)
    rotate(second)
    // Whoever comes next waits for a second and then asks again.
    await verify(await token(second))
    fail()
    await slow
    await refused(verify(await token(first)))
    expect(fetchJson).toHaveBeenCalledTimes(3)
  })

  it.each(['cooldown', 'failure'])('S67 where the clock is set back, a %s is over', async (kind) => {
    const { verify, fetchJson, rotate } = provider(first)
    await verify(await token(first))
    vi.setSystemTime(Date.now() + 3_600_000)
    const down = new NetworkError('server_unavailable', 'down', { status: 503 })
    if (kind === 'failure') fetchJson.mockRejectedValueOnce(down)
    await expect(verify(await token(second))).rejects.toBeInstanceOf(kind === 'failure' ? NetworkError : ClientAuthError)
    vi.setSystemTime(Date.now() - 1_800_000)
    rotate(first, second)
    await verify(await token(second))
    expect(fetchJson).toHaveBeenCalledTimes(3)
  })

  it('S67 where the clock is set back, the keys are fetched again: nobody knows how old they are', async () => {
    const { verify, fetchJson } = provider(first)
    const idToken = await token(first)
    await verify(idToken)
    vi.setSystemTime(Date.now() - 3_600_000)
    await verify(idToken)
    await verify(idToken)
    expect(fetchJson).toHaveBeenCalledTimes(2)
    vi.setSystemTime(Date.now() + 24 * 3600_000 - 1)
    await verify(idToken)
    expect(fetchJson).toHaveBeenCalledTimes(2)
  })

  it('a fetch that throws at once is no different', async () => {
    const { verify, served, fetchJson } = provider(first)
    const down = new NetworkError('unreachable', 'down')
    fetchJson.mockImplementationOnce(() => {
      throw down
    })
    await expect(verify(await token(first))).rejects.toBe(down)
    expect(served.keys).toHaveLength(1)
    await verify(await token(first))
  })

  it('one caller who gives up does not take the others along', async () => {
    const { verify, fetchJson } = provider(first)
    const idToken = await token(first)
    const aborted = new NetworkError('aborted', 'given up')
    const given = verify(idToken, { fetchJson: () => Promise.reject(aborted) })
    const others = [verify(idToken), verify(idToken)]
    await expect(given).rejects.toBe(aborted)
    await Promise.all(others)
    expect(fetchJson).toHaveBeenCalledTimes(1)
  })

  it('S43: a slow old answer does not replace a newer one', async () => {
    const { verify, fetchJson, rotate, served } = provider(first)
    const old = structuredClone(served) as Record<string, unknown>
    let answer!: () => void
    fetchJson.mockImplementationOnce(
      () =>
        new Promise((resolve) => {
          answer = () => resolve(old)
        }),
    )
    const slow = verify(await token(first))
    rotate(second)
    // Whoever comes next waits for a second and then asks again.
    await verify(await token(second))
    answer()
    await refused(slow)
    await verify(await token(second))
    expect(fetchJson).toHaveBeenCalledTimes(2)
  })

  it.each([[{}], [{ keys: null }], [{ keys: {} }], [{ keys: ['a'] }], [{ keys: [null] }]])('malformed: %j', async (body) => {
    const { verify, served, fetchJson } = provider(first)
    const { keys } = served
    fetchJson.mockResolvedValueOnce(body as Record<string, unknown>)
    await expect(verify(await token(first))).rejects.toMatchObject({ name: 'NetworkError', code: 'bad_response' })
    served.keys = keys
    await verify(await token(first))
  })

  it('a key that cannot be used does not spoil the others', async () => {
    const { verify, served } = provider(first)
    served.keys = [{ kty: 'RSA', kid: 'broken', n: '!', e: 'AQAB' }, { kty: 'future', kid: 'x' }, first.jwk]
    await verify(await token(first))
    await refused(verify(await token(second, { kid: 'broken' })))
  })

  it('each client has its own, and each jwks_uri', async () => {
    const one = provider(first)
    const two = provider(second)
    await one.verify(await token(first))
    await refused(two.verify(await token(first)))
    const elsewhere = vi.fn(async () => ({ keys: [second.jwk] }))
    const options = { jwksUri: 'https://other.example/keys', fetchJson: elsewhere }
    await one.verify(await token(second), options)
    await refused(one.verify(await token(first), options))
    await one.verify(await token(first))
    expect(one.fetchJson).toHaveBeenCalledTimes(1)
  })

  it('a hundred providers are remembered at most', async () => {
    const verifier = idTokenSignatureVerifier()
    const idToken = await token(first)
    const fetchJson = vi.fn(async () => ({ keys: [first.jwk] }))
    const ask = (tenant: number) => verifier(idToken, { jwksUri: `https://login.example/${tenant}`, fetchJson })
    for (let tenant = 0; tenant <= 100; tenant++) await ask(tenant)
    await ask(1)
    expect(fetchJson).toHaveBeenCalledTimes(101)
    await ask(0)
    expect(fetchJson).toHaveBeenCalledTimes(102)
  })
})
