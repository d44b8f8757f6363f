import {
  encodeBase64Url,
  type Http,
  type HttpAnswer,
  type HttpRequest,
  LONGEST_WAIT,
  recall,
  remember,
  retryAfter,
  sha256,
  type ThrottledAnswer,
} from './core-requests.ts'

/** Milliseconds that an endpoint is left alone after a 429 or a 5xx without `Retry-After`. */
const pause = 5_000

/**
 * Sends a request, unless the very same one has been turned away a short while ago: 429, 5xx and whatever else has `Retry-After` are
 * answered from the cache for as long as that says. Answers that hold tokens, and other refusals, are not remembered.
 *
 * @param errorOf the OAuth error of an answer: all that is kept of it
 */
export async function sendThrottled(
  http: Http,
  request: HttpRequest,
  send: () => Promise<HttpAnswer>,
  errorOf: (answer: HttpAnswer) => unknown,
): Promise<ThrottledAnswer> {
  const { method, url, body = '' } = request
  const key = `${method} ${url.split('?')[0]} ${encodeBase64Url(await sha256(`${url}\n${body}`))}`
  const entry = await recall(http, request, key, LONGEST_WAIT)
  const refused = Number(entry?.status)
  if (refused >= 400) {
    const headers = new Headers({ 'retry-after': String(Math.ceil((Number(entry!.expiresAt) - Date.now()) / 1000)) })
    return { status: refused, headers, body: JSON.stringify({ error: entry!.error ?? 'temporarily_unavailable' }), replayed: true }
  }
  const answer = await send()
  const { status, headers } = answer
  const delay = status < 400 ? 0 : (retryAfter(headers) ?? (status === 429 || status >= 500 ? pause : 0))
  if (delay) await remember(http, request, key, delay, { status, error: errorOf(answer) })
  return answer
}
