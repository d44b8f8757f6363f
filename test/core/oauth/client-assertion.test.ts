import { constants, generateKeyPairSync, verify as nodeVerify, sign } from 'node:crypto'
import { compactVerify, decodeJwt, decodeProtectedHeader } from 'jose'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { ClientConfigurationError, NetworkError } from '../../../src/core/errors.ts'
import { type ClientAuthenticationContext, clientAuthentication } from '../../../src/core/oauth/client-assertion.ts'
import type { ClientCredential } from '../../../src/core/options.ts'
import { allText, CANARY, generateTestKey, PASSPHRASE, type TestKey } from '../util/keys.ts'

let key: TestKey
let other: TestKey
beforeAll(() => {
  key = generateTestKey()
  other = generateTestKey('/CN=other')
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

const clientId = '6731de76-14a6-49ae-97bc-6eba6914391e'
const context = { audience: 'https://login.example/t/oauth2/v2.0/token', tokenEndpoint: 'https://login.example/t/oauth2/v2.0/token' }
const adfs = { ...context, adfs: true }
const base64 = (pem: string) => pem.replace(/-----[^-]+-----|\s/g, '')
const fromHex = (hex: string) => Buffer.from(hex.replaceAll(':', ''), 'hex').toString('base64url')

function client(credential: unknown, clientClaims?: Record<string, unknown>) {
  const authentication = clientAuthentication({ clientId, credential: credential as ClientCredential, clientClaims })
  return {
    /** All fields of a request that goes out. */
    async authenticate(where: ClientAuthenticationContext): Promise<Record<string, string>> {
      const { client_assertion, ...fields } = await authentication.authenticate(where)
      return client_assertion ? { ...fields, client_assertion: await client_assertion() } : fields
    },
  }
}

async function assertionOf(authentication: ReturnType<typeof client>, where: typeof context = context): Promise<string> {
  const { client_assertion_type, client_assertion, ...rest } = await authentication.authenticate(where)
  expect(client_assertion_type).toBe('urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
  expect(rest).toEqual({})
  return client_assertion!
}

/** Checks the signature with two independent implementations and gives the parts. */
async function read(assertion: string, signer: TestKey = key) {
  const header = decodeProtectedHeader(assertion)
  await compactVerify(assertion, signer.publicKey)
  const [head, body, signature] = assertion.split('.')
  const padding =
    header.alg === 'PS256' ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } : { padding: constants.RSA_PKCS1_PADDING }
  const data = Buffer.from(`${head}.${body}`)
  expect(nodeVerify('sha256', data, { key: signer.publicKey, ...padding }, Buffer.from(signature!, 'base64url'))).toBe(true)
  return { header, claims: decodeJwt(assertion) }
}

/** The rejection, after a scan that it shows no secret. */
async function failure(work: () => unknown): Promise<ClientConfigurationError> {
  try {
    await work()
  } catch (error) {
    const body = base64(key.pkcs8)
    const text = allText(error)
    expect(text).not.toContain(CANARY)
    for (let at = 0; at + 40 < body.length; at += 40) expect(text).not.toContain(body.slice(at, at + 40))
    expect(error).toMatchObject({ code: 'credential_invalid', action: 'reconfigure' })
    expect(error).toBeInstanceOf(ClientConfigurationError)
    expect((error as Error).cause).toBeUndefined()
    return error as ClientConfigurationError
  }
  return expect.unreachable('it did not fail')
}

describe('secret and ready-made assertion', () => {
  it('S21: a secret is one form field, and the only method', async () => {
    expect(await client('s3cr:t% +ü').authenticate(context)).toEqual({ client_secret: 's3cr:t% +ü' })
  })

  it('S21: a string assertion is sent as it is', async () => {
    expect(await assertionOf(client({ clientAssertion: 'a.b.c' }))).toBe('a.b.c')
  })

  it('asks a callback for each request, telling it the client and the endpoint', async () => {
    const clientAssertion = vi.fn(() => Promise.resolve(`a${clientAssertion.mock.calls.length}`))
    const authentication = client({ clientAssertion })
    expect(await assertionOf(authentication)).toBe('a1')
    expect(await assertionOf(authentication)).toBe('a2')
    await Promise.all([authentication.authenticate(context), authentication.authenticate(context)])
    expect(clientAssertion).toHaveBeenCalledTimes(4)
    expect(clientAssertion).toHaveBeenLastCalledWith({ clientId, tokenEndpoint: context.tokenEndpoint })
  })

  it.each([
    ['empty', ''],
    ['undefined', undefined],
    ['an object', { jwt: CANARY }],
    ['a number', 7],
  ])('S69: refuses an answer that is %s', async (_, answer) => {
    await failure(() => client({ clientAssertion: () => answer }).authenticate(context))
  })

  it('S69: of what a callback throws only the name is told', async () => {
    const thrown = Object.assign(new RangeError(`${CANARY} in the message`), { response: { token: CANARY } })
    const error = await failure(() =>
      client({
        clientAssertion: async () => {
          throw thrown
        },
      }).authenticate(context),
    )
    expect(error.message).toBe('clientAssertion failed: RangeError.')
    for (const odd of [CANARY, { name: CANARY }, Object.assign(new Error(), { name: `${CANARY}.x` }), null]) {
      const { message } = await failure(() =>
        client({
          clientAssertion: () => {
            throw odd
          },
        }).authenticate(context),
      )
      expect(message).toBe('clientAssertion failed: unknown error.')
    }
  })

  it('lets an error of this library through, so that a failed network stays one', async () => {
    const offline = new NetworkError('unreachable', 'offline')
    const authentication = client({
      clientAssertion: async () => {
        throw offline
      },
    })
    await expect(authentication.authenticate(context)).rejects.toBe(offline)
  })
})

describe('what the options alone decide throws at once', () => {
  const certificate = () => key.certificate
  it.each<[string, () => unknown]>([
    ['an empty secret', () => ''],
    ['undefined', () => undefined],
    ['null', () => null],
    ['a number', () => 42],
    ['{}', () => ({})],
    ['a key with neither thumbprint nor certificate', () => ({ privateKey: key.pkcs8 })],
    ['empty members, which count as absent', () => ({ privateKey: key.pkcs8, thumbprint: '', publicCertificate: '' })],
    ['a certificate without a key', () => ({ publicCertificate: certificate() })],
    ['a signer without a certificate', () => ({ sign: async () => new Uint8Array(1) })],
    ['a signer that is no function', () => ({ sign: 'x', publicCertificate: certificate() })],
    ['an assertion that is neither string nor function', () => ({ clientAssertion: 5 })],
    ['an empty assertion', () => ({ clientAssertion: '' })],
    ['two methods (S21)', () => ({ privateKey: key.pkcs8, thumbprint: key.sha1, clientAssertion: 'a' })],
    ['a thumbprint that is short', () => ({ privateKey: key.pkcs8, thumbprint: key.sha1.slice(3) })],
    ['a thumbprint with a digit too many', () => ({ privateKey: key.pkcs8, thumbprint: `${key.sha1}0` })],
    ['a thumbprint with a digit too many before it', () => ({ privateKey: key.pkcs8, thumbprint: `0${key.sha1}` })],
    ['a thumbprint of odd length', () => ({ privateKey: key.pkcs8, thumbprint: key.sha1.slice(1) })],
    ['a thumbprint that is no hexadecimal', () => ({ privateKey: key.pkcs8, thumbprint: 'z'.repeat(40) })],
    ['a bad thumbprint beside a certificate', () => ({ privateKey: key.pkcs8, thumbprint: 'beef', publicCertificate: certificate() })],
    ['a private key as the certificate', () => ({ privateKey: key.pkcs8, publicCertificate: key.pkcs8 })],
    ['a certificate as the private key', () => ({ privateKey: certificate(), publicCertificate: certificate() })],
    ['a key that is no PEM', () => ({ privateKey: CANARY, thumbprint: key.sha1 })],
    ['a key that is an object of another kind', () => ({ privateKey: { secret: CANARY }, thumbprint: key.sha1 })],
    ['a key that names no hash', () => ({ privateKey: { algorithm: { name: 'RSA-PSS' }, usages: ['sign'] }, thumbprint: key.sha1 })],
    ['a key without usages', () => ({ privateKey: { algorithm: { name: 'RSA-PSS', hash: { name: 'SHA-256' } } }, thumbprint: key.sha1 })],
    ['an encrypted key without a passphrase', () => ({ privateKey: key.encrypted(), thumbprint: key.sha1 })],
  ])('%s', async (_, credential) => {
    const given = credential()
    await failure(() => client(given))
    // A function's answer is judged by the same rules, when it comes.
    await failure(() => client(async () => given).authenticate(context))
  })

  it.each<[string, string, string, KeyUsage[]]>([
    ['without the usage sign', 'RSA-PSS', 'SHA-256', []],
    ['with SHA-1', 'RSASSA-PKCS1-v1_5', 'SHA-1', ['sign']],
    ['with SHA-512', 'RSA-PSS', 'SHA-512', ['sign']],
    ['for decryption', 'RSA-OAEP', 'SHA-256', ['decrypt']],
  ])('a CryptoKey %s', async (_, name, hash, usages) => {
    if (!usages.length) {
      const privateKey = { ...(await key.cryptoKey()), algorithm: { name, hash: { name: hash } }, usages: [] }
      return void (await failure(() => client({ privateKey, publicCertificate: key.certificate })))
    }
    const privateKey = await key.cryptoKey(name, hash, usages)
    await failure(() => client({ privateKey, publicCertificate: key.certificate }))
  })

  it('a CryptoKey that signs, but not with RSA', async () => {
    const privateKey = await crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
    await failure(() => client({ privateKey, publicCertificate: key.certificate }))
  })

  it('a CryptoKey for PS256 with a thumbprint, which is for RS256', async () => {
    const privateKey = await key.cryptoKey('RSA-PSS')
    await failure(() => client({ privateKey, thumbprint: key.sha1 }))
    await failure(() => client({ privateKey, publicCertificate: key.certificate }).authenticate(adfs))
  })
})

describe('header', () => {
  it('RS256 and x5t with a thumbprint, without x5c', async () => {
    const { header } = await read(await assertionOf(client({ privateKey: key.pkcs8, thumbprint: key.sha1 })))
    expect(header).toEqual({ alg: 'RS256', typ: 'JWT', x5t: fromHex(key.sha1) })
  })

  it('C16: a thumbprint may have colons, spaces and either case; x5t has no padding', async () => {
    const written = [key.sha1, key.sha1.toLowerCase(), key.sha1.replaceAll(':', ' '), key.sha1.replaceAll(':', '')]
    for (const thumbprint of written) {
      const { header } = await read(await assertionOf(client({ privateKey: key.pkcs8, thumbprint: ` ${thumbprint}\n` })))
      expect(header.x5t).toBe(fromHex(key.sha1))
      expect(header.x5t).toMatch(/^[\w-]{27}$/)
    }
  })

  it('PS256 and x5t#S256 with a certificate alone, equal to the fingerprint of openssl', async () => {
    const { header } = await read(await assertionOf(client({ privateKey: key.pkcs8, publicCertificate: key.certificate })))
    expect(header).toEqual({ alg: 'PS256', typ: 'JWT', 'x5t#S256': fromHex(key.sha256), x5c: [base64(key.certificate)] })
  })

  it('RS256 and x5t with both, and x5c', async () => {
    const credential = { privateKey: key.pkcs8, thumbprint: key.sha1, publicCertificate: key.certificate }
    const { header } = await read(await assertionOf(client(credential)))
    expect(header).toEqual({ alg: 'RS256', typ: 'JWT', x5t: fromHex(key.sha1), x5c: [base64(key.certificate)] })
  })

  it('C16: x5c is the chain in its order, without white space; x5t#S256 is of the first', async () => {
    const publicCertificate = `subject=leaf\r\n${key.certificate.replaceAll('\n', '\r\n')}issuer=root\r\n${other.certificate}`
    const { header } = await read(await assertionOf(client({ privateKey: key.pkcs8, publicCertificate })))
    expect(header.x5c).toEqual([base64(key.certificate), base64(other.certificate)])
    expect(header['x5t#S256']).toBe(fromHex(key.sha256))
  })

  it('takes a certificate without markers', async () => {
    const { header } = await read(await assertionOf(client({ privateKey: key.pkcs8, publicCertificate: base64(key.certificate) })))
    expect(header['x5t#S256']).toBe(fromHex(key.sha256))
  })

  it('on AD FS always RS256 with x5t, computed where it is not given', async () => {
    const { header } = await read(await assertionOf(client({ privateKey: key.pkcs8, publicCertificate: key.certificate }), adfs))
    expect(header).toEqual({ alg: 'RS256', typ: 'JWT', x5t: fromHex(key.sha1), x5c: [base64(key.certificate)] })
  })

  it('one client serves AD FS and Entra, each with its own assertion', async () => {
    const authentication = client({ privateKey: key.pkcs8, publicCertificate: key.certificate })
    expect((await read(await assertionOf(authentication))).header.alg).toBe('PS256')
    expect((await read(await assertionOf(authentication, adfs))).header.alg).toBe('RS256')
  })
})

describe('keys', () => {
  it.each<[string, () => Partial<{ privateKey: unknown; passphrase: string }>]>([
    ['PKCS#8', () => ({ privateKey: key.pkcs8 })],
    ['PKCS#8 with CRLF and text before it', () => ({ privateKey: `Key Attributes\r\n${key.pkcs8.replaceAll('\n', '\r\n')}` })],
    ['PKCS#8 with escaped line ends', () => ({ privateKey: key.pkcs8.replaceAll('\n', '\\n') })],
    ['PKCS#8 with a passphrase that it does not need', () => ({ privateKey: key.pkcs8, passphrase: PASSPHRASE })],
    ['PKCS#1', () => ({ privateKey: key.pkcs1 })],
    ['encrypted PKCS#8', () => ({ privateKey: key.encrypted(), passphrase: PASSPHRASE })],
  ])('signs with %s, by either algorithm', async (_, credential) => {
    const ps256 = await read(await assertionOf(client({ ...credential(), publicCertificate: key.certificate })))
    expect(ps256.header.alg).toBe('PS256')
    const rs256 = await read(await assertionOf(client({ ...credential(), thumbprint: key.sha1 })))
    expect(rs256.header.alg).toBe('RS256')
  })

  it('a CryptoKey signs with its own algorithm', async () => {
    const publicCertificate = key.certificate
    const ps = await read(await assertionOf(client({ privateKey: await key.cryptoKey('RSA-PSS'), publicCertificate })))
    expect(ps.header).toMatchObject({ alg: 'PS256', 'x5t#S256': fromHex(key.sha256) })
    const privateKey = await key.cryptoKey('RSASSA-PKCS1-v1_5')
    const rs = await read(await assertionOf(client({ privateKey, publicCertificate })))
    expect(rs.header).toEqual({ alg: 'RS256', typ: 'JWT', x5t: fromHex(key.sha1), x5c: [base64(publicCertificate)] })
    const thumb = await read(await assertionOf(client({ privateKey, thumbprint: key.sha1 }), adfs))
    expect(thumb.header).toEqual({ alg: 'RS256', typ: 'JWT', x5t: fromHex(key.sha1) })
  })

  it.each([
    ['PS256', context, { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }],
    ['RS256', adfs, { padding: constants.RSA_PKCS1_PADDING }],
  ] as const)('an external signer is asked for %s', async (alg, where, padding) => {
    const signer = {
      own: key,
      publicCertificate: key.certificate,
      async sign(data: Uint8Array, algorithm: string) {
        expect(algorithm).toBe(alg)
        return new Uint8Array(sign('sha256', data, { key: this.own.privateKey, ...padding }))
      },
    }
    const { header } = await read(await assertionOf(client(signer), where))
    expect(header.alg).toBe(alg)
    expect(header.x5c).toEqual([base64(key.certificate)])
  })

  it.each([
    ['nothing', undefined],
    ['no bytes', new Uint8Array()],
    ['a string', CANARY],
  ])('refuses %s from an external signer', async (_, answer) => {
    await failure(() => client({ publicCertificate: key.certificate, sign: async () => answer }).authenticate(context))
  })

  it('S69: of what an external signer throws only the name is told', async () => {
    const error = await failure(() =>
      client({
        publicCertificate: key.certificate,
        sign: () => Promise.reject(new Error(`pin ${CANARY} is wrong`)),
      }).authenticate(context),
    )
    expect(error.message).toBe('Signing failed: Error.')
  })

  it.each<[string, () => Record<string, unknown>]>([
    ['a wrong passphrase', () => ({ privateKey: key.encrypted(), passphrase: `${PASSPHRASE}!` })],
    ['a key of another kind', () => ({ privateKey: generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }) })],
    ['a damaged key', () => ({ privateKey: key.pkcs8.replace(/\n.{40}/, '\n') })],
    ['a damaged PKCS#1 key', () => ({ privateKey: key.pkcs1.replace(/\n.{40}/, '\n') })],
    ['a cipher that WebCrypto lacks', () => ({ privateKey: key.encrypted('-v2', 'des3'), passphrase: PASSPHRASE })],
  ])('S69: %s is credential_invalid', async (_, credential) => {
    const authentication = client({ ...credential(), thumbprint: key.sha1 })
    const { message } = await failure(() => authentication.authenticate(context))
    expect(message).toMatch(/^Reading privateKey .*failed: \w+\.$|^WebCrypto cannot decrypt/)
    await failure(() => authentication.authenticate(context))
  })
})

