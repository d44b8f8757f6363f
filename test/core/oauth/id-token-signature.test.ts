import { createHmac, generateKeyPairSync } from 'node:crypto'
import { CompactSign, FlattenedSign } from 'jose'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { claims, ec, first, jwksUri, provider, refused, rsa, second, token, withJwk } from './signing.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('S13: what is accepted', () => {
  it.each(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'])('%s', async (alg) => {
    await provider(first, second).verify(await token(second, { alg }))
  })

  it.each([
    ['ES256', 'P-256'],
    ['ES384', 'P-384'],
    ['ES512', 'P-521'],
  ])('%s', async (alg, curve) => {
    const key = ec(curve, 'ec')
    await provider(first, key).verify(await token(key, { alg }))
  })

  it.each(['EdDSA', 'Ed25519'])('%s', async (alg) => {
    const key = withJwk(generateKeyPairSync('ed25519'), 'ed')
    await provider(key).verify(await token(key, { alg }))
  })
})

describe('S14: what is refused', () => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

  it.each(['none', 'None', 'NONE', 'nOnE', ''])('alg "%s"', async (alg) => {
    const { verify } = provider(first)
    await refused(verify(`${part({ alg, kid: 'first' })}.${claims.toString('base64url')}.`))
    const [, , signature] = (await token(first)).split('.')
    await refused(verify(`${part({ alg, kid: 'first' })}.${claims.toString('base64url')}.${signature}`))
  })

  it.each(['HS256', 'HS384', 'HS512'])('%s, with the public key as its secret, even where the options name it', async (alg) => {
    const { verify, served } = provider(first)
    const pem = first.publicKey.export({ type: 'spki', format: 'pem' })
    const input = `${part({ alg, kid: 'first' })}.${claims.toString('base64url')}`
    const forged = `${input}.${createHmac(alg.replace('HS', 'sha'), pem).update(input).digest('base64url')}`
    await refused(verify(forged))
    const error = await refused(verify(forged, { algorithms: [alg, 'none', 'RS256'] }))
    expect(error.message).toBe("The id token's signature cannot be verified (ERR_JOSE_ALG_NOT_ALLOWED).")
    served.keys = [{ kty: 'oct', kid: 'first', k: Buffer.from(pem).toString('base64url'), alg }]
    await refused(provider().verify(forged))
    await refused(verify(forged, { algorithms: [alg] }))
  })

  it('an algorithm of another family than the key that its kid names, whoever has signed', async () => {
    const curve = ec('P-256', 'curve')
    const { verify } = provider(first, curve)
    await refused(verify(await token(curve, { alg: 'ES256', kid: 'first' })))
    await refused(verify(await token(first, { alg: 'RS256', kid: 'curve' })))
    await refused(verify(await token(first, { alg: 'PS256', kid: 'curve' })))
    // The right key's signature under a header that says otherwise.
    for (const [key, alg] of [
      [first, 'ES256'],
      [curve, 'RS256'],
    ] as const) {
      const signed = await token(key, { alg: key === first ? 'RS256' : 'ES256' })
      const [, payload, signature] = signed.split('.')
      await refused(verify(`${part({ alg, kid: key.jwk.kid })}.${payload}.${signature}`))
      await verify(signed)
    }
  })

  it('S20: PBES2, without a single one of its two billion rounds', async () => {
    const { verify } = provider(first)
    const header = part({ alg: 'PBES2-HS256+A128KW', enc: 'A128GCM', p2c: 2 ** 31, p2s: 'c2FsdA', kid: 'first' })
    const times: number[] = []
    for (const idToken of [`${header}.${claims.toString('base64url')}.c2ln`, `${header}.a2V5.aXY.Y2lwaGVy.dGFn`])
      for (let attempt = 0; attempt < 3; attempt++) {
        const began = performance.now()
        await refused(verify(idToken))
        await refused(verify(idToken, { algorithms: ['PBES2-HS256+A128KW', 'RS256'] }))
        times.push(performance.now() - began)
      }
    // Those rounds would take a quarter of an hour and more.
    expect(Math.min(...times)).toBeLessThan(500)
  })

  it('an algorithm that the options leave out', async () => {
    const { verify } = provider(first)
    const idToken = await token(first, { alg: 'PS256' })
    await refused(verify(idToken, { algorithms: ['RS256'] }))
    await refused(verify(idToken, { algorithms: [] }))
    await verify(idToken, { algorithms: ['RS256', 'PS256'] })
  })

  it('an algorithm other than the one the key is for', async () => {
    const key = rsa('key', { alg: 'RS256' })
    await refused(provider(key).verify(await token(key, { alg: 'PS256' })))
  })

  it('a key for encryption', async () => {
    const key = rsa('key', { use: 'enc' })
    await refused(provider(key).verify(await token(key)))
  })

  it('a key that the header brings or points to', async () => {
    const fetched = vi.spyOn(globalThis, 'fetch')
    const { verify, fetchJson } = provider(first)
    const attacker = rsa('attacker')
    const url = 'https://attacker.example/keys'
    for (const header of [{ jwk: attacker.jwk }, { jku: url }, { x5u: url }, { x5c: ['MIIB'] }])
      for (const kid of ['first', 'attacker', undefined])
        await refused(verify(await token(attacker, { kid, ...header } as Record<string, unknown>)))
    expect(fetched).not.toHaveBeenCalled()
    for (const [asked] of fetchJson.mock.calls) expect(asked).toBe(jwksUri)
    fetched.mockRestore()
  })

  it('crit, whatever it names', async () => {
    const { verify } = provider(first)
    const unknown = await new CompactSign(claims)
      .setProtectedHeader({ alg: 'RS256', kid: 'first', crit: ['exp'], exp: 1 })
      .sign(first.privateKey, { crit: { exp: true } })
    await refused(verify(unknown))
    const { protected: head, signature } = await new FlattenedSign(claims)
      .setProtectedHeader({ alg: 'RS256', kid: 'first', b64: false, crit: ['b64'] })
      .sign(first.privateKey)
    await refused(verify(`${head}.{"sub":"unencoded"}.${signature}`))
    const plain = await new FlattenedSign(Buffer.from('YWJj'))
      .setProtectedHeader({ alg: 'RS256', kid: 'first', b64: false, crit: ['b64'] })
      .sign(first.privateKey)
    await refused(verify(`${plain.protected}.YWJj.${plain.signature}`))
  })

  it('a changed payload, a changed signature, no signature, and what is no JWS', async () => {
    const { verify } = provider(first)
    const [head, body, signature] = (await token(first)).split('.') as [string, string, string]
    await refused(verify(`${head}.${part({ sub: 'other' })}.${signature}`))
    await refused(verify(`${head}.${body}.${signature.replace(/^./, (letter) => (letter === 'A' ? 'B' : 'A'))}`))
    await refused(verify(`${head}.${body}.`))
    for (const text of ['', 'a', 'a.b', 'a.b.c', `${head}.${body}.${signature}.x`, `${head}.${body}.${signature}.x.y`])
      await refused(verify(text))
  })

  it("another provider's token, under a kid of this one", async () => {
    await refused(provider(first).verify(await token(second, { kid: 'first' })))
  })
})

