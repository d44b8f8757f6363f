import { ClientConfigurationError } from '../core/errors.ts'

/** Refuses to go on where nobody could be shown anything: on a server, in a worker, on a page without WebCrypto (plain `http:`). */
export function needPage(): void {
  if (typeof document === 'undefined' || !globalThis.crypto?.subtle)
    throw new ClientConfigurationError('environment_unsupported', 'This needs a page in a browser, over https.')
}

/** The redirect URI of a sign-in that begins here. Default: this page, without what changes from visit to visit. */
export function redirectUriOf(given: string | undefined): string {
  needPage()
  const { href, origin, pathname } = location
  const uri = given ?? origin + pathname
  const whole = URL.canParse(uri, href) ? new URL(uri, href).href : ''
  if (!whole.startsWith(`${origin}/`)) throw new ClientConfigurationError('invalid_argument', "redirectUri must be of this page's origin.")
  // It is registered as a text, so one that is whole stays as it is.
  return URL.canParse(uri) ? uri : whole
}
