import { aborted } from '../util/aborted.ts'
import { type Bounds, bounded } from '../util/deadline.ts'

/** One who waits for a flight: its own bounds hold for it alone. */
export interface Passenger extends Bounds {
  /** What an exchange is given at least, however soon this one gives up: others may join, and a rotated refresh token is worth the wait. */
  patience?: number
  waitUntil?: ((work: Promise<unknown>) => void) | undefined
}

interface Flight {
  landing: Promise<unknown>
  /** The longest that anybody grants one exchange. */
  timeout: number
  /** Called as an exchange begins: a caller's timeout is for one exchange. */
  restarts: Set<() => void>
}

/** Milliseconds in which the end of an exchange is heard of. */
const grace = 1000

/** One piece of work for all who want the same at the same time. */
export class SingleFlight {
  readonly #flights = new Map<string, Flight>()

  /**
   * Joins the flight of that key, or starts it. A caller's abort or timeout takes that caller out; the work goes on, so that a
   * rotated refresh token is not lost.
   *
   * @param task is told how to begin an exchange: the call gives its bounds
   */
  join<T>(key: string, passenger: Passenger, task: (exchange: () => Bounds) => Promise<T>): Promise<T> {
    const { timeout, signal, correlationId, waitUntil } = passenger
    if (signal?.aborted) return Promise.reject(aborted(passenger))
    const joined = this.#flights.get(key)
    const flight: Flight = joined ?? { landing: Promise.resolve(), timeout: passenger.patience ?? 0, restarts: new Set() }
    flight.timeout = Math.max(flight.timeout, passenger.timeout)
    const end = () => this.#flights.get(key) === flight && this.#flights.delete(key)
    if (!joined) {
      this.#flights.set(key, flight)
      const exchange = () => {
        for (const restart of flight.restarts) restart()
        return { timeout: flight.timeout, correlationId }
      }
      // Not before this caller waits below, or it would miss the beginning of the first exchange and give up a moment before that ends.
      flight.landing = Promise.resolve()
        .then(() => task(exchange))
        .finally(end)
    }
    const { landing, restarts } = flight
    const work = landing.catch(() => {})
    try {
      waitUntil?.(work)
    } catch {}
    let restart = () => {}
    return bounded(passenger, (time) => {
      // Who waits as long as the exchange itself hears of its end from it, unless a runtime has ended that with the request that began it.
      restart = () => time(timeout < flight.timeout || !restarts.has(restart) ? 0 : grace)
      restart()
      restarts.add(restart)
      return landing as Promise<T>
    })
      .catch((error) => {
        // Nobody joins a flight that will never land.
        if (error?.code === 'timed_out' && timeout >= flight.timeout) end()
        throw error
      })
      .finally(() => restarts.delete(restart))
  }
}
