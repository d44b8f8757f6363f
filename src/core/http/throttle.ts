import { encodeBase64Url } from '../util/base64url-encode.ts'
import { sha256 } from '../util/crypto.ts'
import { masked } from '../util/masked.ts'
import { isRecord, parseRecord } from '../util/record.ts'
import { basicSecrets } from './basic-authorization.ts'
import type { Http } from './document.ts'
import { recall, remember } from './http-cache.ts'
import type { HttpAnswer, HttpRequest } from './http-client.ts'
import { LONGEST_WAIT, retryAfter } from './retry-after.ts'

/** A form to post. */
export interface FormRequest extends HttpRequest {
  method: 'POST'
  body: URLSearchParams
}

/** An answer, and whether it is an earlier one. */
export interface ThrottledAnswer extends HttpAnswer {
  replayed?: true
}

/** Posts a form, unless the very same form was refused a short while ago: then the refusal is repeated from the cache. */
export async function sendThrottled(http: Http, request: FormRequest, wait: number): Promise<ThrottledAnswer> {
  const refusal = await recallRefusal(http, request)
  if (refusal) return refusal
  const answer = await http.send(request)
  await noteRefusal(http, request, answer, wait)
  return answer
}

/** The refusal of the very same form, a short while ago. The client's assertion need not be in the form yet. */
export async function recallRefusal(http: Http, request: FormRequest): Promise<ThrottledAnswer | undefined> {
  if (isPoll(request)) return undefined
  const key = await keyOf(request)
  const entry = await recall(http, request, key, LONGEST_WAIT)
  const status = Number(entry?.status)
  if (status >= 400) {
    const headers = new Headers()
    if (status !== 400) headers.set('retry-after', String(Math.ceil((Number(entry!.expiresAt) - Date.now()) / 1000)))
    return { status, headers, body: JSON.stringify(repeated(http, key, refusalOf(entry!.refusal, request))) ?? '', replayed: true }
  }
  return undefined
}

/**
 * Remembers an answer, where it is one that the request is not to be repeated after: a 400 for a minute; 429, 5xx and whatever else has
 * `Retry-After` for as long as that says, 429 and 5xx without it for `wait` milliseconds; an answer that holds tokens never. Device code
 * polling is neither remembered nor held back.
 */
export async function noteRefusal(http: Http, request: FormRequest, answer: HttpAnswer, wait: number): Promise<void> {
  const delay = isPoll(request) ? 0 : delayOf(answer, wait)
  if (!delay) return
  const key = await keyOf(request)
  const json = parseRecord(answer.body)
  if (json) keepWords(http, key, json)
  await remember(http, request, key, delay, { life: delay, status: answer.status, refusal: refusalOf(json, request) })
}

/** What refusals say in words, by their keys: it may name a person, and stays in this process. */
const words = /* @__PURE__ */ new WeakMap<Http, Map<string, object>>()
const mostWords = 1_000

function keepWords(http: Http, key: string, { error_description, error_uri, trace_id }: Record<string, unknown>): void {
  const kept = words.get(http) ?? new Map()
  words.set(http, kept)
  kept.delete(key)
  kept.set(key, { error_description, error_uri, trace_id })
  for (const oldest of kept.keys()) if (kept.size > mostWords) kept.delete(oldest)
}

const repeated = (http: Http, key: string, refusal: object | undefined) => refusal && { ...words.get(http)?.get(key), ...refusal }

const isPoll = ({ body }: FormRequest) => !!body.get('grant_type')?.endsWith(':device_code')

function delayOf({ status, headers }: HttpAnswer, wait: number): number {
  if (status < 400) return 0
  return retryAfter(headers) ?? (status === 429 || status >= 500 ? wait : status === 400 ? 60_000 : 0)
}

const secretFields = ['client_secret', 'client_assertion', 'refresh_token', 'code', 'code_verifier', 'assertion', 'password', 'device_code']

/** What a form holds that must not come back in an error, nor lie in a cache of documents. */
export const secretsOf = ({ body, headers }: FormRequest): string[] => [
  ...secretFields.flatMap((name) => body.get(name) ?? []),
  ...basicSecrets(headers?.authorization),
]

/** Of an OAuth error, what callers decide by. */
function refusalOf(answer: unknown, request: FormRequest): object | undefined {
  const secrets = secretsOf(request)
  const plain = (value: unknown, form = /^[\w.:/-]{1,64}$/) =>
    typeof value === 'string' && form.test(value) && masked(value, secrets) === value ? value : undefined
  const { error, suberror, error_codes, claims } = isRecord(answer) ? answer : ({} as Record<string, unknown>)
  if (!plain(error)) return undefined
  return {
    error,
    suberror: plain(suberror),
    error_codes: Array.isArray(error_codes) ? error_codes.filter(Number.isInteger) : undefined,
    claims: plain(claims, /./),
  }
}

let salt: string | undefined

/**
 * Everything that tells one request from another is in the key, so nobody is held back, or answered, in place of somebody else.
 * Assertions of the client are left out: each signing makes a new one.
 */
async function keyOf({ url, body, headers }: FormRequest): Promise<string> {
  const form = new URLSearchParams(body)
  form.delete('client_assertion')
  form.sort()
  // A password could be guessed from its hash by whoever reads the cache; the other secrets are long and random.
  if (form.has('password')) salt ??= crypto.randomUUID()
  const told = [url, form.has('password') ? salt : '', form, headers?.authorization].join('\n')
  return `POST ${url.split('?')[0]} ${encodeBase64Url(await sha256(told))}`
}
