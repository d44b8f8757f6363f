import type { CacheStore } from '../core/index.ts'
import { type Check, newUser, soon, userValue } from './contract-support.ts'

type Watchable = CacheStore & Required<Pick<CacheStore, 'watch'>>

const check = (name: string, run: (store: Watchable, open: () => CacheStore | Promise<CacheStore>) => Promise<void>): Check => ({
  name: `${name} (where there is a watch)`,
  run: async (store, open) => {
    if (store.watch) await run(store as Watchable, open)
  },
})

/** What `watch` must do. */
export const watchChecks: Check[] = [
  check('watch tells what another that was opened on the same content writes and removes, until it is stopped', async (store, open) => {
    const other = await open()
    const user = newUser()
    await other.write(user, userValue(user), {})
    // Each may have a content of its own; and a store that is opened once is nobody else.
    if (other === store || !(await store.read(user))) return
    const told: string[] = []
    let heard = () => {}
    const hears = async (change: () => Promise<unknown>) => {
      const hearing = new Promise<void>((resolve) => {
        heard = resolve
      })
      await change()
      await soon(hearing)
    }
    const stop = store.watch((partition) => {
      told.push(partition)
      if (partition === user) heard()
    })
    try {
      await hears(() => other.write(user, userValue(user, { field: 1 }), {}))
      await hears(() => other.remove(user))
    } finally {
      stop()
    }
    const before = told.length
    await other.write(user, userValue(user), {})
    await new Promise((resolve) => setTimeout(resolve, 50))
    if (told.slice(before).includes(user)) throw new Error('It told of a change after it had been stopped.')
  }),
  check('a watch may be stopped twice, and begun again', async (store) => {
    for (let round = 0; round < 2; round++) {
      const stop = store.watch(() => {})
      stop()
      stop()
    }
  }),
]
