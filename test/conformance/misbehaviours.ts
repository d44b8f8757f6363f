import { type SigningKey, signed, signingKey, spoiled, unsigned } from './keys.ts'
import { isFapi } from './modules.ts'
import { clientSecret } from './registration.ts'

type Claims = Record<string, unknown>

/** What a provider does otherwise than the standards have it. */
export interface Misbehaviour {
  /** Changes the discovery document. */
  discovery?(document: Record<string, unknown>): void
  /** Changes the authorization response. */
  answer?(parameters: URLSearchParams, request: URLSearchParams): void
  /** Changes an id token's claims; `refreshed`: it answers a refresh token. */
  claims?(claims: Claims, refreshed: boolean): void
  /** Signs an id token. */
  sign?(claims: Claims, key: SigningKey): string | Promise<string>
  /** Changes the token response. */
  response?(json: Record<string, unknown>): void
  /** The keys that are published; the first one signs. */
  keys?(): Promise<SigningKey[]>
  /** Changes a public key as the key set lists it. */
  publishes?(jwks: Record<string, unknown>[]): void
  /** There are new keys, and only they are published, from the second authorization request on, or with each id token. */
  rotates?: 'at the second sign-in' | 'with each signature'
  /** Access tokens are refused until so many refresh tokens have been used. */
  refreshesWanted?: number
  /** Changes the parameters that the end of a session is answered with. */
  signedOut?(parameters: URLSearchParams): void
}

const without = (name: string) => (claims: Claims) => {
  delete claims[name]
}
const spoil = (name: string) => (claims: Claims) => {
  claims[name] = `${claims[name]}1`
}
const refreshed = (change: (claims: Claims) => void) => (claims: Claims, isRefreshed: boolean) => {
  if (isRefreshed) change(claims)
}
const another = (document: Record<string, unknown>) => {
  document.issuer = `${document.issuer}1`
}
const withoutKid = (jwks: Record<string, unknown>[]) => {
  for (const jwk of jwks) delete jwk.kid
}

const several = async () => [await signingKey('RS256'), await signingKey('RS256', 2)]

const good: Misbehaviour = {}

