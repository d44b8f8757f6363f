import type { Authority } from '../authority/authority.ts'
import { expectedIssuer, type Metadata } from '../authority/metadata.ts'
import { type Entity, seconds } from '../cache/entities.ts'
import type { CachedToken } from '../cache/partition.ts'
import { type ClientTokenEvent, readTokenEvent, type TokenOutcome } from '../cache/token-event.ts'
import { isAuthError } from '../errors.ts'
import type { Grant } from '../grants/grant.ts'
import type { Bounds } from '../http/deadline.ts'
import { parseJson } from '../http/http-client.ts'
import { retryAfter } from '../http/retry-after.ts'
import { sendThrottled } from '../http/throttle.ts'
import type { IdTokenExpectations } from '../oauth/id-token.ts'
import { oauthError } from '../oauth/oauth-error.ts'
import { isServer, osName } from '../platform.ts'
import { loaded } from '../util/loaded.ts'
import { parseRecord, toRecord } from '../util/record.ts'
import type { Call, ClientContext } from './context.ts'
import { withQuery } from './extra-parameters.ts'
import { type Protocol, protocolOf } from './protocol.ts'
import { version } from './version.ts'

/** How an answer is judged and filed. */
export interface Filing {
  /** Whose tokens are renewed, and with which refresh token. */
  homeAccountId?: string
  heldToken?: Entity
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
  { expectations, inspect, ...owner }: Filing = {},
): Promise<TokenOutcome> {
  const protocol = protocolOf(context)
  const metadata = await protocol.metadataOf(authority, exchange)
  const event: ClientTokenEvent = {
    clientId: context.clientId,
    scopes: grant.scopes,
    tokenEndpoint: metadata.tokenEndpoint,
    environment: authority.host,
    authority: authority.url,
    response: await requestToken(context, protocol, metadata, grant, call, exchange),
    grantType: grant.type,
    data: call.options.extraBodyParameters ?? {},
    ...owner,
  }
  const outcome = readTokenEvent(event, { issuer: ({ tid }) => expectedIssuer(metadata, tid), ...expectations })
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

/** Posts a grant to the token endpoint and gives its JSON, or throws the error that it holds. */
async function requestToken(
  context: ClientContext,
  { http, telemetry }: Protocol,
  metadata: Metadata,
  grant: Grant,
  { options, correlationId }: Call,
  exchange: () => Bounds,
): Promise<Record<string, unknown>> {
  const { clientId, authentication } = context
  const { tokenEndpoint } = metadata
  const fields = {
    client_id: clientId,
    grant_type: grant.type,
    client_info: '1',
    ...(await authentication?.authenticate({
      audience: metadata.authority.kind === 'oidc' ? metadata.issuer : tokenEndpoint,
      tokenEndpoint,
      adfs: metadata.authority.kind === 'adfs',
    })),
    ...grant.fields,
    ...options.extraBodyParameters,
  }
  const body = new URLSearchParams()
  for (const [name, value] of Object.entries(fields)) if (value) body.set(name, value)
  const headers: Record<string, string> = { accept: 'application/json' }
  if (isServer())
    Object.assign(headers, clientHeaders(context, grant, correlationId), telemetry.headers(context.hits, grant.api, grant.reason ?? 0))
  const url = withQuery(tokenEndpoint, options.extraQueryParameters)
  const answer = await sendThrottled(http, { method: 'POST', url, headers, body, ...exchange() }, authentication ? 5_000 : 60_000)
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

function clientHeaders({ options }: ClientContext, grant: Grant, correlationId: string): Record<string, string> {
  const os = osName()
  return {
    'x-client-sku': 'msal-isomorphic',
    'x-client-ver': version,
    ...(os && { 'x-client-os': os }),
    'x-ms-lib-capability': 'retry-after, h429',
    ...(options.appName && { 'x-app-name': options.appName }),
    ...(options.appVersion && { 'x-app-ver': options.appVersion }),
    'client-request-id': correlationId,
    ...(grant.anchor && { 'x-anchormailbox': grant.anchor }),
  }
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
