/** A clock under a test's control: see {@link fakeClock}. */
export interface FakeClock {
  /** Milliseconds since 1970, as `Date.now()` tells it now. */
  now(): number
  /** Lets so many milliseconds go by at once. */
  advance(milliseconds: number): void
  /** Puts the right clock back. Twice is no error. */
  restore(): void
}

/**
 * Puts a clock in the place of `Date` that can be moved on: clients, caches and the fake provider, which all ask `Date.now()`, then see
 * tokens age. It starts at the present, or at `now`, and runs on by itself. Timers are left alone: a `timeout` still counts real
 * milliseconds. Where your test runner fakes `Date` too, use one of both; with Vitest, `vi.useFakeTimers({ toFake: ['Date'] })` does.
 *
 * @example
 * ```ts
 * const clock = fakeClock()
 * clock.advance(3_600_000) // the access token is over, the refresh token is not
 * const result = await app.acquireTokenSilent({ scopes, account }) // asks the provider
 * clock.restore()
 * ```
 */
export function fakeClock({ now }: { now?: number | Date } = {}): FakeClock {
  const Real = globalThis.Date
  let shift = now === undefined ? 0 : Number(now) - Real.now()
  const time = () => Real.now() + shift
  // Called as a function, and with arguments, it stays what it was.
  const Shifted = new Proxy(Real, {
    construct: (target, given, newTarget) => Reflect.construct(target, given.length ? given : [time()], newTarget),
    apply: () => new Real(time()).toString(),
    get: (target, name, receiver) => (name === 'now' ? time : Reflect.get(target, name, receiver)),
  })
  globalThis.Date = Shifted
  return {
    now: time,
    advance(milliseconds) {
      shift += milliseconds
    },
    restore() {
      if (globalThis.Date === Shifted) globalThis.Date = Real
    },
  }
}
