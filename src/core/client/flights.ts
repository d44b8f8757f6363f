import type { TokenCache } from '../cache/token-cache.ts'
import { isAuthError } from '../errors.ts'
import { loaded } from '../util/loaded.ts'
import { isGood, outlive, type Plan, type Reason } from './cache-first.ts'
import type { Call, ClientContext } from './context.ts'
import { SingleFlight } from './single-flight.ts'

/** One per token cache: instances that share a cache share its requests. */
const flights = /* @__PURE__ */ new WeakMap<TokenCache, SingleFlight>()

/** A new token, got once for all who ask for it at the same time. */
export async function acquireTogether<R>(context: ClientContext, call: Call, plan: Plan<R>, reason: Reason): Promise<R | null> {
  // While this part was loading, somebody else may have got the token.
  const cached = plan.fresh ? undefined : plan.lookUp()
  if (cached && isGood(cached)) return plan.result(cached, 'cache')
  try {
    const got = await join(context, call, plan, reason)
    return got && plan.result(...got)
  } catch (error) {
    // The provider cannot be reached just now: a token that lives for a few more minutes is better than none.
    const later = isAuthError(error) && (error.action === 'retry' || error.code === 'bad_response')
    const late = later && !plan.fresh && plan.lookUp()
    if (!late || late.expiresOn <= Date.now() / 1000) throw error
    return plan.result(late, 'cache')
  }
}

/** Renews a token that is still good. Nobody waits for it, so nobody's abort ends it and nobody hears of a failure. */
export async function renew<R>(context: ClientContext, call: Call, plan: Plan<R>): Promise<void> {
  try {
    plan.check()
    await join(context, { ...call, signal: undefined, waitUntil: undefined }, { ...plan, fresh: true }, 4)
  } catch (error) {
    const code = isAuthError(error) ? error.code : 'unknown'
    context.log({ level: 'warn', message: 'A token was not renewed ahead of its end.', code, correlationId: call.correlationId })
  }
}

function join<R>(context: ClientContext, call: Call, { key, fresh, owner, lookUp, acquire }: Plan<R>, reason: Reason) {
  const flight = flights.get(context.cache) ?? new SingleFlight()
  flights.set(context.cache, flight)
  const { extraQueryParameters, extraBodyParameters } = call.options
  const id = JSON.stringify([...key, fresh, extraQueryParameters, extraBodyParameters])
  const waitUntil = (work: Promise<unknown>) => outlive(context, call, work)
  return flight.join(id, { ...call, waitUntil }, async (exchange) => {
    if (!owner || !context.memory.level) return acquire(reason, exchange)
    const { inTurn, leftBehind } = await loaded(import('./turns.ts'))
    return inTurn(context.memory, owner, async () => {
      const got = leftBehind(reason, lookUp)
      return got ? ([got, 'cache'] as const) : acquire(reason, exchange)
    })
  })
}
