import { beforeAll, describe, expect, it, vi } from 'vitest'
import { decodeBase64Url } from '../../../src/core/util/base64url.ts'
import { pemBlocks } from '../../../src/core/util/pem.ts'
import { toPkcs8 } from '../../../src/core/util/pkcs8.ts'
import { allText, CANARY, generateTestKey, openssl, PASSPHRASE, type TestKey } from './keys.ts'

let key: TestKey
let der: Uint8Array
beforeAll(() => {
  key = generateTestKey()
  der = new Uint8Array(key.privateKey.export({ type: 'pkcs8', format: 'der' }) as Buffer)
})

const read = (text: string, passphrase = PASSPHRASE) => toPkcs8(pemBlocks(text)[0]!, passphrase)
const invalid = expect.objectContaining({ code: 'credential_invalid', message: expect.stringContaining('openssl pkcs8 -topk8') })

it('wraps PKCS#1 exactly as openssl does', async () => {
  expect(await read(key.pkcs1)).toEqual(der)
})

describe('encrypted PKCS#8', () => {
  it.each([
    ['the default of openssl', []],
    ['AES-128 and HMAC-SHA1, which is left out of the file', ['-v2', 'aes-128-cbc', '-v2prf', 'hmacWithSHA1']],
    ['AES-192 and HMAC-SHA384', ['-v2', 'aes-192-cbc', '-v2prf', 'hmacWithSHA384']],
    ['AES-256 and HMAC-SHA512', ['-v2', 'aes-256-cbc', '-v2prf', 'hmacWithSHA512', '-iter', '10000']],
  ])('reads %s', async (_, args) => {
    expect(await read(key.encrypted(...args))).toEqual(der)
  })

  it('reads what Node writes', async () => {
    const pem = key.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: PASSPHRASE }) as string
    expect(await read(pem)).toEqual(der)
  })

  it.each([
    ['3DES', ['-v2', 'des3']],
    ['PBES1', ['-v1', 'PBE-SHA1-3DES']],
    ['scrypt', ['-scrypt']],
    ['HMAC-SHA224', ['-v2', 'aes-256-cbc', '-v2prf', 'hmacWithSHA224']],
  ])('refuses %s and says how to convert', async (_, args) => {
    await expect(read(key.encrypted(...args))).rejects.toEqual(invalid)
  })

  it('refuses a salt from another source (RFC 8018 appendix A.2) and says how to convert', async () => {
    const bytes = Buffer.from(pemBlocks(key.encrypted())[0]!.body, 'base64')
    const pbkdf2 = Buffer.from('06092a864886f70d01050c', 'hex')
    const salt = bytes.indexOf(pbkdf2) + pbkdf2.length + 2
    expect(bytes[salt]).toBe(4)
    bytes[salt] = 0x30
    await expect(toPkcs8({ label: 'ENCRYPTED PRIVATE KEY', body: bytes.toString('base64') }, PASSPHRASE)).rejects.toEqual(invalid)
  })

  it('S69: does not open with a wrong passphrase, and does not quote it', async () => {
    const outcome = await read(key.encrypted(), `${PASSPHRASE}!`).catch((error) => error)
    expect(outcome).not.toEqual(der) // one padding in 256 looks right and gives noise, which no import accepts
    expect(allText(outcome)).not.toContain(CANARY)
  })

  it('S20: refuses an absurd iteration count before deriving anything', async () => {
    const bytes = decodeBase64Url(pemBlocks(key.encrypted('-iter', '65536'))[0]!.body)
    const at = bytes.findIndex((byte, index) => byte === 2 && bytes[index + 1] === 3 && bytes[index + 2] === 1 && bytes[index + 3] === 0)
    bytes.set([0xff, 0xff, 0xff], at + 2)
    const derive = vi.spyOn(crypto.subtle, 'deriveKey').mockRejectedValue(new Error('derived'))
    const work = toPkcs8({ label: 'ENCRYPTED PRIVATE KEY', body: Buffer.from(bytes).toString('base64') }, PASSPHRASE)
    await expect(work).rejects.toMatchObject({ code: 'credential_invalid', message: expect.stringContaining('10000000 iterations') })
    expect(derive).not.toHaveBeenCalled()
    derive.mockRestore()
  })
})

it('refuses the old encryption of PKCS#1 and says how to convert', async () => {
  const legacy = openssl(key.pkcs8, 'rsa', '-in', 'IN', '-traditional', '-aes128', '-passout', `pass:${PASSPHRASE}`)
  expect(legacy).toContain('Proc-Type')
  await expect(read(legacy)).rejects.toEqual(invalid)
})

it('rejects damaged DER, wherever it is cut', async () => {
  const bytes = decodeBase64Url(pemBlocks(key.encrypted())[0]!.body)
  for (const length of [0, 1, 2, 3, 4, 10, 30, 60, 80, 100, 110, 115, 120, 500, bytes.length - 1]) {
    const body = Buffer.from(bytes.subarray(0, length)).toString('base64')
    await expect(toPkcs8({ label: 'ENCRYPTED PRIVATE KEY', body }, PASSPHRASE)).rejects.toThrow()
  }
})
