import { contextOf } from '../core/client/context.ts'
import type { PublicClientApplication } from '../core/client/public-client-application.ts'
import { ClientAuthError } from '../core/errors.ts'
import type { AuthCodeFlow, UserResult } from '../core/types.ts'
import { announce, captureAnswer, dropAnswer } from './answer.ts'
import { dropFlow, findFlow, keepFlow, parkedFlow } from './kept-flows.ts'

/** Leaves the page for the provider. Comes to an end only if the person comes back to this very page, which the browser has kept alive. */
export function leave(url: string, flow: AuthCodeFlow): { back: Promise<never>; forget(): void } {
  keepFlow({ flow, page: location.href })
  let forget = () => {}
  const back = new Promise<never>((_, reject) => {
    const comeBack = ({ persisted }: PageTransitionEvent) =>
      persisted && reject(new ClientAuthError('user_cancelled', 'The person came back without having signed in.'))
    addEventListener('pageshow', comeBack)
    forget = () => {
      removeEventListener('pageshow', comeBack)
      dropFlow(flow.state)
    }
  })
  location.assign(url)
  return { back, forget }
}

/** Whether the page's answer could be handed to another page, once that is known. */
let handing: Promise<boolean> | undefined

/** For a window that is about to go. */
const never = () => new Promise<never>(() => {})

/** Finishes the sign-in of this client that an answer belongs to. */
export async function comeBack(app: PublicClientApplication): Promise<UserResult | null> {
  const { clientId, authority } = contextOf(app)
  const isOurs = ({ flow }: { flow: AuthCodeFlow }) => flow.clientId === clientId && flow.authority === authority.url
  const answer = captureAnswer()
  const begun = answer && findFlow(answer.state)
  // That is for another client of this page to ask for.
  if (begun && !isOurs(begun)) return null
  dropAnswer()
  if (answer && !begun) handing = announce(answer)
  if (handing) {
    // No client of this page may go on while the window is about to close.
    if (!(await handing)) throw new ClientAuthError('flow_unknown', 'The answer belongs to no sign-in that began in this tab.')
    window.close()
    return never()
  }
  const kept = begun ?? parkedFlow((parked) => isOurs(parked) && isHere(parked.page))
  if (!kept) return null
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
