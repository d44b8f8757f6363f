import { describe, expect, it } from 'vitest'
import { pemBlocks, pemCertificates, pemPrivateKey } from '../../../src/core/util/pem.ts'

const pem = (label: string, body: string) => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`
const invalid = expect.objectContaining({ code: 'credential_invalid' })

describe('pemCertificates', () => {
  it('C16: gives every certificate in its order, without white space', () => {
    const text = `Bag Attributes\n  friendlyName: leaf\n${pem('CERTIFICATE', 'bGVh\r\n  Zg==')}subject=CN = root\n${pem('CERTIFICATE', 'cm9v\ndA==')}`
    expect(pemCertificates(text)).toEqual(['bGVhZg==', 'cm9vdA=='])
    expect(pemCertificates(text.replaceAll('\n', '\r\n'))).toEqual(['bGVhZg==', 'cm9vdA=='])
  })

  it('takes text without markers whole, as one certificate', () => {
    expect(pemCertificates(' bGVh\n Zg== \n')).toEqual(['bGVhZg=='])
    expect(pemCertificates('my_cert')).toEqual(['my_cert'])
  })

  it('reads line ends that an environment variable escaped', () => {
    expect(pemCertificates(pem('CERTIFICATE', 'bGVh\nZg==').replaceAll('\n', '\\n'))).toEqual(['bGVhZg=='])
  })

  it('passes over a private key beside the certificate', () => {
    expect(pemCertificates(pem('PRIVATE KEY', 'a2V5') + pem('CERTIFICATE', 'bGVh'))).toEqual(['bGVh'])
  })

  it.each([
    ['a private key alone', pem('PRIVATE KEY', 'a2V5')],
    ['the words alone', 'PRIVATE KEY'],
    ['a public key', pem('PUBLIC KEY', 'a2V5')],
    ['a block without an end', '-----BEGIN CERTIFICATE-----\nbGVh'],
    ['a body that is no base64', pem('CERTIFICATE', 'b{}h')],
    ['an empty body', pem('CERTIFICATE', '')],
    ['one bad body among good ones', pem('CERTIFICATE', 'bGVh') + pem('CERTIFICATE', '*')],
    ['white space', ' \n'],
  ])('refuses %s', (_, text) => {
    expect(() => pemCertificates(text)).toThrow(invalid)
  })
})

describe('pemPrivateKey', () => {
  it.each(['PRIVATE KEY', 'RSA PRIVATE KEY', 'ENCRYPTED PRIVATE KEY'])('finds %s after other blocks', (label) => {
    expect(pemPrivateKey(pem('CERTIFICATE', 'bGVh') + pem(label, 'a2\r\nV5'))).toEqual({ label, body: 'a2V5' })
  })

  it.each(['EC PRIVATE KEY', 'OPENSSH PRIVATE KEY', 'PUBLIC KEY', 'CERTIFICATE'])('refuses %s, without quoting it (S69)', (label) => {
    expect(() => pemPrivateKey(pem(label, 'CANARY'))).toThrow(invalid)
    expect(() => pemPrivateKey(pem(label, 'CANARY'))).toThrow(/^(?!.*CANARY)/)
  })
})

it('keeps the headers of an old encrypted block, whose dashes end nothing', () => {
  const [block] = pemBlocks(pem('RSA PRIVATE KEY', 'Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\na2V5'))
  expect(block!.body).toBe('Proc-Type:4,ENCRYPTEDDEK-Info:AES-128-CBC,00a2V5')
})
