import { execFileSync } from 'node:child_process'
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'

/** Stands in every secret text, so that a scan finds a leak of any of them. */
export const CANARY = 'CANARY'
export const PASSPHRASE = `${CANARY}-pässphrase`

export interface TestKey {
  privateKey: KeyObject
  publicKey: KeyObject
  pkcs8: string
  pkcs1: string
  certificate: string
  /** Hexadecimal with colons, as openssl prints it. */
  sha1: string
  sha256: string
  /** The key as a `CryptoKey`. */
  cryptoKey(name?: string, hash?: string, usages?: KeyUsage[]): Promise<CryptoKey>
  /** `openssl pkcs8 -topk8` with these arguments and the passphrase. */
  encrypted(...args: string[]): string
}

/** An RSA key with a self-signed certificate, made by openssl and gone with the test run. */
export function generateTestKey(subject = '/CN=test'): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  const certificate = openssl(pkcs8, 'req', '-x509', '-key', 'IN', '-subj', subject, '-days', '2')
  const fingerprint = (hash: string) => openssl(certificate, 'x509', '-noout', '-fingerprint', hash, '-in', 'IN').split('=')[1]!.trim()
  return {
    privateKey,
    publicKey,
    pkcs8,
    pkcs1: privateKey.export({ type: 'pkcs1', format: 'pem' }) as string,
    certificate,
    sha1: fingerprint('-sha1'),
    sha256: fingerprint('-sha256'),
    cryptoKey: (name = 'RSA-PSS', hash = 'SHA-256', usages = ['sign']) =>
      crypto.subtle.importKey(
        'pkcs8',
        createPrivateKey(pkcs8).export({ type: 'pkcs8', format: 'der' }) as Uint8Array<ArrayBuffer>,
        { name, hash },
        false,
        usages,
      ),
    encrypted: (...args) => openssl(pkcs8, 'pkcs8', '-topk8', '-in', 'IN', ...args, '-passout', `pass:${PASSPHRASE}`),
  }
}

/** Runs openssl with the text as the file `IN`, and returns what it prints. */
export function openssl(input: string, ...args: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'msal-isomorphic-'))
  try {
    const file = join(folder, 'in.pem')
    writeFileSync(file, input, { mode: 0o600 })
    const named = args.map((arg) => (arg === 'IN' ? file : arg))
    return execFileSync('openssl', named, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Everything that printing, serialising or walking a value shows. */
export function allText(value: unknown, seen = new Set<unknown>()): string {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return String(value)
  if (seen.has(value)) return ''
  seen.add(value)
  const entries = value instanceof Map ? [...value].flat() : value instanceof Set ? [...value] : []
  const own = Reflect.ownKeys(value).map((key) => {
    const { value: member } = Object.getOwnPropertyDescriptor(value, key)!
    return `${String(key)} ${allText(member, seen)}`
  })
  return (
    [...entries.map((entry) => allText(entry, seen)), ...own, String(value), JSON.stringify(value) ?? ''].join('\n') +
    inspect(value, { depth: 20, showHidden: true })
  )
}
