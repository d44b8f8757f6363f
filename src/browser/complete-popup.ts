import { announce, captureAnswer, dropAnswer } from './answer.ts'
import { needPage } from './page.ts'

/**
 * Hands the provider's answer to the page that opened this one, and closes this one. Call it on the redirect page of
 * a popup or a hidden frame; that page needs nothing else. Where there is no answer in the address, nothing happens.
 *
 * The answer goes over a `BroadcastChannel`, so it arrives under `Cross-Origin-Opener-Policy: same-origin` too, and it leaves the address
 * bar at once.
 *
 * @throws ClientConfigurationError `environment_unsupported`: there is no page here
 * @example
 * ```ts
 * import { completePopup } from 'msal-isomorphic/browser'
 * completePopup()
 * ```
 */
export function completePopup(): void {
  needPage()
  const answer = captureAnswer()
  dropAnswer()
  if (answer) announce(answer).finally(() => window.close())
}
