/** Validates access tokens. Loaded when it is first used: it brings discovery, and jose. */
import { ClientAuthError, type ClientAuthErrorCode, ClientConfigurationError } from '../core/errors.ts'
import { decodeJwt } from '../core/oauth/jwt.ts'
import { isIssuerOf, providerOf } from './token-provider.ts'
import type { AccessTokenClaims, ValidateAccessTokenOptions } from './validate-access-token.ts'

/** Seconds, as for id tokens. */
const tolerance = 120

export async function validate(token: string, options: ValidateAccessTokenOptions): Promise<AccessTokenClaims> {
  const { audience, scopes, roles, knownAuthorities } = options
  checkNames('knownAuthorities', knownAuthorities)
  const audiences = checkNames('audience', typeof audience === 'string' ? [audience] : audience)
  if (!audiences.length) throw invalid('audience')
  const [wanted, anyOf] = [checkNames('scopes', scopes), checkNames('roles', roles)]
  const claims = readClaims(token, audiences)
  const provider = providerOf(options)
  const metadata = await provider.metadata()
  if (!isIssuerOf(metadata, claims)) throw fail('issuer_mismatch', 'issuer is not the authority, or not its tenant')
  await provider.verify(token, metadata, claims)

  const granted = list(claims.scp ?? claims.scope)
  const missing = wanted.some((scope) => ![scope, ...shortNames(scope, audiences)].some((name) => granted.includes(name)))
  if (missing) throw fail('scope_not_in_flow', 'scopes are not all that are needed')
  if (anyOf.length && !anyOf.some((role) => list(claims.roles).includes(role)))
    throw fail('scope_not_in_flow', 'roles lack the one that is needed')
  return claims
}

/** What can be said without the keys, so that rubbish costs no request. */
function readClaims(token: string, audiences: readonly string[]): AccessTokenClaims {
  const { header, claims } = (typeof token === 'string' && decodeJwt(token)) || {}
  if (!header || !claims) throw fail('id_token_invalid', 'form is not that of a signed JWT')
  const { typ } = header
  const stated = typeof typ === 'string' && /^(application\/)?at\+jwt$/i.test(typ)
  if (!stated && typ !== undefined && !(typeof typ === 'string' && /^(application\/)?jwt$/i.test(typ)))
    throw fail('id_token_invalid', 'type is another')
  const now = Date.now() / 1000
  const { exp, iat = 0, nbf = 0 } = claims
  if (!isTime(exp) || !isTime(iat) || !isTime(nbf)) throw fail('id_token_invalid', 'times are missing or malformed')
  if (now - tolerance > exp) throw fail('id_token_invalid', 'life is over')
  if (now + tolerance < Math.max(nbf, iat)) throw fail('id_token_invalid', 'life has not begun')
  if (!list(claims.aud, false).some((audience) => audiences.includes(audience))) throw fail('audience_mismatch', 'audience is another')
  if (isIdToken(claims, stated)) throw fail('id_token_invalid', 'claims are those of an id token')
  return claims as AccessTokenClaims
}

/**
 * Whether an id token is passed off as an access token, which a client that shares its registration with its API could. Only an access token
 * tells its scopes; one without any, an application's own, names the client that got it and answers no nonce.
 */
function isIdToken(
  { at_hash, c_hash, typ, nonce, scp, scope, azp, appid, client_id, cid }: Record<string, unknown>,
  stated: boolean,
): boolean {
  if (at_hash !== undefined || c_hash !== undefined || typ === 'ID') return true
  if (stated || scp !== undefined || scope !== undefined) return false
  return nonce !== undefined || [azp, appid, client_id, cid].every((client) => client === undefined)
}

/** A claim that is one string or several. */
function list(claim: unknown, split = true): string[] {
  const values: unknown[] = Array.isArray(claim) ? claim : typeof claim === 'string' ? (split ? claim.split(' ') : [claim]) : []
  return values.filter((value) => typeof value === 'string')
}

/** A scope's name inside the token, where it is given with the audience before it. */
const shortNames = (scope: string, audiences: readonly string[]) =>
  audiences.filter((audience) => scope.startsWith(`${audience}/`)).map((audience) => scope.slice(audience.length + 1))

function checkNames(name: string, names: readonly string[] = []): readonly string[] {
  if (!Array.isArray(names) || !names.every((text) => typeof text === 'string' && text)) throw invalid(name)
  return names
}

const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)

const fail = (code: ClientAuthErrorCode, what: string) => new ClientAuthError(code, `The access token's ${what}.`)

const invalid = (name: string) => new ClientConfigurationError('invalid_argument', `${name} must hold names that are not empty.`)
