import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { CompactSign, type JWK } from 'jose'
import { expect, vi } from 'vitest'
import { ClientAuthError } from '../../../src/core/errors.ts'
import { idTokenSignatureVerifier } from '../../../src/core/oauth/id-token-signature.ts'
import { allText } from '../util/keys.ts'

export const jwksUri = 'https://login.example/keys'
export const claims = Buffer.from(JSON.stringify({ iss: 'https://login.example', sub: 'CANARY' }))

export interface SigningKey {
  privateKey: KeyObject
  publicKey: KeyObject
  jwk: JWK
}

export function rsa(kid?: string, extra: object = {}): SigningKey {
  return withJwk(generateKeyPairSync('rsa', { modulusLength: 2048 }), kid, extra)
}
export function ec(namedCurve: string, kid?: string): SigningKey {
  return withJwk(generateKeyPairSync('ec', { namedCurve }), kid)
}
export function withJwk(
  { privateKey, publicKey }: { privateKey: KeyObject; publicKey: KeyObject },
  kid?: string,
  extra: object = {},
): SigningKey {
  return { privateKey, publicKey, jwk: { ...publicKey.export({ format: 'jwk' }), use: 'sig', ...(kid && { kid }), ...extra } as JWK }
}

export const token = (key: SigningKey, header: { alg?: string } & Record<string, unknown> = {}) =>
  new CompactSign(claims).setProtectedHeader({ alg: 'RS256', ...(key.jwk.kid && { kid: key.jwk.kid }), ...header }).sign(key.privateKey)

/** A provider whose keys may change, and a verifier of its own. */
export function provider(...keys: SigningKey[]) {
  const served = { keys: keys.map(({ jwk }) => jwk) as unknown }
  const fetchJson = vi.fn(async (url: string) => {
    expect(url).toBe(jwksUri)
    return structuredClone(served) as Record<string, unknown>
  })
  const verifier = idTokenSignatureVerifier()
  const verify = (idToken: string, options: object = {}) => verifier(idToken, { jwksUri, fetchJson, ...options })
  return { served, fetchJson, verify, rotate: (...next: SigningKey[]) => (served.keys = next.map(({ jwk }) => jwk)) }
}

export async function refused(work: Promise<void>): Promise<ClientAuthError> {
  const error = await work.then(
    () => expect.unreachable('it was accepted'),
    (error) => error,
  )
  expect(error).toBeInstanceOf(ClientAuthError)
  expect(error).toMatchObject({ code: 'id_token_invalid', action: 'report' })
  expect(error.cause).toBeUndefined()
  expect(allText(error)).not.toContain(claims.toString('base64url'))
  return error
}

export const first = rsa('first')
export const second = rsa('second')
