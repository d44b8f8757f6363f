import { invalidArgument } from '../util/invalid-argument.ts'
import { isRecord } from '../util/record.ts'

/** Reads a claims challenge; nothing is an empty one. */
export function checkClaims(challenge: string | null | undefined): Record<string, unknown> {
  let claims: unknown
  try {
    claims = JSON.parse(challenge || '{}')
  } catch {}
  if (!isRecord(claims)) throw invalidArgument('claimsChallenge must be a JSON object.')
  return claims
}
