import type { Authority } from '../../authority/authority.ts'
import type { Federation } from '../../authority/user-realm.ts'
import { ClientConfigurationError, NetworkError } from '../../errors.ts'
import type { Http } from '../../http/document.ts'
import { memoryHttpCache, recall, remember } from '../../http/http-cache.ts'
import type { HttpAnswer } from '../../http/http-client.ts'
import { unavailable } from '../../http/parse-json.ts'
import { retryAfter } from '../../http/retry-after.ts'
import { sendThrottled } from '../../http/throttle.ts'
import { oauthError } from '../../oauth/oauth-error.ts'
import { encodeBase64Url } from '../../util/base64url-encode.ts'
import { sha256 } from '../../util/crypto.ts'
import type { Bounds } from '../../util/deadline.ts'
import { isRecord, parseRecord } from '../../util/record.ts'
import type { Assertion, Person } from '../username-password.ts'
import { guessAction, isUsable, versions, type WsTrustEndpoint } from './endpoint.ts'
import { selectEndpoint } from './mex.ts'
import { buildRst } from './rst.ts'
import { readRstr } from './rstr.ts'
import { readXml } from './xml.ts'

/** What an assertion is asked for with. */
export interface IssueRequest extends Bounds {
  person: Person
  /** Milliseconds that a busy server is left alone where it does not say how long. */
  wait: number
}

/** Signs a person in at their company's own server, which answers with an assertion for the platform. */
export async function issueAssertion(
  http: Http,
  authority: Authority,
  federation: Federation,
  { person, wait, ...bounds }: IssueRequest,
): Promise<Assertion> {
  const endpoint = await endpointOf(http, authority, federation, bounds)
  const { url, action } = endpoint
  const rst = buildRst(endpoint, person, federation.audience)
  const headers = { 'content-type': 'application/soap+xml; charset=utf-8', soapaction: action }
  // The form stands for the envelope, which differs each time: so a refusal is repeated to that very name and password, and to no other.
  const form = new URLSearchParams({ ...person, audience: federation.audience })
  http.cache ??= memoryHttpCache()
  const translated: Http = {
    ...http,
    send: async (request) => asOAuth(await http.send({ ...request, headers, body: rst }), bounds.correlationId),
  }
  const answer = await sendThrottled(translated, { ...bounds, method: 'POST', url, body: form }, wait)
  const { status, replayed } = answer
  const json = parseRecord(answer.body)
  if (status === 200) return json as unknown as Assertion
  const throttled = status === 429 || (replayed && status !== 400)
  if (!json && !throttled) throw unavailable(answer, bounds.correlationId)
  throw oauthError(json ?? { error: 'temporarily_unavailable' }, {
    status,
    throttled,
    retryAfter: retryAfter(answer.headers),
    secrets: [person.password],
    correlationId: bounds.correlationId,
  })
}

/**
 * A SOAP answer in the terms of a token endpoint. ADFS sends every fault with status 500, though the sender's own has 400 (SOAP 1.2 part 2
 * section 7.5.2.2): so it becomes, or a caller would repeat a wrong password until the account is locked.
 */
function asOAuth(answer: HttpAnswer, correlationId: string | undefined): HttpAnswer {
  const { status, body } = answer
  let issued: ReturnType<typeof readRstr>
  try {
    issued = readXml(answer, correlationId, (root) => readRstr(root, body))
  } catch {
    // The status says more than a page of HTML.
  }
  if (issued && 'assertion' in issued) return { ...answer, status: 200, body: JSON.stringify(issued) }
  if (status === 429 || (status >= 500 && !issued)) return { ...answer, body: '' }
  if (!issued) {
    const message = `The federation server answered with status ${status} and neither a SAML token nor a fault.`
    throw new NetworkError('bad_response', message, { correlationId, status })
  }
  const { own, reason, subcode } = issued
  const refusal = { error: own ? 'server_error' : 'invalid_grant', error_description: reason, suberror: subcode }
  return { ...answer, status: own ? Math.max(500, status) : 400, body: JSON.stringify(refusal) }
}

async function endpointOf(
  http: Http,
  authority: Authority,
  { metadataUrl, activeUrl }: Federation,
  bounds: Bounds,
): Promise<WsTrustEndpoint> {
  const url = metadataUrl ?? activeUrl
  if (url === undefined) throw missing('The realm of this person names no federation server.', bounds)
  if (!isUsable(authority, url)) {
    const message = "The federation server's address is not an https URL with a host name."
    throw new ClientConfigurationError('metadata_invalid', message, bounds)
  }
  if (metadataUrl) return describedEndpoint(http, authority, metadataUrl, bounds)
  const action = guessAction(url)
  if (!action) throw missing('The federation server has no WS-Trust endpoint for user names and passwords.', bounds)
  return { url, action }
}

const day = 86_400_000

/** The endpoint that a WS-MetadataExchange document describes: a day from the cache. */
async function describedEndpoint(http: Http, authority: Authority, mexUrl: string, bounds: Bounds): Promise<WsTrustEndpoint> {
  const key = `MEX ${new URL(mexUrl).origin} ${encodeBase64Url(await sha256(mexUrl))}`
  const known = (await recall(http, bounds, key, day))?.endpoint
  if (isRecord(known)) {
    const { url, action } = known
    if (typeof url === 'string' && typeof action === 'string' && versions.has(action) && isUsable(authority, url)) return { url, action }
  }
  const answer = await http.send({ ...bounds, method: 'GET', url: mexUrl })
  const { status } = answer
  if (status === 429 || status >= 500) throw unavailable(answer, bounds.correlationId)
  if (status >= 400) {
    const message = `The federation server does not describe itself (status ${status}).`
    throw new ClientConfigurationError('metadata_invalid', message, bounds)
  }
  const endpoint = readXml(answer, bounds.correlationId, (root) => selectEndpoint(root, (url) => isUsable(authority, url)))
  if (!endpoint) throw missing('The federation server has no WS-Trust endpoint for user names and passwords.', bounds)
  await remember(http, bounds, key, day, { endpoint })
  return endpoint
}

const missing = (message: string, { correlationId }: Bounds) => new ClientConfigurationError('endpoint_missing', message, { correlationId })
