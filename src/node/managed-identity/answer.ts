import { NetworkError } from '../../core/index.ts'
import {
  type HttpAnswer,
  isRecord,
  oauthError,
  parseJson,
  parseRecord,
  retryAfter,
  secretsIn,
  type ThrottledAnswer,
  toRecord,
} from './core-requests.ts'
import type { ManagedIdentitySource } from './sources.ts'

type Json = Record<string, unknown>

interface Circumstances {
  secrets: readonly string[]
  correlationId?: string | undefined
}

/** A checked answer in the form of a token response. Times are seconds. */
export interface ManagedToken {
  access_token: string
  token_type: string
  expires_in: number
  refresh_in?: number
}

const year = 365 * 24 * 3600

/** Checks an answer and gives its token, or throws the error that it means. */
export function readAnswer(
  source: ManagedIdentitySource,
  answer: ThrottledAnswer,
  { secrets, correlationId }: Circumstances,
): ManagedToken {
  const { status, headers, body, replayed } = answer
  const json = parseRecord(body)
  if (status === 200 && json && !('error' in json) && 'access_token' in json) return readToken(source, json, correlationId)

  const throttled = replayed || status === 429
  const refusal = replayed ? json : refusalOf(source, answer)
  if (!refusal && !throttled) {
    parseJson(answer, correlationId)
    // A JSON object that says nothing: the error is the status's.
    parseJson({ ...answer, body: '' }, correlationId)
  }
  throw oauthError(refusal ?? toRecord({ error: 'temporarily_unavailable' }), {
    status,
    throttled,
    retryAfter: retryAfter(headers),
    secrets: [...secrets, ...secretsIn(json ?? {})],
    correlationId,
  })
}

const fabricErrors: Readonly<Record<string, string>> = {
  SecretHeaderNotFound: 'unauthorized_client',
  ManagedIdentityNotFound: 'invalid_client',
  ArgumentNullOrEmpty: 'invalid_scope',
}

/** What an answer other than a token means as an OAuth error; undefined where it says nothing that could be told. */
export function refusalOf(source: ManagedIdentitySource, { status, body }: HttpAnswer): Json | undefined {
  const json = parseRecord(body)
  if (!json) return undefined
  const { error } = json
  const code = isRecord(error) && typeof error.code === 'string' ? error.code : ''
  // Written anew: JSON can spell one secret in many ways.
  const whole = JSON.stringify(json)
  const refusal = (name: unknown, description: unknown) => toRecord({ error: name, error_description: description })
  switch (source) {
    case 'service_fabric':
      if (!isRecord(error)) return undefined
      return refusal(Object.hasOwn(fabricErrors, code) ? fabricErrors[code] : 'invalid_request', whole)
    case 'imds':
      return typeof error === 'string' ? json : undefined
    case 'cloud_shell':
      if (isRecord(error)) return refusal(code, error.message)
      return typeof error === 'string' ? json : undefined
  }
  const speaks = 'error' in json || 'statusCode' in json || 'message' in json
  if (!speaks && !(status >= 400 && status < 500)) return undefined
  if (source === 'azure_arc') return refusal('invalid_request', whole)
  return refusal('invalid_scope', source === 'app_service' ? `${plain(json.statusCode ?? status)}, ${plain(json.message)}` : whole)
}

const plain = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '')

function readToken(source: ManagedIdentitySource, json: Json, correlationId?: string): ManagedToken {
  const bad = (field: string) =>
    new NetworkError('bad_response', `The managed identity's ${field} is missing or malformed.`, { correlationId, status: 200 })
  const seconds = (name: string): number | undefined => {
    const value = json[name]
    if (value === undefined || value === null || value === '') return undefined
    const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value
    if (typeof number !== 'number' || !(number >= 0 && number < 1 / 0)) throw bad(name)
    return number
  }
  const { access_token, token_type } = json
  if (typeof access_token !== 'string' || !access_token) throw bad('access_token')
  const type = token_type ?? 'Bearer'
  if (typeof type !== 'string' || !/^bearer$/i.test(type)) throw bad('token_type')

  const duration = seconds('expires_in')
  const end = seconds('expires_on')
  const rest = end === undefined ? undefined : Math.max(0, end - Math.floor(Date.now() / 1000))
  const byEnd = source === 'app_service' || source === 'machine_learning' || source === 'service_fabric'
  const life = byEnd ? (rest ?? duration) : (duration ?? rest)
  if (life === undefined) throw bad(byEnd ? 'expires_on' : 'expires_in')
  const expiresIn = Math.min(life, year)
  const refreshIn = seconds('refresh_in') ?? (expiresIn >= 7200 ? Math.floor(expiresIn / 2) : undefined)
  return { access_token, token_type: type, expires_in: expiresIn, ...(refreshIn !== undefined && { refresh_in: refreshIn }) }
}
