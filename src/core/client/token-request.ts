import type { Authority } from '../authority/authority.ts'
import type { Metadata } from '../authority/metadata.ts'
import { addEvent } from '../cache/add.ts'
import { seconds } from '../cache/entities.ts'
import type { CachedToken } from '../cache/partition.ts'
import type { ClientTokenEvent, TokenOutcome } from '../cache/token-event.ts'
import type { Grant } from '../grants/grant.ts'
import type { CredentialFields } from '../oauth/client-assertion.ts'
import { isServer, osName } from '../platform.ts'
import { type Bounds, withDeadline } from '../util/deadline.ts'
import { loaded } from '../util/loaded.ts'
import { parseRecord } from '../util/record.ts'
import { withId } from '../util/with-id.ts'
import type { Call, ClientContext } from './context.ts'
import { protocolOf } from './protocol.ts'
import { version } from './version.ts'

/** What is done with an answer of the token endpoint: it is checked here, and stored afterwards. */
export interface Reading {
  /** Where the request goes, where that is not the authority's token endpoint: one of its regions. */
  endpoint?: string | undefined
  /** What is known beside the answer. */
  known?: Partial<ClientTokenEvent>
  /** Goes on being good where the answer brings no other. */
  refreshToken?: string | undefined
  read(event: ClientTokenEvent, metadata: Metadata): TokenOutcome | Promise<TokenOutcome>
}

/** Gets tokens by a grant: posts it, checks the answer and stores it, in this order. Every error names the request that it is about. */
export async function exchangeGrant(...args: Parameters<typeof obtain>): Promise<TokenOutcome> {
  try {
    return await obtain(...args)
  } catch (error) {
    throw withId(error, args[3].correlationId)
  }
}

async function obtain(
  context: ClientContext,
  authority: Authority,
  grant: Grant,
  call: Call,
  exchange: () => Bounds,
  { endpoint, known, refreshToken, read }: Reading,
): Promise<TokenOutcome> {
  const metadata = await protocolOf(context).metadataOf(authority, exchange)
  const json = await requestToken(context, metadata, endpoint, grant, call, exchange)
  const event: ClientTokenEvent = {
    clientId: context.clientId,
    scopes: grant.scopes,
    tokenEndpoint: metadata.tokenEndpoint,
    environment: authority.host,
    [authority.kind === 'oidc' ? 'realm' : 'authority']: authority.url,
    response: refreshToken && !json.refresh_token ? { ...json, refresh_token: refreshToken } : json,
    grantType: grant.type,
    data: call.options.extraBodyParameters ?? {},
    ...known,
  }
  const outcome = await read(event, metadata)
  context.memory.addEvent = addEvent
  try {
    await context.cache.add({ ...event, homeAccountId: outcome.homeAccountId } as ClientTokenEvent)
  } catch {
    // The next call costs a request then; this one has its token.
    context.log({ level: 'error', message: 'A token could not be stored.', correlationId: call.correlationId })
  }
  return outcome
}

/** Posts a grant to the token endpoint, with what says who the client is. */
async function requestToken(
  context: ClientContext,
  { authority, issuer, tokenEndpoint, document }: Metadata,
  endpoint: string | undefined,
  grant: Grant,
  call: Call,
  exchange: () => Bounds,
): Promise<Record<string, unknown>> {
  const { clientId, authentication } = context
  const audience = authority.kind === 'oidc' ? issuer : tokenEndpoint
  const asked = { audience, tokenEndpoint, adfs: authority.kind === 'adfs' }
  // A function that gives the credential is waited for no longer than a server.
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
  const basic = credentials?.client_secret && wantsBasic(document)
  const headers = basic ? (await loaded(import('../http/basic-authorization.ts'))).takeSecret(fields) : undefined
  return postForm(context, withQuery(endpoint ?? tokenEndpoint, options.extraQueryParameters), fields, grant, call, exchange, headers)
}

/**
 * Whether a provider takes a client's secret in the `Authorization` header and not in the form (OpenID Connect Discovery 3). One that takes
 * both, or does not say, gets it in the form.
 */
function wantsBasic({ token_endpoint_auth_methods_supported: methods }: Record<string, unknown>): boolean {
  return Array.isArray(methods) && methods.includes('client_secret_basic') && !methods.includes('client_secret_post')
}

/** A URL with further parameters. */
export function withQuery(url: string, parameters: Record<string, string> = {}): string {
  const query = new URLSearchParams(parameters).toString()
  return query ? `${url}${url.includes('?') ? '&' : '?'}${query}` : url
}

/** The fields of a form. The client's assertion is made as the form goes out. */
interface Form extends Pick<CredentialFields, 'client_assertion'> {
  [field: string]: string | undefined | CredentialFields['client_assertion']
}

/** Posts a form and gives the JSON of the answer, or throws the error that it holds. */
export async function postForm(
  context: ClientContext,
  url: string,
  { client_assertion: assert, ...fields }: Form,
  grant: Pick<Grant, 'api' | 'reason' | 'anchor' | 'needsPerson'>,
  call: Call,
  exchange: () => Bounds,
  headers?: { authorization: string },
): Promise<Record<string, unknown>> {
  const { http, telemetry } = protocolOf(context)
  const body = new URLSearchParams()
  // A password may be empty; anything else that is would be a parameter without a meaning.
  for (const [name, value] of Object.entries(fields)) if (value || (value === '' && name === 'password')) body.set(name, value as string)
  const sent = { accept: 'application/json', ...headers, ...(isServer() && clientHeaders(context, grant, call)) }
  const request = () => ({ method: 'POST', url, headers: sent, body, ...exchange() }) as const
  // Without a cache nothing has been refused yet.
  let answer = http.cache && (await (await refusals()).recallRefusal(http, request()))
  if (!answer) {
    // A vault that signs, or a function that makes assertions, is asked for what is sent only.
    if (assert) body.set('client_assertion', await withDeadline(exchange(), assert))
    answer = await http.send(request())
  }
  const json = answer.status === 200 && parseRecord(answer.body)
  if (!json || 'error' in json) throw await (await refusals()).refusal(context, request(), answer, grant, call)
  telemetry.answered(grant.api, call.correlationId)
  context.hits = 0
  return json
}

const refusals = () => loaded(import('./refusal.ts'))

function clientHeaders(
  context: ClientContext,
  { api, reason = 0, anchor }: Pick<Grant, 'api' | 'reason' | 'anchor'>,
  { correlationId }: Call,
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
