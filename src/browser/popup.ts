import { ClientAuthError } from '../core/errors.ts'
import type { Interaction } from '../core/ports.ts'
import { loaded } from '../core/util/loaded.ts'
import { redirectUriOf } from './page.ts'

/** How large a popup is. */
interface Size {
  width?: number | undefined
  height?: number | undefined
}

/** Options of {@link popup}. */
export interface PopupOptions {
  /** A page of this origin, which calls `completePopup()` or `completeRedirect(app)`. Default: the current page without query and fragment. */
  redirectUri?: string | undefined
  /** CSS pixels. Default 480. */
  width?: number | undefined
  /** CSS pixels. Default 640. */
  height?: number | undefined
}

/**
 * Signs people in with a small window, which opens inside their click: call `acquireTokenInteractive` first thing in the handler.
 *
 * The provider sends the window back to `redirectUri`, where `completePopup()` or, if it is the application's own page,
 * `completeRedirect(app)` hands the answer over and closes it. This works under `Cross-Origin-Opener-Policy: same-origin` too.
 *
 * A sign-in rejects with `ClientAuthError` `popup_blocked` where the browser opens no window, and `user_cancelled` within two seconds after
 * the person has closed it and is back on this page. Where the provider's page or this one has a `Cross-Origin-Opener-Policy`, a window
 * that is open looks closed, so closing it cannot be noticed: pass `timeout` or `signal`, or begin again. A sign-in that begins while
 * another is under way ends the other with `user_cancelled` if its window looks closed, and leaves it alone otherwise.
 *
 * A page in a frame of another site gets no answer from a popup, for browsers keep the channels of sites apart.
 *
 * @example
 * ```ts
 * const app = new PublicClientApplication({ clientId, interaction: popup({ redirectUri: '/signed-in.html' }) })
 * button.onclick = async () => show(await app.acquireTokenInteractive({ scopes: ['User.Read'] }))
 * ```
 */
export function popup({ redirectUri, width, height }: PopupOptions = {}): Interaction {
  const waiting = new Set<() => void>()
  return {
    responseModes: ['fragment', 'query'],
    begin() {
      const returnTo = redirectUriOf(redirectUri)
      for (const giveWay of waiting) giveWay()
      const opened = openPopup({ width, height })
      if (!opened) throw new ClientAuthError('popup_blocked', 'The browser blocked the popup.')
      return {
        redirectUri: returnTo,
        async authorize({ url, flow, signal }) {
          const { answerFrom } = await loaded(import('./popup-window.ts'))
          return answerFrom(opened, { url, state: flow.state, signal, waiting })
        },
        close: () => opened.close(),
      }
    },
  }
}

/** Opens an empty window in the middle of this one; null where the browser does not let it. */
export function openPopup({ width = 480, height = 640 }: Size): Window | null {
  const left = Math.round(screenX + (outerWidth - width) / 2)
  const top = Math.round(screenY + (outerHeight - height) / 2)
  const opened = window.open('about:blank', '_blank', `popup,width=${width},height=${height},left=${left},top=${top}`)
  return opened?.closed ? null : opened
}
