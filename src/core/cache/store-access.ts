import { NetworkError } from '../errors.ts'
import type { CacheStoreWriteOptions } from '../ports.ts'
import { type Entity, text } from './entities.ts'
import { assertionOf } from './filing.ts'
import type { Owner, Partitions, SecondLevel } from './partitions.ts'

/** Milliseconds after which an operation counts as failed, whatever becomes of it. Adapters have closer limits of their own. */
const operationLimit = 5_000
/** Milliseconds that a lock is waited for, and those that the store has to give up the wait then. */
const lockLimit = 10_000
const lockGrace = 1_000
/** Milliseconds that a failing store is left alone for. */
const pause = 10_000
/** So many failures in a row, with no success between them, are more than bad luck. */
const badLuck = 3

/** An operation on one partition that is under way. */
export interface Work {
  name: string
  /** Whether somebody else has changed the partition since it began. */
  outdated: boolean
}

/**
 * All that is asked of one store. Every operation has its limit. A store that hangs, or fails again and again, rests (a circuit breaker):
 * calls go on from memory at once, one of them tries it after a pause, and one report tells of each try that failed.
 */
export class StoreAccess {
  readonly #memory: Partitions
  readonly #level: SecondLevel
  readonly #works = new Set<Work>()
  #failures = 0
  #restsUntil = 0

  constructor(memory: Partitions, level: SecondLevel) {
    this.#memory = memory
    this.#level = level
  }

  /** What an operation resolves to; undefined where it failed, or the store rests. */
  async #ask<T>(operation: () => Promise<T>): Promise<{ value: T } | undefined> {
    const now = Date.now()
    // Further ahead than a pause: the clock has been set back.
    if (this.#restsUntil > now && this.#restsUntil <= now + pause) return undefined
    const isTry = this.rests
    // Nobody else tries as well.
    if (isTry) this.#restsUntil = now + pause
    this.#watch()
    try {
      const value = await within(operationLimit, operation)
      this.#failures = this.#restsUntil = 0
      return { value }
    } catch (error) {
      this.#failed(error, isTry)
      return undefined
    }
  }