describe('S15: kid and rotation', () => {
  it('without kid: one fitting key is used, of several none', async () => {
    const [one, two, curve] = [rsa(), rsa(), ec('P-256')]
    await provider(one, curve).verify(await token(one))
    await refused(provider(one, two).verify(await token(one)))
  })

  it('a kid that is listed twice is tried with both keys', async () => {
    const twin = rsa('first')
    const { verify } = provider(first, twin)
    await verify(await token(first))
    await verify(await token(twin))
    await refused(verify(await token(second, { kid: 'first' })))
  })

  it('keys are fetched once for a hundred concurrent tokens, and kept for a day', async () => {
    const { verify, fetchJson } = provider(first)
    const idToken = await token(first)
    await Promise.all(Array.from({ length: 100 }, () => verify(idToken)))
    expect(fetchJson).toHaveBeenCalledTimes(1)
    vi.setSystemTime(Date.now() + 24 * 3600_000 - 1)
    await verify(idToken)
    expect(fetchJson).toHaveBeenCalledTimes(1)
    vi.setSystemTime(Date.now() + 1)
    await verify(idToken)
    expect(fetchJson).toHaveBeenCalledTimes(2)
  })

  it('after a rotation the next token passes, and the old key does not', async () => {
    const { verify, fetchJson, rotate } = provider(first)
    const old = await token(first)
    await verify(old)
    rotate(second)
    await verify(await token(second))
    expect(fetchJson).toHaveBeenCalledTimes(2)
    await refused(verify(old))
  })

  it('a rotation under the same kid, or without one, is found too', async () => {
    const { verify, rotate } = provider(first)
    await verify(await token(first))
    const twin = rsa('first')
    rotate(twin)
    await verify(await token(twin))
    const [one, two] = [rsa(), rsa()]
    const other = provider(one)
    await other.verify(await token(one))
    other.rotate(two)
    await other.verify(await token(two))
  })

  it('a hundred tokens that come with a rotation share one fetch', async () => {
    const { verify, fetchJson, rotate } = provider(first)
    await verify(await token(first))
    rotate(second)
    const idToken = await token(second)
    await Promise.all(Array.from({ length: 100 }, () => verify(idToken)))
    expect(fetchJson).toHaveBeenCalledTimes(2)
  })

  it('a thousand unknown kids cost two requests at most; one more after 30 s', async () => {
    const { verify, fetchJson } = provider(first)
    const forged = await Promise.all(Array.from({ length: 10 }, (_, index) => token(second, { kid: `random ${index}` })))
    await Promise.all(Array.from({ length: 500 }, (_, index) => refused(verify(forged[index % 10]!))))
    for (let index = 0; index < 500; index++) await refused(verify(forged[index % 10]!))
    expect(fetchJson).toHaveBeenCalledTimes(2)
    vi.setSystemTime(Date.now() + 29_999)
    await refused(verify(forged[0]!))
    expect(fetchJson).toHaveBeenCalledTimes(2)
    vi.setSystemTime(Date.now() + 1)
    await refused(verify(forged[0]!))
    await refused(verify(forged[1]!))
    expect(fetchJson).toHaveBeenCalledTimes(3)
    await verify(await token(first))
  })

  it('an unknown kid at the first token is no reason to fetch twice', async () => {
    const { verify, fetchJson } = provider(first)
    await refused(verify(await token(second)))
    expect(fetchJson).toHaveBeenCalledTimes(1)
    await refused(verify(await token(second)))
    expect(fetchJson).toHaveBeenCalledTimes(2)
  })

  it('a token that is bad in another way costs no request', async () => {
    const { verify, fetchJson } = provider(first)
    await verify(await token(first))
    await refused(verify('a.b.c'))
    await refused(verify(await token(first), { algorithms: ['ES256'] }))
    expect(fetchJson).toHaveBeenCalledTimes(1)
  })
})
