import type { CacheStore } from '../core/index.ts'
import { anyVersion, type Check, count, equal, newUser, sameValue, soon, userValue, withCount } from './contract-support.ts'

type Lockable = CacheStore & Required<Pick<CacheStore, 'lock'>>

const check = (name: string, run: (store: Lockable) => Promise<void>): Check => ({
  name: `${name} (where there is a lock)`,
  run: async (store) => {
    if (store.lock) await run(store as Lockable)
  },
})

const sleep = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds))

/** Holds a partition's lock until `release` is called. */
async function hold(store: Lockable, partition: string) {
  let release!: () => void
  let held!: () => void
  const isHeld = new Promise<void>((resolve) => {
    held = resolve
  })
  const done = store.lock(partition, () => {
    held()
    return new Promise<void>((resolve) => {
      release = resolve
    })
  })
  await soon(Promise.race([isHeld, done]))
  return async () => {
    release()
    await done
  }
}

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await soon(promise)
  } catch (error) {
    return error
  }
  throw new Error('Expected a rejection.')
}

/** What `lock` must do. */
export const lockChecks: Check[] = [
  check('lock resolves to what the task does', async (store) => {
    equal(await store.lock(newUser(), async () => ({ answer: 42 })), { answer: 42 }, 'result')
  }),
  check('tasks under one lock run one at a time', async (store) => {
    const user = newUser()
    await store.write(user, withCount(user, 0), {})
    let running = 0
    const increment = () =>
      store.lock(user, async () => {
        if (++running > 1) throw new Error('Two tasks were running.')
        const total = count((await store.read(user))!.value)
        await sleep(2)
        await store.write(user, withCount(user, total + 1), {})
        running--
      })
    await Promise.all(Array.from({ length: 8 }, increment))
    equal(count((await store.read(user))!.value), 8, 'count')
  }),
  check('a task that fails gives its error and the lock back', async (store) => {
    const user = newUser()
    const failure = new Error('the task failed')
    equal((await rejection(store.lock(user, () => Promise.reject(failure)))) === failure, true, 'the error of the task came through')
    equal(await soon(store.lock(user, async () => 'next')), 'next', 'result of the next task')
  }),
  check('under a lock its partition can be read, written and removed', async (store) => {
    const user = newUser()
    await soon(
      store.lock(user, async () => {
        anyVersion(await store.write(user, userValue(user), { version: null }))
        sameValue((await store.read(user))?.value, userValue(user))
        await store.remove(user)
      }),
    )
  }),
  check('the lock of one partition does not hold up another', async (store) => {
    const release = await hold(store, newUser())
    try {
      equal(await soon(store.lock(newUser(), async () => 'other')), 'other', 'result')
    } finally {
      await release()
    }
  }),
  check('the signal ends the wait, and the task never runs', async (store) => {
    const user = newUser()
    const release = await hold(store, user)
    let ran = false
    const task = async () => {
      ran = true
    }
    try {
      const controller = new AbortController()
      const waiting = store.lock(user, task, controller.signal)
      setTimeout(() => controller.abort(new Error('given up')), 20)
      await rejection(waiting)
      await rejection(store.lock(user, task, AbortSignal.abort()))
    } finally {
      await release()
    }
    equal(await soon(store.lock(user, async () => 'free')), 'free', 'result after the wait was given up')
    equal(ran, false, 'the task that was given up ran')
  }),
  check('a signal that is aborted later does not disturb a task', async (store) => {
    const controller = new AbortController()
    const result = await store.lock(
      newUser(),
      async () => {
        controller.abort()
        await sleep(2)
        return 'done'
      },
      controller.signal,
    )
    equal(result, 'done', 'result')
  }),
]