describe('claims', () => {
  it('S21 C16: aud, iss, sub, integer iat and exp 600 s apart, a fresh jti, and no nbf', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_789 })
    const authentication = client({ privateKey: key.pkcs8, publicCertificate: key.certificate })
    const { claims } = await read(await assertionOf(authentication))
    expect(claims).toEqual({
      aud: context.audience,
      iss: clientId,
      sub: clientId,
      iat: 1_700_000_000,
      exp: 1_700_000_600,
      jti: expect.stringMatching(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/),
    })
    const { claims: next } = await read(await assertionOf(client({ privateKey: key.pkcs8, publicCertificate: key.certificate })))
    expect(next.jti).not.toBe(claims.jti)
  })

  it('further claims are added and do not stop the reuse', async () => {
    const authentication = client({ privateKey: key.pkcs8, thumbprint: key.sha1 }, { client_ip: '::1', nbf: 5 })
    const assertion = await assertionOf(authentication)
    expect((await read(assertion)).claims).toMatchObject({ client_ip: '::1', nbf: 5, iss: clientId })
    expect(await assertionOf(authentication)).toBe(assertion)
  })

  it.each(['aud', 'iss', 'sub', 'exp', 'iat', 'jti'])('%s may be overridden; then no assertion is used twice', async (claim) => {
    const value = claim === 'exp' || claim === 'iat' ? 1_234_567_890 : 'mine'
    const authentication = client({ privateKey: key.pkcs8, publicCertificate: key.certificate }, { [claim]: value })
    const assertions = await Promise.all([assertionOf(authentication), assertionOf(authentication)])
    assertions.push(await assertionOf(authentication))
    expect(new Set(assertions).size).toBe(3)
    const { claims } = await read(assertions[0]!)
    expect(claims[claim]).toBe(value)
    if (claim === 'iss') expect(claims.sub).toBe(clientId)
  })

  it('claims that are no JSON are credential_invalid', async () => {
    const loop: Record<string, unknown> = {}
    loop.loop = loop
    await failure(() => client({ privateKey: key.pkcs8, thumbprint: key.sha1 }, loop).authenticate(context))
  })
})

