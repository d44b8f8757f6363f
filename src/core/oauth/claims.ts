import { ClientConfigurationError } from '../errors.ts'
import { isRecord } from '../util/record.ts'

/** Reads a claims challenge; nothing is an empty one. */
export function checkClaims(challenge: string | undefined): Record<string, unknown> {
  let claims: unknown
  try {
    claims = JSON.parse(challenge || '{}')
  } catch {}
  if (!isRecord(claims)) throw new ClientConfigurationError('invalid_argument', 'claimsChallenge must be a JSON object as a string.')
  return claims
}
