import { ClientAuthError, type ClientAuthErrorCode } from '../errors.ts'
import type { IdTokenClaims } from '../types.ts'
import { decodeJwt } from './jwt.ts'

/** What an id token is held against; what is absent is not compared. */
export interface IdTokenExpectations {
  clientId: string
  /** Given the token's claims, the issuer that it must name. */
  issuer?: ((claims: IdTokenClaims) => string) | undefined
  nonce?: string | undefined
  /** Seconds since the person last proved who they are, at most. */
  maxAge?: number | undefined
  /** Of a renewal: `exp`, `iat` and `nbf` must be there, but no clock is asked whether they fit (OpenID Connect Core 12.2). */
  renewed?: boolean | undefined
}

const tolerance = 120

/** Decodes an id token and checks its claims (OpenID Connect Core 3.1.3.7). */
export function validateIdToken(idToken: string, { clientId, issuer, nonce, maxAge, renewed }: IdTokenExpectations): IdTokenClaims {
  const fail = (code: ClientAuthErrorCode, what: string) => new ClientAuthError(code, `The id token's ${what}.`)
  const { header, claims } = decodeJwt(idToken) ?? {}
  if (!header || !claims) throw fail('id_token_invalid', 'form is not that of a signed JWT')
  if (typeof header.alg !== 'string' || !header.alg || header.alg.toLowerCase() === 'none')
    throw fail('id_token_invalid', 'algorithm is none')
  if (typeof claims.sub !== 'string' || !claims.sub) throw fail('id_token_invalid', 'subject is missing')
  if (typeof claims.iss !== 'string' || !claims.iss) throw fail('issuer_mismatch', 'issuer is missing')
  if (issuer && claims.iss !== issuer(claims as IdTokenClaims)) throw fail('issuer_mismatch', 'issuer is not the authority')
  const audiences = Array.isArray(claims.aud) ? claims.aud : [claims.aud]
  if (!audiences.every((audience) => audience === clientId) || !audiences.length || (claims.azp ?? clientId) !== clientId) {
    throw fail('audience_mismatch', 'audience is not this client alone')
  }
  const now = Date.now() / 1000
  const { exp, iat, nbf = iat, auth_time: authTime } = claims
  if (!isTime(exp) || !isTime(iat) || !isTime(nbf)) throw fail('id_token_invalid', 'times are missing or malformed')
  if (!renewed && now - tolerance > exp) throw fail('id_token_invalid', 'life is over')
  if (!renewed && now + tolerance < Math.max(nbf, iat)) throw fail('id_token_invalid', 'life has not begun')
  if (nonce !== undefined && claims.nonce !== nonce) throw fail('nonce_mismatch', 'nonce is not that of the request')
  // One that is still to come would be young for ever.
  if (maxAge !== undefined && !(isTime(authTime) && now - tolerance <= authTime + maxAge && authTime <= now + tolerance)) {
    throw fail('auth_time_too_old', 'auth_time is missing, too long ago or in the future')
  }
  return claims as IdTokenClaims
}

const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)
