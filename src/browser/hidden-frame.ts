import { ClientAuthError, ClientConfigurationError, NetworkError } from '../core/errors.ts'
import { answers, listen } from './listen.ts'

/** Opens an authorization request in a frame that nobody sees and waits for the answer. */
export async function answerFromFrame(url: string, state: string, timeout: number, signal: AbortSignal): Promise<string> {
  const request = new URL(url)
  if ((request.searchParams.get('prompt') ?? 'none') !== 'none')
    throw new ClientConfigurationError('invalid_argument', 'A hidden frame can ask nobody: its prompt is none.')
  request.searchParams.set('prompt', 'none')
  const frame = document.createElement('iframe')
  frame.hidden = true
  frame.title = 'Sign-in'
  // The provider's scripts and forms run, but cannot lead the page itself away.
  frame.setAttribute('sandbox', 'allow-scripts allow-same-origin allow-forms')
  frame.src = request.href
  let timer: ReturnType<typeof setTimeout> | undefined
  let abort = () => {}
  let deafen = () => {}
  try {
    return await new Promise<string>((resolve, reject) => {
      abort = () => reject(new NetworkError('aborted', 'The sign-in was given up.', { cause: signal.reason }))
      if (signal.aborted) return abort()
      signal.addEventListener('abort', abort)
      const expire = () => reject(new ClientAuthError('interaction_timed_out', `The hidden frame had no answer within ${timeout} ms.`))
      timer = setTimeout(expire, Math.min(timeout, 0x7fffffff))
      deafen = listen(state, resolve)
      // A redirect page without a script will do.
      frame.addEventListener('load', () => {
        const address = addressOf(frame)
        if (answers(address, state)) resolve(address)
      })
      document.body.append(frame)
    })
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
    deafen()
    frame.remove()
  }
}

/** Where a frame is, if that is a page of ours. */
function addressOf(frame: HTMLIFrameElement): string | undefined {
  try {
    return frame.contentWindow?.location.href
  } catch {
    return undefined
  }
}
