import { ClientConfigurationError } from '../core/errors.ts'
import type { Interaction } from '../core/ports.ts'
import { loaded } from '../core/util/loaded.ts'
import { redirectUriOf } from './page.ts'

/** Options of {@link silentFrame}. */
export interface SilentFrameOptions {
  /** A page of this origin; best one that only calls `completePopup()`. Default: the current page without query and fragment. */
  redirectUri?: string | undefined
  /** Milliseconds that the provider is given. Default 10 000. */
  timeout?: number | undefined
}

/**
 * Signs a person in without showing anything, where the provider still knows them: a hidden frame with `prompt=none` (OpenID Connect Core
 * 3.1.2.1). As `silentInteraction` of a client, it helps `acquireTokenSilent` out once the refresh token is gone.
 *
 * It rejects with `InteractionRequiredAuthError` where the provider wants the person, also because the browser keeps its cookies from a
 * frame, which is usual where the provider is of another site; and with `ClientAuthError` `interaction_timed_out` where no answer comes:
 * the provider, or its `X-Frame-Options`, refuses the frame.
 *
 * @throws ClientConfigurationError `invalid_argument` for a timeout that is none
 * @example
 * ```ts
 * const app = new PublicClientApplication({ clientId, interaction: popup(), silentInteraction: silentFrame({ redirectUri: '/signed-in.html' }) })
 * const result = await app.acquireTokenSilent({ scopes, account })
 * ```
 */
export function silentFrame({ redirectUri, timeout = 10_000 }: SilentFrameOptions = {}): Interaction {
  if (typeof timeout !== 'number' || !(timeout > 0))
    throw new ClientConfigurationError('invalid_argument', 'timeout must be a positive number.')
  return {
    responseModes: ['fragment', 'query'],
    begin() {
      return {
        redirectUri: redirectUriOf(redirectUri),
        async authorize({ url, flow, signal }) {
          const { answerFromFrame } = await loaded(import('./hidden-frame.ts'))
          return answerFromFrame(url, flow.state, timeout, signal)
        },
        close() {},
      }
    },
  }
}
