import { seconds, text } from '../cache/entities.ts'
import type { CachedToken } from '../cache/partition.ts'
import type { TokenResult } from '../types.ts'

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
