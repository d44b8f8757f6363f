import type { CachedToken } from '../cache/partition.ts'
import { isAuthError } from '../errors.ts'
import type { Bounds } from '../http/deadline.ts'
import type { TokenResult } from '../types.ts'
import type { Call, ClientContext } from './context.ts'

/** Seconds of life that a token must have left to be handed out. */
const leastLife = 300
/** Milliseconds between tries to renew a token that is still good. */
const renewalPause = 30_000

/** Why a token is asked for, as the provider's telemetry has it. */
export type Reason = 0 | 1 | 2 | 3 | 4

type Source = TokenResult['tokenSource']

/** How one kind of token is found and got. */
export interface Plan<R> {
  /** All that tells this request from another. */
  key: readonly unknown[]
  /** Cached tokens do not count. */
  fresh: boolean
  lookUp(): CachedToken | undefined
  /** What one caller is handed: its own, for several may get the same token. */
  result(token: CachedToken, source: Source): R
  /** Called before a request is made: refuses what only a request would show to be wrong. */
  check(): void
  /** Null where there is nothing to get one with. */
  acquire(reason: Reason, exchange: () => Bounds): Promise<readonly [CachedToken, Source] | null>
}

/**
 * A cached token while it is good; past the time at which the provider wants it renewed, it is handed out all the same and renewed behind.
 * Else a new one, got once for all who ask for it at the same time.
 */
export async function cacheFirst<R>(context: ClientContext, call: Call, plan: Plan<R>): Promise<R | null> {
  const cached = plan.fresh ? undefined : plan.lookUp()
  if (cached && isGood(cached)) {
    context.hits++
    if (cached.refreshOn !== undefined && cached.refreshOn <= Date.now() / 1000) renewBehind(context, call, plan, cached)
    return plan.result(cached, 'cache')
  }
  try {
    const got = await join(context, call, plan, cached ? 3 : plan.fresh ? 1 : 2)
    return got && plan.result(...got)
  } catch (error) {
    // The provider cannot be reached just now: a token that lives for a few more minutes is better than none.
    const later = isAuthError(error) && (error.action === 'retry' || error.code === 'bad_response')
    const late = later && !plan.fresh && plan.lookUp()
    if (!late || late.expiresOn <= Date.now() / 1000) throw error
    return plan.result(late, 'cache')
  }
}

export function isGood({ expiresOn, cachedAt }: CachedToken): boolean {
  const now = Date.now() / 1000
  // Stored in the future: the clock has been set back, and the token's end means nothing.
  return expiresOn - now >= leastLife && cachedAt - leastLife <= now
}

async function join<R>({ flights, pending }: ClientContext, call: Call, { key, fresh, check, acquire }: Plan<R>, reason: Reason) {
  check()
  const { extraQueryParameters, extraBodyParameters } = call.options
  const waitUntil = (work: Promise<unknown>) => {
    pending.add(work)
    work.then(() => pending.delete(work))
    call.waitUntil?.(work)
  }
  const id = JSON.stringify([...key, fresh, extraQueryParameters, extraBodyParameters])
  return flights.join(id, { ...call, waitUntil }, (exchange) => acquire(reason, exchange))
}

const tries = /* @__PURE__ */ new WeakMap<object, number>()

function renewBehind<R>(context: ClientContext, call: Call, plan: Plan<R>, { entity }: CachedToken): void {
  const now = Date.now()
  if ((tries.get(entity) ?? 0) > now - renewalPause) return
  tries.set(entity, now)
  // The caller has its token and may abort or return: neither ends the renewal.
  join(context, { ...call, signal: undefined }, { ...plan, fresh: true }, 4).catch((error: unknown) => {
    const code = isAuthError(error) ? error.code : 'unknown'
    context.log({ level: 'warn', message: 'A token could not be renewed ahead of its end.', code, correlationId: call.correlationId })
  })
}
