import { NetworkError } from '../errors.ts'
import { splitScopes } from './scopes.ts'

/** A checked token response (RFC 6749 section 5.1). Times are seconds. */
export interface TokenResponse {
  accessToken: string
  tokenType: string
  expiresIn: number
  extExpiresIn: number
  refreshIn?: number | undefined
  /** Absent where the answer names none: then those that were asked for. */
  scopes?: string[] | undefined
  refreshToken?: string | undefined
  idToken?: string | undefined
  /** See `client-info.ts`. */
  clientInfo?: string | undefined
  familyId?: string | undefined
}

const year = 31_536_000
const defaultLifetime = 600
const tokenTypes = /^(bearer|dpop|pop|ssh-cert)$/i

export const badField = (field: string, correlationId?: string): NetworkError =>
  new NetworkError('bad_response', `The token response's ${field} is missing or malformed.`, { correlationId, status: 200 })

/** Turns an unknown JSON object into a token response, or throws `bad_response`. */
export function parseTokenResponse(json: Record<string, unknown>, correlationId?: string): TokenResponse {
  const bad = (field: string) => badField(field, correlationId)
  const text = (name: string): string | undefined => {
    const value = json[name]
    if (value === undefined || (typeof value === 'string' && value)) return value as string | undefined
    if (value === null || value === '') return undefined
    throw bad(name)
  }
  const seconds = (name: string): number | undefined => {
    const value = json[name]
    if (value === undefined) return undefined
    const number = typeof value === 'string' && /^\d+(\.\d+)?$/.test(value) ? Number(value) : value
    if (typeof number !== 'number' || !(number >= 0 && number < 1 / 0)) throw bad(name)
    return Math.min(Math.floor(number), name === 'expires_on' ? Number.MAX_SAFE_INTEGER : year)
  }
  const accessToken = text('access_token')
  if (!accessToken) throw bad('access_token')
  const tokenType = text('token_type') ?? 'Bearer'
  if (!tokenTypes.test(tokenType)) throw bad('token_type')
  const expiresOn = seconds('expires_on')
  const remaining = expiresOn === undefined ? defaultLifetime : Math.min(Math.max(0, expiresOn - Math.floor(Date.now() / 1000)), year)
  const expiresIn = seconds('expires_in') ?? remaining
  const scopes = splitScopes(text('scope') ?? '')
  return {
    accessToken,
    tokenType,
    expiresIn,
    extExpiresIn: seconds('ext_expires_in') ?? expiresIn,
    refreshIn: seconds('refresh_in'),
    scopes: scopes.length ? scopes : undefined,
    refreshToken: text('refresh_token'),
    idToken: text('id_token'),
    familyId: text('foci'),
    clientInfo: text('client_info'),
  }
}
