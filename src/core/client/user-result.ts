import { claimsProperty } from '../cache/claims-of.ts'
import { type Entity, text } from '../cache/entities.ts'
import type { CachedToken } from '../cache/partition.ts'
import type { AccountInfo, TokenResult, UserResult } from '../types.ts'
import { tokenResult } from './result.ts'

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
    Object.defineProperty(result, 'idTokenClaims', claimsProperty(idToken))
  }
  return result
}