/** By the name that follows the prefix of a plan's modules. */
const table: Record<string, Misbehaviour> = {
  'oidcc-client-test': good,
  'invalid-iss': { claims: spoil('iss') },
  'missing-sub': { claims: without('sub') },
  'invalid-aud': { claims: spoil('aud') },
  'missing-iat': { claims: without('iat') },
  'kid-absent-single-jwks': { sign: (claims, key) => signed(claims, key, {}), publishes: withoutKid },
  'kid-absent-multiple-jwks': { keys: several, sign: (claims, key) => signed(claims, key, {}), publishes: withoutKid },
  'idtoken-sig-rs256': good,
  'idtoken-sig-none': { sign: unsigned },
  'invalid-sig-rs256': { sign: async (claims, key) => spoiled(await signed(claims, key)) },
  'nonce-invalid': { claims: spoil('nonce') },
  'scope-userinfo-claims': good,
  'client-secret-basic': good,

  'discovery-openid-config': good,
  'discovery-jwks-uri-keys': {
    discovery(document) {
      document.jwks_uri = `${document.jwks_uri}/${crypto.randomUUID()}`
    },
  },
  'discovery-issuer-mismatch': { discovery: another },
  'signing-key-rotation': { rotates: 'at the second sign-in' },
  'signing-key-rotation-just-before-signing': { rotates: 'with each signature' },

  'form-post-error': {
    answer(parameters, request) {
      for (const name of ['code', 'iss']) parameters.delete(name)
      const asked = ['response_mode', 'max_age', 'prompt'].map((name) => request.get(name)).join(' ')
      parameters.set('error', asked === 'form_post 0 none' ? 'login_required' : 'invalid_request')
    },
  },

  'refresh-token': good,
  'refresh-token-invalid-issuer': { claims: refreshed(spoil('iss')) },
  'refresh-token-invalid-sub': { claims: refreshed(spoil('sub')) },
  'refresh-token-invalid-aud': { claims: refreshed(spoil('aud')) },
  'refresh-token-invalid-azp': {
    claims: refreshed((claims) => {
      claims.azp = `${claims.aud}1`
    }),
  },

  'missing-aud': { claims: without('aud') },
  'invalid-sig-hs256': {
    // Even the right one would not do: whoever can check such a token can make one.
    sign: (claims) =>
      signed(claims, { kid: '', alg: 'HS256', privateKey: new TextEncoder().encode(`${clientSecret}1`) as never, jwk: {} }, {}),
  },
  'invalid-sig-es256': { keys: async () => [await signingKey('ES256')], sign: async (claims, key) => spoiled(await signed(claims, key)) },
  'userinfo-bearer-header': good,
  'ignores-unparseable-key-in-jwks': {
    publishes(jwks) {
      const pub = Buffer.alloc(32, 7).toString('base64url')
      jwks.unshift({ kty: 'AKP', alg: 'ML-DSA-1024', kid: 'post-quantum', use: 'sig', pub }, { kty: 'XYZ', kid: 'made up', use: 'sig' })
    },
  },

  'rp-init-logout': good,
  'rp-init-logout-no-state': { signedOut: (parameters) => parameters.delete('state') },
  'rp-init-logout-other-state': { signedOut: (parameters) => parameters.set('state', crypto.randomUUID()) },

  'invalid-authorization-response-iss': { answer: (parameters) => parameters.set('iss', `${parameters.get('iss')}1`) },
  'remove-authorization-response-iss': { answer: (parameters) => parameters.delete('iss') },
  'ensure-authorization-response-with-invalid-state-fails': {
    answer: (parameters) => parameters.set('state', `${parameters.get('state')}1`),
  },
  'ensure-authorization-response-with-invalid-missing-state-fails': { answer: (parameters) => parameters.delete('state') },
  'invalid-nonce': { claims: spoil('nonce') },
  'invalid-null-alg': { sign: unsigned },
  'invalid-alternate-alg': {
    keys: async () => [await signingKey('RS256'), await signingKey('PS256')],
  },
  'invalid-secondary-aud': {
    claims(claims) {
      claims.aud = [claims.aud, `${claims.aud}1`]
    },
  },
  'invalid-expired-exp': {
    claims(claims) {
      claims.exp = Number(claims.iat) - 300
    },
  },
  'invalid-missing-aud': { claims: without('aud') },
  'invalid-missing-exp': { claims: without('exp') },
  'invalid-missing-iss': { claims: without('iss') },
  'invalid-missing-nonce': { claims: without('nonce') },
  'valid-aud-as-array': {
    claims(claims) {
      claims.aud = [claims.aud]
    },
  },
  'token-type-case-insensitivity': {
    response(json) {
      json.token_type = 'bEARER'
    },
  },
  'refresh-token-test': { refreshesWanted: 2 },
  'token-endpoint-response-without-expires_in': { response: without('expires_in') },

  'invalid-signature': { sign: async (claims, key) => spoiled(await signed(claims, key)) },
  'no-scope-in-token-endpoint-response': { response: without('scope') },
}

/** FAPI allows no RSA signature of the old padding. */
const keysOf = async (name: string) => [await signingKey(isFapi(name) ? 'PS256' : 'RS256')]

export const shortName = (name: string): string => name.replace(/^(oidcc-client-test-|fapi.*-final-client-(test-)?)/, '')

/** The short names of all. */
export const misbehaving: readonly string[] = Object.keys(table)

export function misbehaviourOf(name: string): Misbehaviour & Required<Pick<Misbehaviour, 'keys'>> {
  const short = shortName(name)
  const found = Object.hasOwn(table, short) ? table[short] : undefined
  if (!found) throw new Error(`Nobody has said how the provider of ${name} misbehaves.`)
  return { keys: () => keysOf(name), ...found }
}
