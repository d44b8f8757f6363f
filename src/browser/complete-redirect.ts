import { contextOf } from '../core/client/context.ts'
import type { PublicClientApplication } from '../core/client/public-client-application.ts'
import { ClientAuthError } from '../core/errors.ts'
import type { AuthCodeFlow, UserResult } from '../core/types.ts'
import { guarded } from '../core/util/guarded.ts'
import { announce, takeAnswer } from './answer.ts'
import { dropFlow, findFlow, keepFlow, parkedFlow } from './flows.ts'
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
 * render(result?.account ?? account)
 * ```
 */
export function completeRedirect(app: PublicClientApplication): Promise<UserResult | null> {
  const completion = completions.get(app) ?? guarded(() => complete(app))
  completions.set(app, completion)
  return completion
}

/** For a window that is about to go. */
const never = () => new Promise<never>(() => {})

async function complete(app: PublicClientApplication): Promise<UserResult | null> {
  needPage()
  const { clientId, authority } = contextOf(app)
  const isOurs = ({ flow }: { flow: AuthCodeFlow }) => flow.clientId === clientId && flow.authority === authority.url
  const answer = takeAnswer(({ state }) => {
    const kept = findFlow(state)
    return !kept || isOurs(kept)
  })
  const kept = answer ? findFlow(answer.state) : parkedFlow((parked) => isOurs(parked) && isHere(parked.page))
  if (!kept) {
    if (!answer) return null
    if (!(await announce(answer))) throw new ClientAuthError('flow_unknown', 'The answer belongs to no sign-in that began in this tab.')
    window.close()
    return never()
  }
  const { flow, page, response = answer!.url } = kept
  if (!isHere(page)) {
    keepFlow({ flow, page, response })
    location.replace(page)
    return never()
  }
  // Used up, whatever becomes of it.
  dropFlow(flow.state)
  history.replaceState(history.state, '', page)
  return app.acquireTokenByAuthCodeFlow({ flow, response })
}

const isHere = (page: string) => new URL(page).pathname === location.pathname
