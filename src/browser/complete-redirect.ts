import { contextOf } from '../core/client/context.ts'
import type { PublicClientApplication } from '../core/client/public-client-application.ts'
import type { UserResult } from '../core/types.ts'
import { invalid } from '../core/util/check-options.ts'
import { guarded } from '../core/util/guarded.ts'
import { loaded } from '../core/util/loaded.ts'
import { captureAnswer } from './answer.ts'
import { keptKeys } from './kept-keys.ts'
import { needPage } from './page.ts'

const completions = /* @__PURE__ */ new WeakMap<PublicClientApplication, Promise<UserResult | null>>()

/**
 * Finishes a sign-in that left the page by {@link redirect}; null where none is under way. Call it on load, before a router reads the
 * address: on the redirect page and on every page that begins sign-ins. Called again, it returns the same promise.
 *
 * The answer leaves the address bar and the history at once. The person is back on the page that they left, with its query and fragment:
 * where the redirect page is another one, that page is loaded, and the promise resolves there. On a page that a popup or a hidden frame
 * came back to, the answer is handed to the page that waits for it; then the promise never resolves, and the window closes.
 *
 * @throws ClientAuthError `flow_unknown`: the answer belongs to no sign-in of this tab, or has been used before; and as
 * `acquireTokenByAuthCodeFlow` does
 * @example
 * ```ts
 * const result = await completeRedirect(app)
 * const [account] = await app.getAccounts()
 * show(result?.account ?? account)
 * ```
 */
export function completeRedirect(app: PublicClientApplication): Promise<UserResult | null> {
  if (!contextOf(app)) return Promise.reject(invalid('A client is needed.'))
  const completion = completions.get(app) ?? guarded(() => complete(app))
  completions.set(app, completion)
  return completion
}

async function complete(app: PublicClientApplication): Promise<UserResult | null> {
  needPage()
  if (!captureAnswer() && !keptKeys().length) return null
  const { comeBack } = await loaded(import('./redirect-flow.ts'))
  return comeBack(app)
}