describe('reuse', () => {
  const spies = () => ({ signed: vi.spyOn(crypto.subtle, 'sign'), imported: vi.spyOn(crypto.subtle, 'importKey') })

  it('a hundred concurrent calls sign once and import once', async () => {
    const { signed, imported } = spies()
    const authentication = client({ privateKey: key.pkcs8, thumbprint: key.sha1 })
    const assertions = await Promise.all(Array.from({ length: 100 }, () => assertionOf(authentication)))
    expect(new Set(assertions).size).toBe(1)
    expect(signed).toHaveBeenCalledTimes(1)
    expect(imported).toHaveBeenCalledTimes(1)
    expect(imported.mock.calls[0]![3]).toBe(false) // not extractable
  })

  it('two alternating audiences sign twice and import once', async () => {
    const { signed, imported } = spies()
    const authentication = client({ privateKey: key.pkcs8, thumbprint: key.sha1 })
    for (let round = 0; round < 5; round++)
      for (const audience of ['https://a.example', 'https://b.example']) {
        const { claims } = await read(await assertionOf(authentication, { ...context, audience }))
        expect(claims.aud).toBe(audience)
      }
    expect(signed).toHaveBeenCalledTimes(2)
    expect(imported.mock.calls.filter(([format]) => (format as string) === 'pkcs8')).toHaveLength(1)
  })

  it('until 60 s before the end, then signs again with the key that it has', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 })
    const { imported } = spies()
    const authentication = client({ privateKey: key.pkcs8, thumbprint: key.sha1 })
    const first = await assertionOf(authentication)
    vi.setSystemTime(1_700_000_539_999)
    expect(await assertionOf(authentication)).toBe(first)
    vi.setSystemTime(1_700_000_540_000)
    const second = await assertionOf(authentication)
    expect(second).not.toBe(first)
    expect(decodeJwt(second).exp).toBe(1_700_001_140)
    expect(decodeJwt(second).jti).not.toBe(decodeJwt(first).jti)
    expect(imported).toHaveBeenCalledTimes(1)
  })

  it.each([1, 540, 3600])('S67 not once the clock is set back by %d s: it would be from the future', async (seconds) => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_500 })
    const authentication = client({ privateKey: key.pkcs8, thumbprint: key.sha1 })
    const first = await assertionOf(authentication)
    vi.setSystemTime(1_700_000_000_000)
    expect(await assertionOf(authentication)).toBe(first)
    vi.setSystemTime(1_700_000_000_500 - seconds * 1000)
    const second = await assertionOf(authentication)
    expect(decodeJwt(second).iat).toBe(1_700_000_000 - seconds)
  })

  it('a failed signature is not kept; those who waited for it fail alike', async () => {
    let calls = 0
    const authentication = client({
      publicCertificate: key.certificate,
      sign: async () => {
        if (++calls === 1) throw new Error(CANARY)
        return new Uint8Array([1])
      },
    })
    const both = await Promise.allSettled([authentication.authenticate(context), authentication.authenticate(context)])
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(calls).toBe(1)
    expect(await assertionOf(authentication)).toMatch(/\.AQ$/)
    expect(calls).toBe(2)
  })

  it('one that fails late leaves the one that was signed since', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 })
    let fail = (): void => {}
    const failing = new Promise<never>((_, reject) => {
      fail = () => reject(new Error(CANARY))
    })
    const signer = vi.fn(async () => new Uint8Array([1])).mockReturnValueOnce(failing)
    const authentication = client({ publicCertificate: key.certificate, sign: signer })
    const late = authentication.authenticate(context)
    await vi.waitFor(() => expect(signer).toHaveBeenCalledTimes(1))
    vi.setSystemTime(1_700_000_540_000)
    const since = await assertionOf(authentication)
    fail()
    await failure(() => late)
    expect(await assertionOf(authentication)).toBe(since)
    expect(signer).toHaveBeenCalledTimes(2)
  })

  it('a failed import is not kept', async () => {
    vi.spyOn(crypto.subtle, 'importKey').mockRejectedValueOnce(new Error(CANARY))
    const authentication = client({ privateKey: key.pkcs8, thumbprint: key.sha1 })
    await failure(() => authentication.authenticate(context))
    await read(await assertionOf(authentication))
  })

  it('keeps at most 1 000 audiences, the newest', async () => {
    const signer = vi.fn(async () => new Uint8Array([1]))
    const authentication = client({ publicCertificate: key.certificate, sign: signer })
    const ask = (tenant: number) => authentication.authenticate({ ...context, audience: `https://login.example/${tenant}` })
    for (let tenant = 0; tenant <= 1_000; tenant++) await ask(tenant)
    expect(signer).toHaveBeenCalledTimes(1_001)
    await ask(1)
    await ask(1_000)
    expect(signer).toHaveBeenCalledTimes(1_001)
    await ask(0)
    expect(signer).toHaveBeenCalledTimes(1_002)
  })
})

