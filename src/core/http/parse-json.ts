import { NetworkError } from '../errors.ts'
import { parseRecord } from '../util/record.ts'
import type { HttpAnswer } from './http-client.ts'
import { retryAfter } from './retry-after.ts'

/** The answer's JSON object, without prototypes. */
export function parseJson(answer: HttpAnswer, correlationId?: string): Record<string, unknown> {
  const document = parseRecord(answer.body)
  if (document) return document
  throw unusable(answer, correlationId)
}

/** The error for an answer that should have been a JSON object: it says "later", or nothing. */
export function unusable(answer: HttpAnswer, correlationId?: string): NetworkError {
  const { status } = answer
  if (status >= 500) return unavailable(answer, correlationId)
  return new NetworkError('bad_response', `The answer with status ${status} is not a JSON object.`, { correlationId, status })
}

/** The error for an answer that says nothing but "later". */
export function unavailable({ status, headers }: HttpAnswer, correlationId?: string): NetworkError {
  return new NetworkError('server_unavailable', `The server answered with status ${status}.`, {
    correlationId,
    status,
    retryAfter: retryAfter(headers),
  })
}
