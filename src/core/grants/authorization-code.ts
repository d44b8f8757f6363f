import { isIssuer } from '../authority/issuer.ts'
import type { Metadata } from '../authority/metadata.ts'
import { ClientAuthError, ClientConfigurationError } from '../errors.ts'
import { checkAuthorizationResponse } from '../oauth/authorization-response.ts'
import { mergeClaims } from '../oauth/claims-parameter.ts'
import { createPkce } from '../oauth/pkce.ts'
import { decorate } from '../oauth/requested-scopes.ts'
import type { InitiateAuthCodeFlowOptions } from '../options.ts'
import type { AuthCodeFlow } from '../types.ts'
import { randomBase64Url, sha256 } from '../util/crypto.ts'

/** What this library keeps in a flow. */
interface Flow extends AuthCodeFlow {
  clientId: string
  authority: string
  issuer: string
  /** The provider promises to name itself in the answer (RFC 9207). */
  issRequired: boolean
  scopes: string[]
  codeVerifier: string
  nonce: string
  redirectUri?: string
  /** Seconds. */
  maxAge?: number
  claimsChallenge?: string
}

const lifetime = 10 * 60 * 1000

/** Makes the authorization request (RFC 6749 section 4.1.1, RFC 7636, OpenID Connect Core 3.1.2.1) and what its answer is held against. */
export async function createAuthCodeFlow(
  metadata: Metadata,
  clientId: string,
  options: InitiateAuthCodeFlowOptions,
  settings: { excludeScopes?: readonly string[] | undefined; clientCapabilities?: readonly string[] | undefined },
): Promise<AuthCodeFlow> {
  const { redirectUri, loginHint, claimsChallenge, responseMode, extraScopesToConsent = [] } = options
  // The answer could not be read.
  if (responseMode !== undefined && !['query', 'fragment', 'form_post'].includes(responseMode))
    throw new ClientConfigurationError('invalid_argument', 'responseMode must be query, fragment or form_post.')
  const state = options.state || randomBase64Url(24)
  const scopes = decorate(options.scopes ?? [], settings.excludeScopes)
  const maxAge = options.maxAge === undefined ? undefined : Math.floor(options.maxAge / 1000)
  const nonce = randomBase64Url(24)
  const { codeVerifier, codeChallenge } = await createPkce()
  const parameters = {
    client_id: clientId,
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: [...new Set([...scopes, ...extraScopesToConsent])].sort().join(' '),
    state,
    code_challenge: codeChallenge,
    code_challenge_method: 'S256',
    nonce: await nonceHash(nonce),
    client_info: '1',
    login_hint: loginHint,
    prompt: options.prompt,
    domain_hint: options.domainHint,
    claims: mergeClaims(claimsChallenge, settings.clientCapabilities),
    max_age: maxAge?.toString(),
    response_mode: responseMode,
    'X-AnchorMailbox': loginHint && `UPN:${loginHint}`,
  }
  const flow: Flow = {
    authUri: authorizeUrl(metadata, parameters, options.extraQueryParameters),
    state,
    expiresAt: Date.now() + lifetime,
    clientId,
    authority: metadata.authority.url,
    issuer: metadata.issuer,
    issRequired: metadata.document.authorization_response_iss_parameter_supported === true,
    scopes,
    codeVerifier,
    nonce,
  }
  if (redirectUri !== undefined) flow.redirectUri = redirectUri
  if (maxAge !== undefined) flow.maxAge = maxAge
  if (claimsChallenge) flow.claimsChallenge = claimsChallenge
  return flow
}

/**
 * An authorization request. The extra parameters come first, so that they are overridden, never the others.
 *
 * @throws {@link ClientConfigurationError} `metadata_invalid`: the provider names the methods of PKCE that it knows, and S256 is none of them
 */
export function authorizeUrl(
  { authorizationEndpoint, document }: Metadata,
  parameters: Record<string, string | undefined>,
  extra: Record<string, string> = {},
): string {
  const methods = document.code_challenge_methods_supported
  if (Array.isArray(methods) && !methods.includes('S256'))
    throw new ClientConfigurationError('metadata_invalid', 'The provider does not support PKCE with S256.')
  const url = new URL(authorizationEndpoint)
  for (const [name, value] of [...Object.entries(extra), ...Object.entries(parameters)]) if (value) url.searchParams.set(name, value)
  return url.href
}

/** Checks an answer against its flow, before anything is sent: the code, or what the provider refused with. */
export function checkAnswer(flow: AuthCodeFlow, parameters: Record<string, string>, clientId: string, authority: string) {
  const { state, codeVerifier, nonce, scopes, issuer, issRequired } = flow as Flow
  const texts = [state, nonce, issuer, codeVerifier]
  if (!texts.every((text) => typeof text === 'string' && text) || codeVerifier.length < 43 || !Array.isArray(scopes)) {
    throw new ClientConfigurationError('invalid_argument', 'flow must be what initiateAuthCodeFlow resolved to.')
  }
  const answer = checkAuthorizationResponse(parameters, { state, isIssuer: (iss) => isIssuer(issuer, iss), issRequired })
  if (flow.clientId !== clientId || flow.authority !== authority) {
    throw new ClientAuthError('flow_unknown', 'The sign-in was begun by another client or at another authority.')
  }
  return answer
}

/** The scopes to redeem the code for: those of the flow, or some of them. */
export function redeemedScopes(
  flow: AuthCodeFlow,
  scopes: readonly string[] | undefined,
  excluded: readonly string[] | undefined,
): string[] {
  const known = (flow as Flow).scopes
  if (!scopes) return known
  const wanted = decorate(scopes, excluded)
  const unknown = wanted.find((scope) => !known.includes(scope))
  if (unknown) throw new ClientAuthError('scope_not_in_flow', `The scope ${unknown} was not asked for when the sign-in began.`)
  return wanted
}

/** The form of the token request (RFC 6749 section 4.1.3) and what its id token is held against. */
export async function redemption(flow: AuthCodeFlow, code: string, scopes: readonly string[], clientCapabilities?: readonly string[]) {
  const { redirectUri, codeVerifier, claimsChallenge, nonce, maxAge, issuer } = flow as Flow
  return {
    issuer,
    fields: {
      code,
      redirect_uri: redirectUri,
      scope: scopes.join(' '),
      code_verifier: codeVerifier,
      claims: mergeClaims(claimsChallenge, clientCapabilities),
    },
    nonce: await nonceHash(nonce),
    maxAge,
  }
}

/** The provider, and whoever reads the URL, sees a hash: only the flow's keeper knows the nonce itself. */
const nonceHash = async (nonce: string): Promise<string> =>
  Array.from(await sha256(nonce), (byte) => byte.toString(16).padStart(2, '0')).join('')
