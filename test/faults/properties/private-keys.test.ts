import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { ConfidentialClientApplication, isAuthError } from '../../../src/core/index.ts'
import { allText, generateTestKey, PASSPHRASE, type TestKey } from '../../core/util/keys.ts'
import { FakeProvider } from '../../support/fake-provider.ts'
import { runs } from '../../support/property.ts'

const clientId = '33333333-3333-4333-8333-333333333333'
const authority = 'https://login.microsoftonline.com/contoso.example'
/** Milliseconds; the worst that a changed iteration count may ask for is some seconds. */
const guard = 30_000

let key: TestKey
let pems: Record<string, string>
beforeAll(() => {
  key = generateTestKey()
  pems = { 'PKCS#8': key.pkcs8, 'PKCS#1': key.pkcs1, 'encrypted PKCS#8': key.encrypted('-v2', 'aes-256-cbc', '-iter', '100') }
})

/** What a client makes of a key: a token, or an error that shows nothing of it. */
async function use(privateKey: string): Promise<string> {
  const start = performance.now()
  try {
    const provider = new FakeProvider()
    const clientCredential = { privateKey, thumbprint: key.sha1, passphrase: PASSPHRASE }
    const app = new ConfidentialClientApplication({ clientId, authority, clientCredential, fetch: provider.fetch, timeout: guard })
    await app.acquireTokenForClient({ scopes: ['api/.default'] })
    return 'ok'
  } catch (error) {
    if (!isAuthError(error)) throw error
    const shown = allText(error)
    for (const line of privateKey.split('\n')) if (line.length > 20 && !line.startsWith('-----')) expect(shown).not.toContain(line)
    expect(shown).not.toContain(PASSPHRASE)
    return error.code
  } finally {
    expect(performance.now() - start).toBeLessThan(guard)
  }
}

/** Changes the DER inside of a PEM. */
function withDer(pem: string, change: (der: Buffer) => Buffer): string {
  const [, head, body, end] = /(-----BEGIN [^-]+-----)([\s\S]+?)(-----END [^-]+-----)/.exec(pem)!
  return `${head}\n${change(Buffer.from(body!, 'base64')).toString('base64')}\n${end}\n`
}

describe.each(['PKCS#8', 'PKCS#1', 'encrypted PKCS#8'])('S20 S69 S76 S79 a damaged key (%s)', (kind) => {
  it('is good as it is', async () => {
    expect(await use(pems[kind]!)).toBe('ok')
  })

  it('is credential_invalid wherever its DER is cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), async (part) => {
        expect(await use(withDer(pems[kind]!, (der) => der.subarray(0, Math.floor(part * der.length))))).toBe('credential_invalid')
      }),
      runs(60),
    )
  }, 60_000)

  it('is credential_invalid, or still good, with any of its bytes changed', async () => {
    // Most of what tells its form stands at the beginning.
    const at = fc.oneof(fc.nat(120), fc.nat(1500))
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(at, fc.nat(255)), { minLength: 1, maxLength: 3 }), async (changes) => {
        const changed = withDer(pems[kind]!, (der) => {
          for (const [index, byte] of changes) der[index % der.length] = byte
          return der
        })
        expect(await use(changed)).toMatch(/^(ok|credential_invalid)$/)
      }),
      runs(100),
    )
  }, 120_000)

  it('is credential_invalid, or still good, with its text changed', async () => {
    const piece = fc.constantFrom(
      '',
      '\n',
      '\\n',
      ' ',
      '-',
      '=',
      'A',
      '-----BEGIN PRIVATE KEY-----',
      '-----END PRIVATE KEY-----',
      'Proc-Type: 4,ENCRYPTED',
      '\u0000',
    )
    await fc.assert(
      fc.asyncProperty(fc.nat(2000), fc.nat(40), piece, async (at, length, text) => {
        const pem = pems[kind]!
        const start = at % pem.length
        expect(await use(pem.slice(0, start) + text + pem.slice(start + length))).toMatch(/^(ok|credential_invalid)$/)
      }),
      runs(100),
    )
  }, 60_000)
})

it('S76 any text at all is credential_invalid', async () => {
  const marked = fc
    .tuple(fc.constantFrom('PRIVATE KEY', 'RSA PRIVATE KEY', 'ENCRYPTED PRIVATE KEY'), fc.base64String())
    .map(([label, body]) => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----`)
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.string(), marked), async (text) => {
      expect(await use(text)).toBe('credential_invalid')
    }),
    runs(200),
  )
})
