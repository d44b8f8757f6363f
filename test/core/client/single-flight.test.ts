import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { SingleFlight } from '../../../src/core/client/single-flight.ts'
import type { Bounds } from '../../../src/core/util/deadline.ts'
import { codeOf, errorOf } from './support.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function work<T>() {
  let resolve!: (value: T) => void
  let reject!: (reason: unknown) => void
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue
    reject = onError
  })
  return { promise, resolve, reject }
}

describe('SingleFlight', () => {
  it('one task for all of one key, and another for the next', async () => {
    const flights = new SingleFlight()
    const { promise, resolve } = work<string>()
    const task = vi.fn(() => promise)
    const all = [1, 2, 3].map(() => flights.join('key', { timeout: 1000 }, task))
    const other = flights.join('other', { timeout: 1000 }, async () => 'other')
    resolve('value')
    expect(await Promise.all(all)).toEqual(['value', 'value', 'value'])
    expect(await other).toBe('other')
    expect(task).toHaveBeenCalledTimes(1)
    await flights.join('key', { timeout: 1000 }, task)
    expect(task).toHaveBeenCalledTimes(2)
  })

  it('a failure reaches all who wait, and the next tries again', async () => {
    const flights = new SingleFlight()
    const { promise, reject } = work<string>()
    const both = [1, 2].map(() => flights.join('key', { timeout: 1000 }, () => promise).catch((error: Error) => error.message))
    reject(new Error('broken'))
    expect(await Promise.all(both)).toEqual(['broken', 'broken'])
    expect(await flights.join('key', { timeout: 1000 }, async () => 'fine')).toBe('fine')
  })

  it('each keeps its own timeout and correlation id', async () => {
    const flights = new SingleFlight()
    const { promise, resolve } = work<string>()
    const short = errorOf(flights.join('key', { timeout: 10, correlationId: 'short' }, () => promise))
    const long = flights.join('key', { timeout: 1000 }, () => promise)
    await vi.advanceTimersByTimeAsync(10)
    expect(await short).toMatchObject({ code: 'timed_out', correlationId: 'short' })
    resolve('value')
    expect(await long).toBe('value')
  })

  it('a timeout is for one exchange: it begins anew with each', async () => {
    const flights = new SingleFlight()
    const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
    const landed = flights.join('key', { timeout: 100 }, async (exchange) => {
      for (let turn = 0; turn < 5; turn++) {
        exchange()
        await pause(90)
      }
      return 'value'
    })
    await vi.advanceTimersByTimeAsync(460)
    expect(await landed).toBe('value')
  })

  it('S36 who waits as long as an exchange hears of its end from it: nobody asks again in vain', async () => {
    const flights = new SingleFlight()
    const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
    let outcome = ''
    const call = flights.join('key', { timeout: 100 }, async (exchange) => {
      // At once, but what is sent is sent a moment later: a part has to load first.
      const { timeout } = exchange()
      await pause(5)
      await pause(timeout)
      throw new Error('the exchange is over')
    })
    call.catch((error: Error) => {
      outcome = error.message
    })
    await vi.advanceTimersByTimeAsync(104)
    expect(outcome).toBe('')
    await vi.advanceTimersByTimeAsync(1)
    expect(outcome).toBe('the exchange is over')
    expect(await flights.join('key', { timeout: 100 }, async () => 'anew')).toBe('anew')
  })

  it('S73 a flight that its runtime has ended with a request holds nobody up: who waits is told, and the next one begins anew', async () => {
    const flights = new SingleFlight()
    const dead = (exchange: () => Bounds) => {
      exchange()
      return new Promise<string>(() => {})
    }
    const first = errorOf(flights.join('key', { timeout: 100 }, dead))
    const second = errorOf(flights.join('key', { timeout: 100 }, dead))
    await vi.advanceTimersByTimeAsync(1200)
    expect(await first).toMatchObject({ code: 'timed_out' })
    expect(await second).toMatchObject({ code: 'timed_out' })
    expect(await flights.join('key', { timeout: 100 }, async () => 'anew')).toBe('anew')
  })

  it('who gives up sooner than others leaves the flight to them', async () => {
    const flights = new SingleFlight()
    const { promise, resolve } = work<string>()
    const short = errorOf(flights.join('key', { timeout: 10, patience: 500 }, () => promise))
    await vi.advanceTimersByTimeAsync(10)
    expect(await short).toMatchObject({ code: 'timed_out' })
    const joined = flights.join('key', { timeout: 500 }, async () => 'anew')
    resolve('the first')
    expect(await joined).toBe('the first')
  })

  it('an exchange is given what the most patient grants, and never less than the patience of the leader', async () => {
    const flights = new SingleFlight()
    const bounds: Bounds[] = []
    const gate = work<void>()
    const task = async (exchange: () => Bounds) => {
      await Promise.resolve()
      bounds.push(exchange())
      await gate.promise
      bounds.push(exchange())
    }
    const all = [flights.join('key', { timeout: 10, patience: 500 }, task), flights.join('key', { timeout: 20 }, task)]
    await vi.advanceTimersByTimeAsync(0)
    all.push(flights.join('key', { timeout: 9000 }, task))
    gate.resolve()
    await Promise.all(all)
    expect(bounds.map(({ timeout }) => timeout)).toEqual([500, 9000])
    expect(bounds.some((bound) => bound.signal)).toBe(false)
  })

  it('S37 an abort takes one out with its reason, and leaves no listener and no timer', async () => {
    const flights = new SingleFlight()
    const { promise, resolve } = work<string>()
    const aborter = new AbortController()
    const add = vi.spyOn(aborter.signal, 'addEventListener')
    const remove = vi.spyOn(aborter.signal, 'removeEventListener')
    const one = errorOf(flights.join('key', { timeout: 1000, signal: aborter.signal }, () => promise))
    const two = flights.join('key', { timeout: 1000, signal: aborter.signal }, () => promise).catch(() => 'gone')
    const three = flights.join('key', { timeout: 1000 }, () => promise)
    aborter.abort('why')
    expect(await one).toMatchObject({ code: 'aborted', cause: 'why' })
    expect(await two).toBe('gone')
    resolve('value')
    expect(await three).toBe('value')
    expect(add.mock.calls.length).toBe(1)
    expect(remove.mock.calls).toEqual(add.mock.calls)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('S37 aborted before: nothing is begun', async () => {
    const task = vi.fn(async () => 'value')
    expect(await codeOf(new SingleFlight().join('key', { timeout: 1000, signal: AbortSignal.abort() }, task))).toBe('aborted')
    expect(task).not.toHaveBeenCalled()
  })

  it('S72 a signal that is none leaves no timer that would reject later', async () => {
    const { promise, resolve } = work<string>()
    const joined = new SingleFlight().join('key', { timeout: 1000, signal: {} as AbortSignal }, () => promise)
    await expect(joined).rejects.toThrow(TypeError)
    expect(vi.getTimerCount()).toBe(0)
    resolve('value')
  })

  it('waitUntil gets work that never rejects, for each who has one', async () => {
    const flights = new SingleFlight()
    const { promise, reject } = work<string>()
    const works: Promise<unknown>[] = []
    const waitUntil = (one: Promise<unknown>) => void works.push(one)
    const calls = [1, 2].map(() => codeOf(flights.join('key', { timeout: 5, waitUntil }, () => promise)))
    await vi.advanceTimersByTimeAsync(5)
    expect(await Promise.all(calls)).toEqual(['timed_out', 'timed_out'])
    expect(works).toHaveLength(2)
    reject(new Error('late'))
    await expect(Promise.all(works)).resolves.toHaveLength(2)
  })

  it('a timeout of more than a timer can hold does not fire at once', async () => {
    const { promise, resolve } = work<string>()
    const call = new SingleFlight().join('key', { timeout: 1e12 }, () => promise)
    await vi.advanceTimersByTimeAsync(60_000)
    resolve('value')
    expect(await call).toBe('value')
  })
})
