import { ClientConfigurationError } from '../core/errors.ts'

/** The channel on which the page that began a sign-in hears the answer. */
export const channelOf = (state: string): string => `msal-isomorphic ${state}`

/**
 * Hands the provider's answer to the page that opened this one, and closes it. Call it on the redirect page of a popup; where there is no
 * answer in the address, nothing happens.
 *
 * @throws ClientConfigurationError `environment_unsupported`: there is no page here
 * @example
 * ```ts
 * import { completePopup } from 'msal-isomorphic/browser'
 * completePopup()
 * ```
 */
export function completePopup(): void {
  if (typeof location === 'undefined' || typeof window === 'undefined')
    throw new ClientConfigurationError('environment_unsupported', 'completePopup needs a page.')
  const url = new URL(location.href)
  const state = new URLSearchParams(url.hash.slice(1)).get('state') ?? url.searchParams.get('state')
  if (!state) return
  const channel = new BroadcastChannel(channelOf(state))
  channel.postMessage(url.href)
  channel.close()
  window.close()
}
