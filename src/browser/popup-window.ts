import { ClientAuthError, NetworkError } from '../core/errors.ts'
import { listen } from './listen.ts'

/** Milliseconds between two looks at a popup. */
const interval = 25
/** How many looks must find the provider's page in an open popup: while a tie is being cut, one may. */
const surelyTied = 3
/** How many looks in a row must find the popup closed: the answer may be on its way still. */
const surelyClosed = 32

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
 * A page with a `Cross-Origin-Opener-Policy` cuts the tie to its opener: `closed` is true from then on, though the popup is open. So
 *
 * 1. before it has been sent anywhere, `closed` is believed;
 * 2. afterwards only if the provider's page has been seen in the popup while it was open, which shows that the tie held, or if the popup
 *    still is at our own page; and only while this page has the focus, for a tie that is cut later leaves the focus in the popup;
 * 3. otherwise nobody can tell. The sign-in ends with an answer, by its caller, or when the person begins another one.
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
    let tied = 0
    let closed = 0
    const timer = setInterval(() => {
      const foreign = isForeign(popup)
      if (!popup.closed && foreign) tied++
      closed = popup.closed && (tied >= surelyTied || !foreign) && document.hasFocus() ? closed + 1 : 0
      if (closed === surelyClosed) cancel()
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
