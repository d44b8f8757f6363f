import { ClientAuthError, NetworkError } from '../core/errors.ts'
import { listen } from './answer.ts'

/** Milliseconds between two looks at a popup. */
const interval = 100
/** How many looks in a row must find it closed: an answer may be on its way still. */
const enough = 8

interface Wait {
  url: string
  state: string
  signal: AbortSignal
  /** How the other sign-ins that wait are asked to give way. */
  waiting: Set<() => void>
}

/**
 * Sends a popup to the provider and waits for the answer.
 *
 * Whether the popup has been closed is known for as long as its `closed` can be believed. A page with a `Cross-Origin-Opener-Policy` makes
 * it true for a window that is open, from the moment that the page appears. So a popup counts as closed
 *
 * 1. before it has been sent anywhere, at once;
 * 2. afterwards only if a page of another origin has been seen in it while it was open, which shows that the tie held, and only while this
 *    page has the focus: a tie that is cut later, by a second page, leaves the focus in the popup;
 * 3. without either, when the person begins another sign-in.
 */
export function answerFrom(popup: Window, { url, state, signal, waiting }: Wait): Promise<string> {
  const ends: (() => void)[] = []
  const answer = new Promise<string>((resolve, reject) => {
    const cancel = () => reject(new ClientAuthError('user_cancelled', 'The popup was closed before the sign-in was done.'))
    if (popup.closed) return cancel()
    const abort = () => reject(new NetworkError('aborted', 'The sign-in was given up.', { cause: signal.reason }))
    signal.addEventListener('abort', abort)
    const giveWay = () => popup.closed && cancel()
    waiting.add(giveWay)
    let tied = false
    let looks = 0
    const timer = setInterval(() => {
      looks = popup.closed && tied && document.hasFocus() ? looks + 1 : 0
      tied ||= !popup.closed && isForeign(popup)
      if (looks === enough) cancel()
    }, interval)
    ends.push(
      () => clearInterval(timer),
      () => waiting.delete(giveWay),
      () => signal.removeEventListener('abort', abort),
      listen(state, resolve),
    )
    popup.location.replace(url)
  })
  return answer.finally(() => {
    for (const end of ends) end()
  })
}

/** Whether a window shows a page of another origin. */
function isForeign(popup: Window): boolean {
  try {
    return !popup.location.href
  } catch {
    return true
  }
}
