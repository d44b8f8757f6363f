import type { Interaction } from '../core/ports.ts'
import { loaded } from '../core/util/loaded.ts'
import { redirectUriOf } from './page.ts'

/** Options of {@link redirect}. */
export interface RedirectOptions {
  /** A page of this origin, which calls `completeRedirect(app)`. Default: the current page without query and fragment. */
  redirectUri?: string | undefined
}

/**
 * Signs people in by leaving the page. `acquireTokenInteractive` never resolves then; `completeRedirect(app)` has the result once the person
 * is back on the page that they left, with its query and fragment.
 *
 * What the answer is held against waits in `sessionStorage`, so each tab has its own, for ten minutes at most. A sign-in rejects with
 * `ClientAuthError` `user_cancelled` if the person comes back without an answer to a page that the browser has kept alive, and with
 * `ClientConfigurationError` `environment_unsupported` where `sessionStorage` is refused.
 *
 * @example
 * ```ts
 * const app = new PublicClientApplication({ clientId, interaction: redirect() })
 * const result = await completeRedirect(app)
 * button.onclick = () => app.acquireTokenInteractive({ scopes: ['User.Read'] })
 * ```
 */
export function redirect({ redirectUri }: RedirectOptions = {}): Interaction {
  return {
    responseModes: ['fragment', 'query'],
    begin() {
      let forget = () => {}
      return {
        redirectUri: redirectUriOf(redirectUri),
        async authorize({ url, flow }) {
          const { leave } = await loaded(import('./redirect-flow.ts'))
          const left = leave(url, flow)
          forget = left.forget
          return left.back
        },
        close: () => forget(),
      }
    },
  }
}
