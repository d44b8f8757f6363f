import { isAuthError } from 'msal-isomorphic'
import { element, found } from './element.ts'

/** What a person can do about an error: its `action`. */
const advice = {
  retry: 'Try again in a moment.',
  interact: 'Sign in again.',
  reconfigure: 'The configuration of the application is wrong.',
  report: 'Trying again will not help; the code says what to look up.',
}

/** Milliseconds that good news stay. */
const patience = 8000

/** The bar at the bottom: what is under way, what has come of it. */
export function createNotice() {
  const bar = found('notice', HTMLElement)
  const status = found('notice-status', HTMLElement)
  const alert = found('notice-alert', HTMLElement)
  const cancel = found('cancel', HTMLButtonElement)
  const dismiss = found('dismiss', HTMLButtonElement)
  let abort: AbortController | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  cancel.addEventListener('click', () => abort?.abort())
  dismiss.addEventListener('click', hide)
  addEventListener('keydown', ({ key }) => key === 'Escape' && !bar.hidden && (cancel.hidden ? hide() : abort?.abort()))

  function hide(): void {
    bar.hidden = true
  }

  function show(kind: 'waiting' | 'done' | 'failed', ...content: (Node | string)[]): void {
    clearTimeout(timer)
    // It stands in the timeline too.
    if (kind === 'done') timer = setTimeout(hide, patience)
    bar.hidden = false
    bar.dataset.kind = kind
    abort = undefined
    cancel.hidden = true
    dismiss.hidden = kind === 'waiting'
    status.replaceChildren(...(kind === 'failed' ? [] : content))
    alert.replaceChildren(...(kind === 'failed' ? content : []))
  }

  return {
    waiting(text: string, controller: AbortController | undefined): void {
      show('waiting', text)
      abort = controller
      cancel.hidden = !abort
    },
    done: (text: string) => show('done', text),
    failed: ({ text, code }: Failure) => show('failed', text, ...(code ? [' ', element('code', {}, code)] : [])),
  }
}

export interface Failure {
  text: string
  code?: string
  /** The person wanted it so. */
  wanted: boolean
}

/** An error in the words of this page. Messages of the library never hold a secret. */
export function failureOf(error: unknown): Failure {
  if (!isAuthError(error)) return { text: error instanceof Error ? error.message : String(error), wanted: false }
  const { code, action, message } = error
  const declined = 'error' in error && error.error === 'access_denied'
  if (declined || isAuthError(error, 'user_cancelled') || isAuthError(error, 'aborted'))
    return { text: 'You called it off.', code, wanted: true }
  return { text: `${message} ${advice[action]}`, code, wanted: false }
}
