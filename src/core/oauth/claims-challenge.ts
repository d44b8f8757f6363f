import { decodeBase64UrlText } from '../util/base64url.ts'
import { parseRecord } from '../util/record.ts'

// A name, and a token or a quoted string. Other names and strings are passed over as a whole: what they hold is no parameter, and nothing is
// looked at twice, however long it is.
const parameters = /"(?:[^"\\]|\\.)*\\?(?:"|$)|([\w!#$%&'*+.^`|~-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)\\?(?:"|$)|([^\s",]+)))?/gs

/**
 * The claims challenge of an API's `WWW-Authenticate` header, as the `claimsChallenge` option wants it; null where the header holds none.
 * (RFC 9110 section 11.6.1; the Microsoft identity platform sends the claims as base64.)
 *
 * @param headers a response's headers, or the header's text, which is null where there is none
 * @example
 * ```ts
 * const response = await fetch(api, { headers: { authorization: `Bearer ${accessToken}` } })
 * const claimsChallenge = response.status === 401 ? parseClaimsChallenge(response.headers) : null
 * if (claimsChallenge) await app.acquireTokenInteractive({ scopes, claimsChallenge })
 * ```
 */
export function parseClaimsChallenge(headers: Headers | string | null | undefined): string | null {
  const header = typeof headers === 'string' ? headers : headers?.get?.('www-authenticate')
  if (typeof header !== 'string') return null
  for (const [, name, quoted, token] of header.slice(0, 16_384).matchAll(parameters)) {
    const value = quoted?.replace(/\\(.)/gs, '$1') ?? token
    if (value === undefined || name!.toLowerCase() !== 'claims') continue
    for (const text of [value, decoded(value)]) if (text !== undefined && parseRecord(text)) return text
  }
  return null
}

function decoded(value: string): string | undefined {
  try {
    return decodeBase64UrlText(value)
  } catch {
    return undefined
  }
}
