import type { Authority } from '../authority/authority.ts'
import { expectedIssuer, type Metadata } from '../authority/metadata.ts'
import { type Entity, seconds } from '../cache/entities.ts'
import type { CachedToken } from '../cache/partition.ts'
import { type ClientTokenEvent, readTokenEvent, type TokenOutcome } from '../cache/token-event.ts'
import { isAuthError } from '../errors.ts'
import type { Grant } from '../grants/grant.ts'
import { type Bounds, withDeadline } from '../http/deadline.ts'
import { parseJson } from '../http/http-client.ts'
import { retryAfter } from '../http/retry-after.ts'
import { sendThrottled } from '../http/throttle.ts'
import type { IdTokenExpectations } from '../oauth/id-token.ts'
import { oauthError } from '../oauth/oauth-error.ts'
import { isServer, osName } from '../platform.ts'
import { tagged } from '../util/guarded.ts'
import { loaded } from '../util/loaded.ts'
import { parseRecord, toRecord } from '../util/record.ts'
import type { Call, ClientContext } from './context.ts'
import { protocolOf } from './protocol.ts'
import { version } from './version.ts'

/** How an answer is judged and filed. */
export interface Filing {
  /** Whose tokens are renewed, and with which refresh token. */
  homeAccountId?: string
  heldToken?: Entity
  /** Of the user assertion that the tokens were got with. */
  assertionHash?: string
  /** Names the account where the answer does not. */
  username?: string
  /** Goes on being good where the answer brings no other. */
  refreshToken?: string
  /** Where the request goes, where that is not the authority's token endpoint: one of its regions. */
  endpoint?: string | undefined
  expectations?: Omit<IdTokenExpectations, 'clientId'>
  /** Refuses what the id token's own checks let pass. Nothing is stored before. */
  inspect?: (outcome: TokenOutcome) => void
}

/** Gets tokens by a grant: posts it, checks the answer and stores it, in this order. Every error names the request that it is about. */
export function obtainTokens(...args: Parameters<typeof obtain>): Promise<TokenOutcome> {
  return obtain(...args).catch((error: unknown) => {
    if (isAuthError(error)) (error as { correlationId?: string }).correlationId ??= args[3].correlationId
    throw error
  })
}

async function obtain(
  context: ClientContext,
  authority: Authority,
  grant: Grant,
  call: Call,
  exchange: () => Bounds,
  { endpoint, expectations, inspect, refreshToken, ...owner }: Filing = {},
): Promise<TokenOutcome> {
  const metadata = await protocolOf(context).metadataOf(authority, exchange)
  const json = await requestToken(context, metadata, endpoint, grant, call, exchange)
  const event: ClientTokenEvent = {
    clientId: context.clientId,
    scopes: grant.scopes,
    tokenEndpoint: metadata.tokenEndpoint,
    environment: authority.host,
    authority: authority.url,
    ...(authority.kind === 'oidc' && { realm: authority.tenant }),
    response: refreshToken && !json.refresh_token ? { ...json, refresh_token: refreshToken } : json,
    grantType: grant.type,
    data: call.options.extraBodyParameters ?? {},
    ...owner,
  }
  const outcome = tagged(call.correlationId, () =>
    readTokenEvent(event, { issuer: ({ tid }) => expectedIssuer(metadata, tid), ...expectations }),
  )
  const { idToken } = outcome.response
  if (idToken && context.options.verifyIdTokenSignature) {
    const { verifySignature } = await loaded(import('./verify-signature.ts'))
    await verifySignature(context, metadata, idToken, exchange)
  }
  inspect?.(outcome)
  try {
    await context.cache.add({ ...event, homeAccountId: outcome.homeAccountId } as ClientTokenEvent)
  } catch {
    // The next call costs a request then; this one has its token.
    context.log({ level: 'error', message: 'The token cache failed to store a token.', correlationId: call.correlationId })
  }
  return outcome
}

const secretFields = ['client_secret', 'client_assertion', 'refresh_token', 'code', 'code_verifier', 'assertion', 'password', 'device_code']

