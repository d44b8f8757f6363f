import { isRecord } from '../util/record.ts'
import { checkClaims } from './claims.ts'

/** The `claims` parameter: a challenge, with what the client is capable of merged in. */
export function mergeClaims(challenge: string | null | undefined, capabilities: readonly string[] | undefined): string | undefined {
  const { access_token: accessToken, ...others } = checkClaims(challenge)
  if (!capabilities?.length) return challenge || undefined
  return JSON.stringify({ ...others, access_token: { ...(isRecord(accessToken) && accessToken), xms_cc: { values: capabilities } } })
}
