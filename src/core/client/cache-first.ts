import type { CachedToken } from '../cache/partition.ts'
import type { Owner } from '../cache/partitions.ts'
import type { TokenResult } from '../types.ts'
import type { Bounds } from '../util/deadline.ts'
import { loaded } from '../util/loaded.ts'
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
  /** Whose partition is locked, over a store, while a request is made; absent where `acquire` sees to it. */
  owner?: Owner
  /** Null where there is nothing to get one with. */
  acquire(reason: Reason, exchange: () => Bounds): Promise<readonly [CachedToken, Source] | null>
}

const flights = async (context: ClientContext) => context.flights ?? loaded(import('./requesting.ts'))
const tries = /* @__PURE__ */ new WeakMap<object, number>()

/**
 * A cached token while it is good; past the time at which the provider wants it renewed, it is handed out all the same and renewed behind.
 * Else a new one, got once for all who ask for it at the same time. No promise is made for a hit: each would cost as much as the look-up.
 */
export function cacheFirst<R>(context: ClientContext, call: Call, plan: Plan<R>): R | Promise<R | null> {
  const cached = plan.fresh ? undefined : plan.lookUp()
  if (!cached || !isGood(cached)) {
    plan.check()
    return flights(context).then(({ acquireTogether }) => acquireTogether(context, call, plan, cached ? 3 : plan.fresh ? 1 : 2))
  }
  context.hits++
  const now = Date.now()
  if (cached.refreshOn && cached.refreshOn * 1000 <= now && !((tries.get(cached.entity) ?? 0) > now - renewalPause)) {
    tries.set(cached.entity, now)
    outlive(
      context,
      call,
      flights(context).then(({ renew }) => renew(context, call, plan)),
    )
  }
  return plan.result(cached, 'cache')
}

/** Keeps work going behind the answer, whatever an application's `waitUntil` makes of it. */
export function outlive({ pending }: ClientContext, { waitUntil }: Call, task: Promise<unknown>): void {
  const work: Promise<unknown> = task.catch(() => {}).then(() => pending.delete(work))
  pending.add(work)
  try {
    waitUntil?.(work)
  } catch {}
}

export function isGood({ expiresOn, cachedAt }: CachedToken): boolean {
  const now = Date.now() / 1000
  // Stored in the future: the clock has been set back, and the token's end means nothing.
  return expiresOn - now >= leastLife && cachedAt - leastLife <= now
}