/** Posts a grant to the token endpoint, with what says who the client is. */
async function requestToken(
  context: ClientContext,
  { authority, issuer, tokenEndpoint }: Metadata,
  endpoint: string | undefined,
  grant: Grant,
  call: Call,
  exchange: () => Bounds,
): Promise<Record<string, unknown>> {
  const { clientId, authentication } = context
  const audience = authority.kind === 'oidc' ? issuer : tokenEndpoint
  const asked = { audience, tokenEndpoint, adfs: authority.kind === 'adfs' }
  // A vault that signs, or a function that makes assertions, is waited for no longer than a server.
  const credentials = authentication && (await withDeadline(exchange(), () => authentication.authenticate(asked)))
  const { options } = call
  const fields = {
    client_id: clientId,
    grant_type: grant.type,
    client_info: '1',
    ...credentials,
    ...grant.fields,
    ...options.extraBodyParameters,
  }
  return postForm(context, withQuery(endpoint ?? tokenEndpoint, options.extraQueryParameters), fields, grant, call, exchange)
}

/** A URL with further parameters. */
export function withQuery(url: string, parameters: Record<string, string> = {}): string {
  const query = new URLSearchParams(parameters).toString()
  return query ? `${url}${url.includes('?') ? '&' : '?'}${query}` : url
}

/** Posts a form and gives the JSON of the answer, or throws the error that it holds. */
export async function postForm(
  context: ClientContext,
  url: string,
  fields: Record<string, string | undefined>,
  grant: Pick<Grant, 'api' | 'reason' | 'anchor' | 'needsPerson'>,
  { correlationId }: Call,
  exchange: () => Bounds,
): Promise<Record<string, unknown>> {
  const { http, telemetry } = protocolOf(context)
  const body = new URLSearchParams()
  // A password may be empty; anything else that is would be a parameter without a meaning.
  for (const [name, value] of Object.entries(fields)) if (value || (value === '' && name === 'password')) body.set(name, value)
  const headers: Record<string, string> = { accept: 'application/json' }
  if (isServer()) Object.assign(headers, clientHeaders(context, grant, correlationId))
  const answer = await sendThrottled(http, { method: 'POST', url, headers, body, ...exchange() }, context.authentication ? 5_000 : 60_000)
  const throttled = answer.status === 429 || (answer.replayed && answer.status !== 400)
  const json = throttled ? (parseRecord(answer.body) ?? toRecord({ error: 'temporarily_unavailable' })) : parseJson(answer, correlationId)
  if (answer.status === 200 && !('error' in json)) {
    telemetry.answered(grant.api, correlationId)
    context.hits = 0
    return json
  }
  if (!throttled && !('error' in json)) parseJson({ ...answer, body: '' }, correlationId)
  const error = oauthError(json, {
    status: answer.status,
    throttled,
    retryAfter: retryAfter(answer.headers),
    grantNeedsPerson: grant.needsPerson,
    secrets: secretFields.flatMap((name) => body.get(name) ?? []),
    correlationId,
  })
  telemetry.answered(grant.api, correlationId, error.error)
  throw error
}

function clientHeaders(
  context: ClientContext,
  { api, reason = 0, anchor }: Pick<Grant, 'api' | 'reason' | 'anchor'>,
  correlationId: string,
): Record<string, string> {
  const { appName, appVersion } = context.options
  const headers = {
    'x-client-sku': 'msal-isomorphic',
    'x-client-ver': version,
    'x-client-os': osName(),
    'x-ms-lib-capability': 'retry-after, h429',
    'x-app-name': appName,
    'x-app-ver': appVersion,
    'client-request-id': correlationId,
    'x-anchormailbox': anchor,
    ...protocolOf(context).telemetry.headers(context.hits, api, reason),
  }
  // What HTTP cannot carry, a name in Cyrillic for instance, must not fail the request.
  return Object.fromEntries(Object.entries(headers).filter((entry): entry is [string, string] => /^[ -~]+$/.test(entry[1] ?? '')))
}

/** A fresh outcome in the form that a cached token has. */
export function freshToken({ entities, scopes }: TokenOutcome): CachedToken {
  const { AccessToken, IdToken, Account } = entities
  return {
    entity: AccessToken,
    scopes,
    expiresOn: seconds(AccessToken, 'expires_on')!,
    refreshOn: seconds(AccessToken, 'refresh_on'),
    cachedAt: seconds(AccessToken, 'cached_at')!,
    idToken: IdToken,
    account: Account,
  }
}
