import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { CompactSign } from 'jose'
import { vi } from 'vitest'

export interface SigningKey {
  kid: string
  privateKey: KeyObject
  publicKey: KeyObject
  jwk: Record<string, unknown>
}

export function signingKey(kid: string, extra: object = {}): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return { kid, privateKey, publicKey, jwk: { ...publicKey.export({ format: 'jwk' }), use: 'sig', kid, ...extra } }
}

export const contoso = 'c0c0c0c0-1111-4111-8111-c0c0c0c0c0c0'
export const fabrikam = 'fabfabfa-2222-4222-8222-fabfabfabfab'
export const microsoft = 'https://login.microsoftonline.com'

export const now = () => Math.floor(Date.now() / 1000)

/** The claims of a delegated token of version 2.0. */
export const claimsOf = (changes: Record<string, unknown> = {}): Record<string, unknown> => ({
  iss: `${microsoft}/${contoso}/v2.0`,
  aud: 'api://notes',
  sub: 'mia',
  oid: 'mia',
  tid: contoso,
  azp: 'client',
  scp: 'Notes.Read Notes.Write',
  iat: now(),
  nbf: now(),
  exp: now() + 3600,
  ...changes,
})

export const sign = (key: SigningKey, claims: object, header: object = {}): Promise<string> =>
  new CompactSign(Buffer.from(JSON.stringify(claims)))
    .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: key.kid, ...header })
    .sign(key.privateKey)

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A token that nobody with a private key has made. */
export function forge(header: object, claims: object, secret?: string): string {
  const input = `${part(header)}.${part(claims)}`
  return `${input}.${secret === undefined ? '' : createHmac('sha256', secret).update(input).digest('base64url')}`
}

/** Answers discovery under any of the addresses given, and their keys. */
export function authorities(documents: Record<string, Record<string, unknown>>, ...keys: SigningKey[]) {
  const served = { keys: keys.map(({ jwk }) => jwk) }
  const fetch = vi.fn(async (input: string | URL | Request) => {
    const url = String(input)
    if (url.endsWith('/keys')) return Response.json(served)
    const home = url.replace('/.well-known/openid-configuration', '')
    const document = documents[home]
    if (!document) return Response.json({ error: 'invalid_tenant' }, { status: 404 })
    return Response.json({
      issuer: home,
      authorization_endpoint: `${home}/authorize`,
      token_endpoint: `${home}/token`,
      jwks_uri: `${home}/keys`,
      ...document,
    })
  })
  const rotate = (...next: SigningKey[]) => {
    served.keys = next.map(({ jwk }) => jwk)
  }
  return { fetch: fetch as typeof fetch & typeof globalThis.fetch, rotate }
}
