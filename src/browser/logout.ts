import type { PublicClientApplication } from '../core/client/public-client-application.ts'
import type { AccountInfo } from '../core/types.ts'
import { guarded } from '../core/util/guarded.ts'
import { loaded } from '../core/util/loaded.ts'
import { needPage } from './page.ts'
import { openPopup, type PopupOptions } from './popup.ts'

/** Options of {@link logout}. */
export interface LogoutOptions {
  /** Who signs out. Default: everybody who is signed in here. */
  account?: AccountInfo | null | undefined
  /** Where the provider sends the person afterwards, as seen from this page; it has to be registered. Default: nowhere, the provider's page stays. */
  postLogoutRedirectUri?: string | undefined
  /** Shows the provider's page in a popup and not here: `true`, or its size. The page at `postLogoutRedirectUri` calls `completePopup()`. Default false. */
  popup?: boolean | Pick<PopupOptions, 'width' | 'height'> | undefined
}

/**
 * Signs out: first here, then at the provider (OpenID Connect RP-Initiated Logout 1.0). Whatever becomes of the second part, the account
 * has been removed from the cache. At a provider without such a page, that is all.
 *
 * Without `popup`, this page is left and the promise does not resolve. With it, it resolves once the popup is back or closed; where a
 * `Cross-Origin-Opener-Policy` cuts the tie to the popup, that may be a second after it has opened.
 *
 * @throws ClientAuthError `popup_blocked`; NetworkError: the provider's metadata could not be had; ClientConfigurationError
 * `environment_unsupported`: there is no page here. In the first two cases the account has been removed all the same.
 * @example
 * ```ts
 * button.onclick = () => logout(app, { account, postLogoutRedirectUri: '/' })
 * ```
 */
export function logout(app: PublicClientApplication, options: LogoutOptions = {}): Promise<void> {
  return guarded(async () => {
    needPage()
    const { popup } = options
    const opened = popup && openPopup(popup === true ? {} : popup)
    const { signOut } = await loaded(import('./sign-out.ts'))
    await signOut(app, options, opened)
  })
}

/**
 * Removes the accounts whose session at the provider has ended, on the page that the provider loads in a hidden frame for that
 * (OpenID Connect Front-Channel Logout 1.0): those that the parameters `iss` and `sid` name, or everybody's of this client where there are
 * none. Nobody is sent anywhere. A browser that keeps a frame's storage apart shows it no account unless provider and application are of
 * one site.
 *
 * @throws ClientConfigurationError `environment_unsupported`: there is no page here
 * @example
 * ```ts
 * await completeFrontChannelLogout(app)
 * ```
 */
export function completeFrontChannelLogout(app: PublicClientApplication): Promise<void> {
  return guarded(async () => {
    needPage()
    const { endSession } = await loaded(import('./sign-out.ts'))
    await endSession(app, new URLSearchParams(location.search))
  })
}
