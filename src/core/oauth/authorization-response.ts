import { ClientAuthError, ClientConfigurationError, NetworkError } from '../errors.ts'
import type { AuthorizationResponse } from '../ports.ts'
import type { Bounds } from '../util/deadline.ts'
import { isRecord, toRecord } from '../util/record.ts'
import { readFormPost } from './form-post.ts'

const answer = ['state', 'code', 'error', 'access_token', 'id_token']

/** Reads the parameters of an authorization response, whichever way it came. The bounds are those of a form post, which may come slowly. */
export async function readAuthorizationResponse(response: AuthorizationResponse, bounds: Bounds): Promise<Record<string, string>> {
  if (typeof response === 'string') return fromUrl(response)
  if (response instanceof URLSearchParams) return fromEntries(response)
  if (response instanceof FormData) return fromEntries(response)
  if (response instanceof Request) {
    return response.method === 'POST' ? fromEntries(await readFormPost(response, bounds)) : fromUrl(response.url)
  }
  if (response instanceof URL) return fromUrl(response.href)
  if (!isRecord(response)) throw new ClientConfigurationError('invalid_argument', 'response is not an authorization response.')
  if (response.searchParams instanceof URLSearchParams) return fromEntries(response.searchParams)
  return fromEntries(Object.entries(response))
}

function fromUrl(text: string): Record<string, string> {
  // A server may only know the path that was asked for.
  const base = 'http://localhost'
  if (!URL.canParse(text, base)) throw bad('is not a URL')
  const url = new URL(text, base)
  const fragment = new URLSearchParams(url.hash.slice(1))
  const holds = (parameters: URLSearchParams) => answer.some((name) => parameters.has(name))
  if (holds(fragment) && holds(url.searchParams)) throw bad('has both a query and a fragment')
  return fromEntries(holds(fragment) ? fragment : url.searchParams)
}

function fromEntries(entries: Iterable<readonly [string, unknown]>): Record<string, string> {
  const parameters = toRecord({})
  for (const [name, value] of entries) {
    if (typeof value !== 'string' || name in parameters) throw bad(`repeats a parameter, or holds one that is no text`)
    parameters[name] = value
  }
  return parameters as Record<string, string>
}

/**
 * Checks an authorization response and gives the code, or what the provider refused with (RFC 6749 section 4.1.2, RFC 9207).
 * The state comes first: nothing else of an answer to another request may be believed.
 */
export function checkAuthorizationResponse(
  parameters: Record<string, string>,
  expected: { state: string; isIssuer: (iss: string) => boolean; issRequired: boolean },
): string | { error: Record<string, string> } {
  if (!parameters.state || parameters.state !== expected.state) {
    throw new ClientAuthError('state_mismatch', 'The answer does not belong to this sign-in: its state is missing or another.')
  }
  const { iss, code, error } = parameters
  if (iss === undefined ? expected.issRequired : !expected.isIssuer(iss)) {
    throw new ClientAuthError('issuer_mismatch', 'The answer comes from another issuer.')
  }
  if (code && error) throw bad('holds both a code and an error')
  if (parameters.access_token !== undefined || parameters.id_token !== undefined)
    throw bad('holds tokens, which only the token endpoint may give')
  if (code) return code
  if (error) return { error: parameters }
  throw bad('holds neither a code nor an error')
}

const bad = (what: string) => new NetworkError('bad_response', `The authorization response ${what}.`)
