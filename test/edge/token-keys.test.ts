import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { validateAccessToken } from '../../src/edge/validate-access-token.ts'
import { authorities, claimsOf, contoso, microsoft, type SigningKey, sign, signingKey } from './token-support.ts'

const [one, two] = [signingKey('one'), signingKey('two')]
const home = `${microsoft}/${contoso}/v2.0`
const authority = `${microsoft}/${contoso}`

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 })
})
afterEach(() => {
  vi.useRealTimers()
})

function api(...keys: SigningKey[]) {
  const { fetch, rotate } = authorities({ [home]: {} }, ...keys)
  const validate = (token: string) => validateAccessToken(token, { audience: 'api://notes', authority, fetch })
  const count = (end: string) => fetch.mock.calls.filter(([url]) => String(url).endsWith(end)).length
  return { fetch, rotate, validate, documents: () => count('configuration'), keySets: () => count('/keys') }
}

describe('S15, S43: endpoints and keys', () => {
  it('are fetched once for a hundred concurrent tokens, and once a day', async () => {
    const { validate, documents, keySets } = api(one)
    const token = await sign(one, claimsOf({ exp: 2_000_000_000 }))
    await Promise.all(Array.from({ length: 100 }, () => validate(token)))
    vi.setSystemTime(Date.now() + 24 * 3600_000 - 1)
    await validate(token)
    expect([documents(), keySets()]).toEqual([1, 1])
    vi.setSystemTime(Date.now() + 1)
    await validate(token)
    expect([documents(), keySets()]).toEqual([2, 2])
  })

  it('rotate without a restart, and unknown keys cost one request in 30 s', async () => {
    const { validate, rotate, keySets } = api(one)
    await validate(await sign(one, claimsOf()))
    rotate(two)
    await validate(await sign(two, claimsOf()))
    expect(keySets()).toBe(2)
    const forged = await Promise.all(Array.from({ length: 20 }, (_, index) => sign(one, claimsOf(), { kid: `random ${index}` })))
    await Promise.all(forged.map((token) => expect(validate(token)).rejects.toMatchObject({ code: 'id_token_invalid' })))
    expect(keySets()).toBe(2)
    vi.setSystemTime(Date.now() + 30_000)
    for (const token of forged) await expect(validate(token)).rejects.toMatchObject({ code: 'id_token_invalid' })
    expect(keySets()).toBe(3)
  })

  it('S40: while the keys cannot be had, unknown ones cost one request in as long as the provider asks for', async () => {
    const { validate, rotate, keySets, fetch } = api(one)
    await validate(await sign(one, claimsOf()))
    rotate(one, two)
    const answers = fetch.getMockImplementation()!
    fetch.mockImplementation(async (url) =>
      String(url).endsWith('/keys') ? new Response('', { status: 503, headers: { 'retry-after': '60' } }) : answers(url),
    )
    for (let index = 0; index < 200; index++) {
      const token = validate(await sign(two, claimsOf(), { kid: index % 2 ? `random ${index}` : 'two' }))
      await expect(token).rejects.toMatchObject({ code: 'server_unavailable', action: 'retry', status: 503, retryAfter: 60_000 })
    }
    expect(keySets()).toBe(2)
    await validate(await sign(one, claimsOf()))
    fetch.mockImplementation(answers)
    vi.setSystemTime(Date.now() + 60_000)
    await validate(await sign(two, claimsOf()))
    expect(keySets()).toBe(3)
  })

  it('S67: are fetched again where the clock has been set back, and a rotation is found', async () => {
    const { validate, rotate, documents, keySets } = api(one)
    await validate(await sign(one, claimsOf()))
    rotate(two)
    await validate(await sign(two, claimsOf()))
    vi.setSystemTime(Date.now() - 3_600_000)
    const three = signingKey('three')
    rotate(three)
    await validate(await sign(three, claimsOf()))
    await validate(await sign(three, claimsOf()))
    expect([documents(), keySets()]).toEqual([2, 3])
  })

  it('are remembered per function that fetches and per authority', async () => {
    const [mine, theirs] = [api(one), api(two)]
    await mine.validate(await sign(one, claimsOf()))
    await theirs.validate(await sign(two, claimsOf()))
    await expect(theirs.validate(await sign(one, claimsOf()))).rejects.toMatchObject({ code: 'id_token_invalid' })
  })

  it.each<[string, () => Response | Promise<Response>, string]>([
    ['unreachable', () => Promise.reject(new TypeError('offline')), 'unreachable'],
    ['down', () => new Response('sorry', { status: 503 }), 'server_unavailable'],
    ['down, in JSON', () => Response.json({ error: 'sorry' }, { status: 500 }), 'server_unavailable'],
    ['busy', () => Response.json({}, { status: 429, headers: { 'retry-after': '7' } }), 'server_unavailable'],
    ['a page', () => new Response('<html>'), 'bad_response'],
    ['somewhere else', () => Response.redirect('https://evil.example/'), 'bad_response'],
    ['huge', () => new Response('x'.repeat(600_000)), 'too_large'],
  ])('%s: no verdict on the token, and the next call tries again', async (_, answer, code) => {
    const { validate, fetch } = api(one)
    const token = await sign(one, claimsOf())
    const network = { name: 'NetworkError', code }
    const answers = fetch.getMockImplementation()!
    fetch.mockImplementationOnce(async () => answer())
    await expect(validate(token)).rejects.toMatchObject(network)
    fetch.mockImplementationOnce(answers).mockImplementationOnce(async () => answer())
    await expect(validate(token)).rejects.toMatchObject(network)
    await validate(token)
  })
})
