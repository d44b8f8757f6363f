import { ClientConfigurationError } from '../core/errors.ts'

/** Refuses to go on where nobody could be shown anything: on a server, in a worker, on a page without WebCrypto (plain `http:`). */
export function needPage(): void {
  if (typeof document === 'undefined' || !globalThis.crypto?.subtle)
    throw new ClientConfigurationError('environment_unsupported', 'This needs a page in a browser, at an https URL or on localhost.')
}

/** The redirect URI of a sign-in that begins here. Default: this page, without what changes from visit to visit. */
export function redirectUriOf(given: string | undefined): string {
  needPage()
  const { href, origin, pathname } = location
  if (given === undefined) return origin + pathname
  // A URL is registered as a text, so one that is whole stays as it is.
  if (!URL.canParse(given, href) || new URL(given, href).origin !== origin)
    throw new ClientConfigurationError('invalid_argument', 'redirectUri must be of the same origin as this page, which hears the answer.')
  return URL.canParse(given) ? given : new URL(given, href).href
}
