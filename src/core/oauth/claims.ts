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

/** The `claims` parameter: a challenge, with what the client is capable of merged in. */
export function mergeClaims(challenge: string | undefined, capabilities: readonly string[] | undefined): string | undefined {
  const { access_token: accessToken, ...others } = checkClaims(challenge)
  if (!capabilities?.length) return challenge || undefined
  return JSON.stringify({ ...others, access_token: { ...(isRecord(accessToken) && accessToken), xms_cc: { values: capabilities } } })
}
