import fc from 'fast-check'
import { ConfidentialClientApplication, type TokenCache } from '../../../src/core/index.ts'

/** Short texts of all that could separate one part of a key from the next. */
export const text = fc
  .array(
    fc.constantFrom(
      ' ',
      '-',
      '--',
      '|',
      ':',
      '.',
      '/',
      '\n',
      '"',
      '\\',
      ',',
      '+',
      '%20',
      'a',
      'A',
      'b',
      'user',
      'app',
      '__proto__',
      '\u0000',
    ),
    {
      minLength: 1,
      maxLength: 4,
    },
  )
  .map((pieces) => pieces.join(''))
/** A path segment cannot hold everything, nor be a way up. */
export const segment = text.map((each) => `t${encodeURIComponent(each)}`)
const scope = fc.constantFrom('a', 'b', 'a-b', 'a.b', 'a/b', 'a:b', 'api://a/b')
const origins = [
  'https://login.microsoftonline.com',
  'https://id.example',
  'https://id.example:8443',
  'https://id.example:9443',
  'http://localhost',
  'https://localhost',
  'http://localhost:8080',
]

/** All that tells one token from another. */
const identity = fc.record({
  clientId: text,
  origin: fc.constantFrom(...origins),
  path: fc.array(segment, { minLength: 1, maxLength: 2 }).map((segments) => segments.join('/')),
  /** A generic provider; else the first segment of the path is a tenant. */
  oidc: fc.boolean(),
  uid: text,
  utid: text,
  assertion: text,
  tokenType: fc.constantFrom('Bearer', 'bearer', 'pop', 'ssh-cert'),
  keyId: fc.oneof(fc.constant(''), text),
  scopes: fc.uniqueArray(scope, { minLength: 1, maxLength: 3 }),
})
export type Identity = typeof identity extends fc.Arbitrary<infer T> ? T : never

const parts = ['clientId', 'origin', 'path', 'oidc', 'uid', 'utid', 'assertion', 'tokenType', 'keyId', 'scopes'] as const
const swapCase = (path: string) => path.replace(/[a-z]/gi, (letter) => (letter < 'a' ? letter.toLowerCase() : letter.toUpperCase()))

/** Two that are often alike in most, or in all but one thing: then often in all but the case of the path. */
export const pairs = fc
  .tuple(identity, identity, fc.oneof(fc.subarray([...parts]), fc.subarray([...parts], { minLength: parts.length - 1 })), fc.boolean())
  .map(([one, two, same, swapped]): [Identity, Identity] => [
    one,
    { ...two, ...Object.fromEntries(same.map((name) => [name, one[name]])), ...(swapped && { path: swapCase(one.path) }) },
  ])

export const homeOf = ({ uid, utid }: Identity) => `${uid}.${utid}`

/** The issuer that an authority names: tenants are compared without case, and their host stands for all its ports. */
export const issuerOf = ({ origin, path, oidc }: Identity) =>
  oidc ? `${origin}/${path}` : `tenant ${new URL(origin).hostname} ${path.split('/')[0]!.toLowerCase()}`

/** A key is enough of a name. */
const boundTo = ({ tokenType, keyId }: Identity) =>
  keyId ? `key ${keyId}` : tokenType.toLowerCase() !== 'bearer' ? tokenType.toLowerCase() : ''

/** Whether a token that one was given may serve the other. */
export const serves = (given: Identity, asked: Identity, personal: boolean) =>
  given.clientId === asked.clientId &&
  issuerOf(given) === issuerOf(asked) &&
  boundTo(given) === boundTo(asked) &&
  (!personal || homeOf(given) === homeOf(asked)) &&
  asked.scopes.every((each) => given.scopes.includes(each))

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

/** A provider whose tokens say whom they were given to. */
export const providerFor = (one: Identity): typeof fetch => {
  const { clientId, oidc, uid, utid, scopes, tokenType } = one
  return async (input, init) => {
    const url = String(input)
    const issuer = url.replace(/\/(\.well-known\/openid-configuration|token)$/, '')
    if (!url.endsWith('/token')) {
      return Response.json({ issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token` })
    }
    const common = { access_token: JSON.stringify(one), token_type: tokenType, expires_in: 3600, scope: scopes.join(' ') }
    if (new URLSearchParams(String(init?.body)).get('grant_type') === 'client_credentials') return Response.json(common)
    const now = Math.floor(Date.now() / 1000)
    const claims = { iss: issuer, aud: clientId, sub: uid, oid: uid, tid: utid, preferred_username: issuer, iat: now, exp: now + 3600 }
    const id_token = `${encode({ alg: 'RS256' })}.${encode(claims)}.c2ln`
    // In a tenant's id token the tenant goes by its id, however it was typed: what such a one says is not looked at here.
    return Response.json({ ...common, ...(oidc && { id_token }), client_info: encode({ uid, utid }), refresh_token: JSON.stringify(one) })
  }
}

const offline: typeof fetch = () => Promise.reject(new TypeError('offline'))

/** A client with this identity; what it sends goes nowhere, unless it is given a provider. */
export function clientOf({ clientId, origin, path, oidc }: Identity, tokenCache: TokenCache, fetch = offline) {
  const url = `${origin}/${path}`
  const authority = oidc ? { oidcAuthority: url } : { authority: url, knownAuthorities: [new URL(url).host] }
  return new ConfidentialClientApplication({ clientId, ...authority, clientCredential: 's', tokenCache, fetch })
}

export const clientWithProvider = (one: Identity, tokenCache: TokenCache) => clientOf(one, tokenCache, providerFor(one))

/** The options of a request for its token. */
export const requestOf = ({ scopes, tokenType, keyId }: Identity) => ({
  scopes,
  extraBodyParameters: { token_type: tokenType, ...(keyId && { key_id: keyId }) },
})

export const accountOf = (one: Identity) => ({
  homeAccountId: homeOf(one),
  environment: new URL(one.origin).hostname,
  tenantId: one.path,
  localAccountId: null,
  username: '',
  authorityType: 'MSSTS',
})
