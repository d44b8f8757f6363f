import { isLoopback } from '../authority/authority.ts'
import { endpoint } from '../authority/metadata.ts'
import { accountInfo } from '../cache/account.ts'
import { ClientAuthError, ClientConfigurationError, isAuthError, ServerError } from '../errors.ts'
import { type DeviceFlow, deviceCodeGrant, readDeviceAuthorization } from '../grants/device-code.ts'
import { mergeClaims } from '../oauth/claims-parameter.ts'
import { decorate } from '../oauth/requested-scopes.ts'
import { checkScopes } from '../oauth/scopes.ts'
import type { DeviceFlowOptions, InitiateDeviceFlowOptions } from '../options.ts'
import type { DeviceCodeFlow, UserResult } from '../types.ts'
import { aborted } from '../util/aborted.ts'
import { onAbort } from '../util/on-abort.ts'
import { tagged } from '../util/tagged.ts'
import { checkCall } from './check-call.ts'
import type { Call, ClientContext } from './context.ts'
import { protocolOf } from './protocol.ts'
import { postForm, withQuery } from './token-request.ts'
import { userResult } from './user-result.ts'
import { freshToken, obtainTokens } from './user-tokens.ts'

/** Milliseconds between looks at the flow, which its holder may end at any time. */
const step = 500
const longestPause = 60_000

export async function beginDeviceFlow(context: ClientContext, options: InitiateDeviceFlowOptions, call: Call): Promise<DeviceCodeFlow> {
  checkCall(options)
  const scopes = checkScopes(options.scopes, { empty: true })
  const { authority, clientId } = context
  const { document } = await protocolOf(context).metadataOf(authority, call)
  const asked = decorate(scopes, context.options.excludeScopes)
  const url = withQuery(endpoint(authority, document, 'device_authorization_endpoint'), call.options.extraQueryParameters)
  const fields = { client_id: clientId, scope: asked.join(' '), ...call.options.extraBodyParameters }
  const json = await postForm(context, url, fields, { api: 622 }, call, () => call)
  const loopback = isLoopback(new URL(authority.url).hostname)
  const request = { clientId, authority: authority.url, scopes: asked, loopback }
  return tagged(call.correlationId, () => readDeviceAuthorization(json, request))
}

/** Asks for the token until the person has signed in or the code is over (RFC 8628 section 3.5). */
export async function pollDeviceFlow(context: ClientContext, options: DeviceFlowOptions, call: Call): Promise<UserResult> {
  const { correlationId } = call
  checkCall(options)
  const flow = tagged(correlationId, () => checkFlow(context, options.flow))
  const grant = deviceCodeGrant(flow, mergeClaims(options.claimsChallenge, context.options.clientCapabilities))
  // A flow that was kept elsewhere may have lost its interval; a missing one must not become a busy loop.
  let interval = Number.isFinite(flow.interval) && flow.interval > 0 ? flow.interval : 5_000
  let pause = interval
  for (;;) {
    await waitFor(flow, pause, call)
    try {
      const outcome = await obtainTokens(context, context.authority, grant, call, () => call)
      const { Account } = outcome.entities
      return userResult(freshToken(outcome), accountInfo(Account!), 'identity_provider', correlationId)
    } catch (error) {
      if (!isAuthError(error)) throw error
      const said = error instanceof ServerError ? error.error : ''
      if (said === 'expired_token' || said === 'code_expired') throw expired(correlationId)
      if (said === 'authorization_pending' || said === 'slow_down') {
        if (said === 'slow_down') interval += 5_000
        // The flow remembers, unless it is frozen, so that another process goes on as slowly.
        Reflect.set(flow, 'interval', interval)
        pause = interval
      } else if (error.action === 'retry') {
        const { retryAfter } = error as { retryAfter?: number }
        pause = Math.max(retryAfter ?? Math.min(pause * 2, longestPause), interval)
      } else {
        throw error
      }
    }
  }
}

function checkFlow({ clientId, authority }: ClientContext, given: DeviceCodeFlow): DeviceFlow {
  const flow = given as DeviceFlow
  if (typeof flow?.deviceCode !== 'string' || !flow.deviceCode || !Array.isArray(flow.scopes)) {
    throw new ClientConfigurationError('invalid_argument', 'flow must be what initiateDeviceFlow resolved to.')
  }
  if (flow.clientId !== clientId || flow.authority !== authority.url) {
    throw new ClientAuthError('flow_unknown', 'The sign-in was begun by another client or at another authority.')
  }
  return flow
}

/** Waits in short steps, because setting `expiresAt` to 0 ends the wait; by a clock that nobody sets. */
async function waitFor(flow: DeviceFlow, pause: number, { signal, correlationId }: Call): Promise<void> {
  const end = performance.now() + pause
  for (;;) {
    const life = flow.expiresAt - Date.now()
    if (!(life > 0)) throw expired(correlationId)
    const left = end - performance.now()
    if (left <= 0) return
    await sleep(Math.min(left, life, step), signal)
    if (signal?.aborted) throw aborted({ signal, correlationId })
  }
}

/** Resolves after the time, or as soon as the signal is aborted. */
function sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      forget?.()
      resolve()
    }
    // First what may throw: a timer that is left behind would have nobody to tell.
    const forget = signal != null ? onAbort(signal, done) : undefined
    const timer = setTimeout(done, milliseconds)
  })
}

const expired = (correlationId: string) =>
  new ClientAuthError('flow_expired', 'The code is over; begin the sign-in again.', { correlationId })