describe('a function that gives the credential', () => {
  it('is asked for a secret each time', async () => {
    let secret = 1
    const authentication = client(async () => `secret ${secret++}`)
    expect(await authentication.authenticate(context)).toEqual({ client_secret: 'secret 1' })
    expect(await authentication.authenticate(context)).toEqual({ client_secret: 'secret 2' })
  })

  it('is asked for a key only when an assertion is needed, once for a hundred callers, and rotates it', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 })
    const imported = vi.spyOn(crypto.subtle, 'importKey')
    let current = key
    const ask = vi.fn(async () => ({ privateKey: current.pkcs8, publicCertificate: current.certificate }))
    const authentication = client(ask)
    expect(ask).not.toHaveBeenCalled()
    const [assertion] = await Promise.all(Array.from({ length: 100 }, () => assertionOf(authentication)))
    current = other
    expect(await assertionOf(authentication)).toBe(assertion)
    expect(ask).toHaveBeenCalledTimes(1)

    vi.setSystemTime(1_700_000_540_000)
    const { header } = await read(await assertionOf(authentication), other)
    expect(header['x5t#S256']).toBe(fromHex(other.sha256))
    await assertionOf(authentication, { ...context, audience: 'https://a.example' })
    expect(ask).toHaveBeenCalledTimes(3)
    // Each key is imported once, though the function gave a new object for each audience.
    expect(imported.mock.calls.filter(([format]) => (format as string) === 'pkcs8')).toHaveLength(2)
  })

  it('a passphrase that is another is another key', async () => {
    const privateKey = key.encrypted()
    let passphrase = PASSPHRASE
    const authentication = client(async () => ({ privateKey, passphrase, thumbprint: key.sha1 }))
    await assertionOf(authentication)
    passphrase = `${PASSPHRASE}!`
    await failure(() => authentication.authenticate({ ...context, audience: 'https://a.example' }))
  })

  it('S69: may fail, and is asked again', async () => {
    const ask = vi.fn<() => Promise<string>>().mockRejectedValueOnce(new Error(CANARY)).mockResolvedValueOnce('later')
    const authentication = client(ask)
    const error = await failure(() => authentication.authenticate(context))
    expect(error.message).toBe('clientCredential failed: Error.')
    expect(await authentication.authenticate(context)).toEqual({ client_secret: 'later' })
  })
})

it('S69: neither the object nor what it signed shows a secret', async () => {
  const secrets = [client(`${CANARY}-secret`), client({ clientAssertion: CANARY })]
  secrets.push(client({ privateKey: key.encrypted(), passphrase: PASSPHRASE, thumbprint: key.sha1 }, { hint: CANARY }))
  for (const authentication of secrets) {
    await authentication.authenticate(context)
    expect(allText(authentication)).not.toContain(CANARY)
  }
})
