import { afterEach, expect, it, vi } from 'vitest'
import { createPkce } from '../../../src/core/oauth/pkce.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

it('S01: gives the pair of RFC 7636 appendix B for its random bytes', async () => {
  const octets = [
    116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212, 37, 77, 105, 214, 191, 240, 91, 88, 5, 88, 83, 132,
    141, 121,
  ]
  vi.spyOn(crypto, 'getRandomValues').mockImplementation((array) => {
    ;(array as unknown as Uint8Array).set(octets)
    return array
  })
  expect(await createPkce()).toEqual({
    codeVerifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
    codeChallenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  })
})

it('S01: 1 000 verifiers are all different, long enough and of the unreserved set', async () => {
  const pairs = await Promise.all(Array.from({ length: 1000 }, createPkce))
  expect(new Set(pairs.map(({ codeVerifier }) => codeVerifier)).size).toBe(1000)
  expect(new Set(pairs.map(({ codeChallenge }) => codeChallenge)).size).toBe(1000)
  for (const { codeVerifier, codeChallenge } of pairs) {
    expect(codeVerifier).toMatch(/^[\w.~-]{43,128}$/)
    expect(codeChallenge).toMatch(/^[\w-]{43}$/)
  }
})

it('S01, S3: a verifier comes from 32 bytes of the cryptographic generator', async () => {
  const random = vi.spyOn(crypto, 'getRandomValues')
  await createPkce()
  expect(random).toHaveBeenCalledTimes(1)
  expect((random.mock.calls[0]![0] as Uint8Array).byteLength).toBe(32)
})
