import type { AuthError } from '../errors.ts'
import type { Grant } from '../grants/grant.ts'
import { unusable } from '../http/parse-json.ts'
import { retryAfter } from '../http/retry-after.ts'
import { type FormRequest, noteRefusal, recallRefusal, secretsOf, type ThrottledAnswer } from '../http/throttle.ts'
import { oauthError } from '../oauth/oauth-error.ts'
import { parseRecord, toRecord } from '../util/record.ts'
import type { Call, ClientContext } from './context.ts'
import { protocolOf } from './protocol.ts'

/** Milliseconds that a server is left alone where it does not say how long. */
const waitOf = ({ authentication }: ClientContext) => (authentication ? 5_000 : 60_000)

export { recallRefusal }

/** The error of an answer that holds no tokens, which is remembered, lest the request be repeated at once. */
export async function refusal(
  context: ClientContext,
  request: FormRequest,
  answer: ThrottledAnswer,
  { api, needsPerson }: Pick<Grant, 'api' | 'needsPerson'>,
  { correlationId }: Call,
): Promise<AuthError> {
  const { http, telemetry } = protocolOf(context)
  const { status, headers, replayed } = answer
  if (!replayed) await noteRefusal(http, request, answer, waitOf(context))
  const throttled = status === 429 || (replayed && status !== 400)
  const json = parseRecord(answer.body)
  if (!throttled && !(json && 'error' in json)) return unusable(answer, correlationId)
  const error = oauthError(json ?? toRecord({ error: 'temporarily_unavailable' }), {
    status,
    throttled,
    retryAfter: retryAfter(headers),
    grantNeedsPerson: needsPerson,
    secrets: secretsOf(request),
    correlationId,
  })
  telemetry.answered(api, correlationId, error.error)
  return error
}
