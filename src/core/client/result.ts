import { type Entity, seconds, text } from '../cache/entities.ts'
import { type CachedToken, claimsOf } from '../cache/partition.ts'
import type { AccountInfo, TokenResult, UserResult } from '../types.ts'

export function tokenResult(token: CachedToken, tokenSource: TokenResult['tokenSource'], correlationId: string): TokenResult {
  const { entity, scopes, expiresOn, refreshOn } = token
  const extended = seconds(entity, 'extended_expires_on')
  const result: TokenResult = {
    accessToken: text(entity, 'secret'),
    tokenType: text(entity, 'token_type') || 'Bearer',
    scopes: scopes.slice(),
    expiresOn: new Date(expiresOn * 1000),
    tokenSource,
    correlationId,
  }
  if (extended !== undefined) result.extExpiresOn = new Date(extended * 1000)
  if (refreshOn !== undefined) result.refreshOn = new Date(refreshOn * 1000)
  return result
}

export function userResult(
  token: CachedToken,
  account: AccountInfo,
  tokenSource: TokenResult['tokenSource'],
  correlationId: string,
): UserResult {
  const result = tokenResult(token, tokenSource, correlationId) as UserResult
  result.account = account
  const idToken: Entity | undefined = token.idToken
  if (idToken) {
    result.idToken = text(idToken, 'secret')
    // Most callers never look: decoded when they do.
    Object.defineProperty(result, 'idTokenClaims', { enumerable: true, configurable: true, get: () => claimsOf(idToken) })
  }
  return result
}
