import { ClientAuthError } from '../errors.ts'
import type { InitiateAuthCodeFlowOptions } from '../options.ts'
import type { InteractionSession, ResponseMode } from '../ports.ts'
import type { AuthCodeFlow, UserResult } from '../types.ts'
import { aborted } from '../util/aborted.ts'
import { onAbort } from '../util/on-abort.ts'
import { beginSignIn, completeSignIn, pickResponseMode } from './auth-code.ts'
import type { Call, ClientContext } from './context.ts'

/** A sign-in page that has been opened. */
export interface Opened {
  session: InteractionSession
  responseModes: readonly ResponseMode[]
  /** Milliseconds that the person is given; no limit where there is none. */
  timeout: number | undefined
  /** Aborted when the sign-in is over, however it went. */
  signal: AbortSignal
}

/** Shows the person the authorization request, waits for the answer and redeems it. */
export async function interact(
  context: ClientContext,
  request: InitiateAuthCodeFlowOptions,
  call: Call,
  opened: Opened,
): Promise<UserResult> {
  const [flow, answer] = await ask(context, request, call, opened)
  return completeSignIn(context, flow, answer, call, { api: 169 })
}

/** Shows the person the authorization request and waits for the answer, which is that of the flow. */
export function ask(
  context: ClientContext,
  request: InitiateAuthCodeFlowOptions,
  call: Call,
  { session, responseModes, timeout, signal }: Opened,
  authority = context.authority,
): Promise<[AuthCodeFlow, Awaited<ReturnType<InteractionSession['authorize']>>]> {
  return within(timeout, call, async () => {
    const redirectUri = await session.redirectUri
    const responseMode = await pickResponseMode(context, responseModes, call, authority)
    const options = { ...request, redirectUri, ...(responseMode !== 'query' && { responseMode }) }
    const flow = await beginSignIn(context, options, call, authority)
    // Nobody may be sent to the page of a sign-in that is over.
    signal.throwIfAborted()
    return [flow, await session.authorize({ url: flow.authUri, flow, signal })]
  })
}

/** Waits for a person: as long as they are given, unless the caller gives up. */
async function within<T>(timeout: number | undefined, { signal, correlationId }: Call, task: () => Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  let forget: (() => void) | undefined
  try {
    return await new Promise<T>((resolve, reject) => {
      const abort = () => reject(aborted({ signal, correlationId }))
      if (signal?.aborted) return abort()
      if (signal != null) forget = onAbort(signal, abort)
      if (timeout !== undefined) {
        const expire = () =>
          reject(new ClientAuthError('interaction_timed_out', `Nobody signed in within ${timeout} ms.`, { correlationId }))
        timer = setTimeout(expire, Math.min(timeout, 0x7fffffff))
      }
      task().then(resolve, reject)
    })
  } finally {
    clearTimeout(timer)
    forget?.()
  }
}