  read(name: string): Promise<{ value: { value: string; version: string } | null } | undefined> {
    return this.#ask(async () => {
      const found = (await this.#level.store.read(name)) ?? null
      if (found && (typeof found.value !== 'string' || typeof found.version !== 'string')) throw garbage()
      return found
    })
  }

  write(name: string, value: string, options: CacheStoreWriteOptions): Promise<{ value: string } | undefined> {
    return this.#ask(async () => {
      const outcome = await this.#level.store.write(name, value, options)
      if (typeof outcome !== 'string') throw garbage()
      return outcome
    })
  }

  remove(name: string): Promise<unknown> {
    return this.#ask(() => this.#level.store.remove(name))
  }

  /** Runs a task under a partition's lock, if that can be had. Resolves once the task has ended and the lock is given back. */
  async lock(name: string, task: () => Promise<unknown>): Promise<void> {
    const { store } = this.#level
    if (!store.lock || this.rests) return
    const controller = new AbortController()
    let running: Promise<unknown> | undefined
    let begun = () => {}
    const beginning = new Promise<void>((resolve) => {
      begun = resolve
    })
    const run = () => {
      running = task()
      begun()
      return running
    }
    const end = (async () => store.lock!(name, run, controller.signal))()
    try {
      await within(lockLimit, () => Promise.race([beginning, end]))
    } catch (error) {
      controller.abort()
      const givesUp = await within(lockGrace, () => end).catch((end) => !(end instanceof TooLate))
      // Who gives up when told to has met somebody that holds the lock for too long: the store itself is well.
      if (error instanceof TooLate && givesUp) this.report(error)
      else this.#failed(error)
      return
    }
    await running?.catch(() => {})
    // A lock that cannot be given back runs out by itself.
    await within(operationLimit, () => end).catch(() => {})
  }

  /** The names of all partitions that the store can tell of, until it fails. */
  async *list(): AsyncIterable<string> {
    const { store } = this.#level
    let names: AsyncIterator<unknown> | undefined
    while (store.list) {
      const next = await this.#ask(async () => {
        names ??= (await store.list!())[Symbol.asyncIterator]()
        const { done, value } = await names.next()
        if (!done && typeof value !== 'string') throw garbage()
        return done ? undefined : (value as string)
      })
      if (next?.value === undefined) return
      yield next.value
    }
  }

  /** Runs an operation on a partition, which hears of what others change there meanwhile. */
  async during<T>(name: string, operation: (work: Work) => Promise<T>): Promise<T> {
    const work = { name, outdated: false }
    if (this.#level.store.watch) this.#works.add(work)
    try {
      return await operation(work)
    } finally {
      this.#works.delete(work)
    }
  }

  /** Tells of a store that failed: nobody's call fails for it. */
  report(error: unknown): void {
    this.#memory.log?.({ level: 'error', message: 'The store of the token cache failed.' })
    try {
      this.#level.onStoreError?.(error)
    } catch {}
  }

  /** Whether it is only tried now and then, for it has failed too often. */
  get rests(): boolean {
    return this.#failures >= badLuck
  }

  /** The next operation tries it, however long it has rested. */
  wake(): void {
    this.#restsUntil = 0
  }

  #failed(error: unknown, isTry = false): void {
    // Others that were under way when the store was given up have no news.
    const isNews = isTry || !this.rests
    this.#failures = error instanceof TooLate ? badLuck : this.#failures + 1
    if (this.rests) this.#restsUntil = Date.now() + pause
    if (isNews) this.report(error)
  }

  /** Has the store tell, where it can, of what others change there: it is read again then, however fresh it is. */
  #watch(): void {
    const level = this.#level
    if (!level.store.watch || level.stopWatching) return
    let stop: unknown
    level.stopWatching = () => {
      delete level.stopWatching
      try {
        if (typeof stop === 'function') stop()
      } catch (error) {
        this.report(error)
      }
    }
    try {
      stop = level.store.watch((name) => {
        const partition = this.#memory.get(ownerOf(name))
        if (partition) partition.readAt = 0
        for (const work of this.#works) work.outdated ||= work.name === name
        this.#memory.changed()
      })
      if (typeof stop === 'function') return
      // Perhaps a promise that is rejected.
      Promise.resolve(stop).catch(() => {})
      throw garbage()
    } catch (error) {
      this.report(error)
    }
  }
}

export const nameOf = (owner: Owner): string => Object.entries(owner)[0]!.join(':')

/** Whose partition a name names. */
function ownerOf(name: string): Owner {
  const [kind, ...id] = name.split(':')
  return { [kind!]: id.join(':') } as unknown as Owner
}

/** Whether an entry is one of that owner's; an application's own may have been filed under any name of its tenant. */
export function belongs(owner: Owner, entity: Entity): boolean {
  const assertion = assertionOf(entity)
  if ('assertion' in owner) return assertion === owner.assertion
  return !assertion && text(entity, 'home_account_id') === ('user' in owner ? owner.user : '')
}

const garbage = () => new NetworkError('bad_response', 'The store has answered with what no store should.')

class TooLate extends NetworkError {
  constructor(limit: number) {
    super('timed_out', `The store has not answered within ${limit} ms.`)
  }
}

/** Whether something ends within so many milliseconds. */
export function settles(work: Promise<unknown>, limit: number): Promise<boolean> {
  return within(limit, () => work).then(
    () => true,
    (error) => {
      if (error instanceof TooLate) return false
      throw error
    },
  )
}

/**
 * Waits for no longer than so many milliseconds, in two halves: a process that stood still in one, suspended with its machine for instance, has
 * the other to find what has come meanwhile.
 */
async function within<T>(limit: number, operation: () => Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    const end = () => reject(new TooLate(limit))
    timer = setTimeout(() => {
      timer = setTimeout(end, limit / 2)
    }, limit / 2)
  })
  try {
    return await Promise.race([operation(), late])
  } finally {
    clearTimeout(timer)
  }
}
