import { ClientConfigurationError } from '../errors.ts'
import { encodeBase64UrlText } from '../util/base64url-encode.ts'
import type { Grant } from './grant.ts'

/** Who signs in. */
export interface Person {
  username: string
  password: string
}

/** What a company's own server says of a person. */
export interface Assertion {
  /** The signed XML, as it came. */
  assertion: string
  /** Names the SAML version. */
  grantType: string
}

export function checkPerson({ username, password }: Person): void {
  // A path segment of dots would lead the look-up elsewhere, and half a surrogate pair cannot be sent at all.
  if (typeof username !== 'string' || !username || /^\.\.?$|\p{Surrogate}/u.test(username)) {
    throw new ClientConfigurationError('invalid_argument', 'username is missing or malformed.')
  }
  if (typeof password !== 'string') throw new ClientConfigurationError('invalid_argument', 'password must be a string.')
}

/** RFC 6749 section 4.3. */
export const passwordGrant = ({ username, password }: Person, scopes: readonly string[], claims: string | undefined): Grant => ({
  type: 'password',
  fields: { username, password, scope: scopes.join(' '), claims },
  scopes,
  api: 301,
  // Only a hint for routing, and a header can hold no more than this.
  ...(/^[\x20-\x7e]+$/.test(username) && { anchor: `upn:${username}` }),
})

/** RFC 7522 section 2.1, and the platform's twin of it for SAML 1.1. */
export const assertionGrant = ({ assertion, grantType }: Assertion, scopes: readonly string[], claims: string | undefined): Grant => ({
  type: grantType,
  fields: { assertion: encodeBase64UrlText(assertion), scope: scopes.join(' '), claims },
  scopes,
  api: 301,
})
