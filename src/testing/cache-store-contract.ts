import type { CacheStore } from '../core/index.ts'
import { lockChecks } from './cache-store-lock-contract.ts'
import { watchChecks } from './cache-store-watch-contract.ts'
import { anyValue, anyVersion, type Check, count, equal, isConflict, newUser, sameValue, userValue, withCount } from './contract-support.ts'

/** One named check of a contract: give it to any test runner. */
export interface ContractCheck {
  /** What must hold. */
  readonly name: string
  /** Rejects with an `Error` that says what was expected and what came. */
  run(): Promise<void>
}

/** Options of {@link cacheStoreContract}. */
export interface CacheStoreContractOptions {
  /** Whether `write` compares versions. Default true; an engine that cannot leaves out the checks of conflicts. */
  versions?: boolean
}

/**
 * What every {@link CacheStore} must do, as a list of checks for any test runner. Partitions have new random names each time, so that a
 * shared engine may be used; what the checks write stays there. Where the store has a `list`, a `lock` or a `watch`, that is checked too;
 * what a watch tells only where `open` opens the same content each time, by a store object of its own.
 *
 * @param open Called once or twice for every check; may return the same store each time.
 * @example
 * ```ts
 * for (const { name, run } of cacheStoreContract(() => myStore())) test(name, run)
 * ```
 */
export function cacheStoreContract(
  open: () => CacheStore | Promise<CacheStore>,
  { versions = true }: CacheStoreContractOptions = {},
): ContractCheck[] {
  const checks: Check[] = [...basics, ...(versions ? conflicts : []), listing, ...lockChecks, ...watchChecks]
  return checks.map(({ name, run }) => ({ name, run: async () => run(await open(), open) }))
}

const basics: Check[] = [
  {
    name: 'a partition that was never written is null',
    async run(store) {
      equal(await store.read(newUser()), null, 'read')
    },
  },
  {
    name: 'what was written is read, with the version that write resolved to',
    async run(store) {
      const user = newUser()
      const version = await store.write(user, userValue(user), { version: null })
      anyVersion(version)
      const found = await store.read(user)
      sameValue(found?.value, userValue(user))
      equal(found?.version, version, 'version')
    },
  },
  {
    name: 'a value comes back whole: every plane of Unicode, control characters, names of prototypes, 300 KB',
    async run(store) {
      const user = newUser()
      const secrets = ['ä€😀𝄞\u2028\uFEFF', '\u0000\b\n"\\', '__proto__', 'x'.repeat(300_000)]
      const value = userValue(user, { secrets, ...JSON.parse('{"__proto__":{"a":1},"numbers":[1.5,-1,1e21,null,true]}') })
      await store.write(user, value, {})
      sameValue((await store.read(user))?.value, value)
    },
  },
  {
    name: 'any text is a value',
    async run(store) {
      for (const text of ['A256GCM.c2VhbGVk', 'not JSON', '{"unclosed":', '[1]', 'null', ' ', '\uFEFFä€😀']) {
        const user = newUser()
        await store.write(user, text, {})
        equal((await store.read(user))?.value, text, 'value')
      }
    },
  },
  {
    name: 'names are kept apart, whatever is in them',
    async run(store) {
      const id = newUser().slice('user:'.length)
      const ids = [
        id,
        id.toUpperCase(),
        `${id} `,
        `${id}/../x`,
        `${id}/x`,
        `${id}:x`,
        `${id}\\x`,
        `${id}*`,
        `${id}%2F`,
        `${id}ä€😀`,
        `${id}__proto__`,
      ]
      const names = [...ids, `${id}${'y'.repeat(300)}`].flatMap((each) => [`user:${each}`, `assertion:${each}`])
      for (const name of names) await store.write(name, anyValue(name), { version: null })
      for (const name of names) sameValue((await store.read(name))?.value, anyValue(name))
    },
  },
  {
    name: 'a write without a version replaces what is there',
    async run(store) {
      const user = newUser()
      await store.write(user, userValue(user, { field: 1, other: 1 }), {})
      anyVersion(await store.write(user, userValue(user, { field: 2 }), {}))
      sameValue((await store.read(user))?.value, userValue(user, { field: 2 }))
    },
  },
  {
    name: 'one partition changes without the others',
    async run(store) {
      const [first, second] = [newUser(), newUser()]
      await store.write(first, userValue(first), {})
      await store.write(second, userValue(second), {})
      const before = await store.read(first)
      await store.write(second, userValue(second, { field: 1 }), {})
      equal(await store.read(first), before, 'the other partition after a write')
      await store.remove(second)
      equal(await store.read(first), before, 'the other partition after a removal')
      equal(await store.read(second), null, 'the removed partition')
    },
  },
  {
    name: 'a removed partition is null and can be written again; to remove what is absent is no error',
    async run(store) {
      const user = newUser()
      await store.remove(user)
      await store.write(user, userValue(user), {})
      await store.remove(user)
      equal(await store.read(user), null, 'read after a removal')
      await store.remove(user)
      anyVersion(await store.write(user, userValue(user), { version: null }))
      sameValue((await store.read(user))?.value, userValue(user))
    },
  },
  {
    name: 'a partition is not dropped before its ttl',
    async run(store) {
      const users = [newUser(), newUser(), newUser()]
      const ttls = [60_000, 90 * 86_400_000, 120_000.5]
      for (const [index, user] of users.entries()) await store.write(user, userValue(user), { ttl: ttls[index]! })
      for (const user of users) sameValue((await store.read(user))?.value, userValue(user))
    },
  },
]

const conflicts: Check[] = [
  {
    name: 'version null writes only what does not exist yet',
    async run(store) {
      const user = newUser()
      const version = await store.write(user, userValue(user), { version: null })
      isConflict(await store.write(user, userValue(user, { field: 1 }), { version: null }))
      equal((await store.read(user))?.version, version, 'version after a conflict')
      sameValue((await store.read(user))?.value, userValue(user))
    },
  },
  {
    name: 'the version that was read writes, once',
    async run(store) {
      const user = newUser()
      const first = await store.write(user, userValue(user), { version: null })
      const second = await store.write(user, userValue(user, { field: 1 }), { version: first })
      anyVersion(second)
      if (second === first) throw new Error('Another value has the same version.')
      isConflict(await store.write(user, userValue(user, { field: 2 }), { version: first }))
      sameValue((await store.read(user))?.value, userValue(user, { field: 1 }))
      anyVersion(await store.write(user, userValue(user, { field: 3 }), { version: second }))
    },
  },
  {
    name: 'what was removed meanwhile is not written with its old version: a sign-out beats a refresh',
    async run(store) {
      const user = newUser()
      const version = await store.write(user, userValue(user), { version: null })
      await store.remove(user)
      isConflict(await store.write(user, userValue(user, { field: 1 }), { version }))
      equal(await store.read(user), null, 'read after the sign-out')
    },
  },
  {
    name: 'a write to another partition is no conflict',
    async run(store) {
      const [first, second] = [newUser(), newUser()]
      const version = await store.write(first, userValue(first), { version: null })
      await store.write(second, userValue(second), { version: null })
      anyVersion(await store.write(first, userValue(first, { field: 1 }), { version }))
    },
  },
  {
    name: 'of many writes at once with one version, one succeeds',
    async run(store) {
      const user = newUser()
      const version = await store.write(user, userValue(user), { version: null })
      const values = Array.from({ length: 10 }, (_, index) => userValue(user, { field: index }))
      const outcomes = await Promise.all(values.map((value) => store.write(user, value, { version })))
      const winners = outcomes.flatMap((outcome, index) => (outcome === 'conflict' ? [] : [index]))
      equal(winners.length, 1, 'writes that succeeded')
      sameValue((await store.read(user))?.value, values[winners[0]!]!)
    },
  },
  {
    name: 'counting with versions loses nothing',
    async run(store) {
      const user = newUser()
      await store.write(user, withCount(user, 0), { version: null })
      const increment = async () => {
        for (;;) {
          const found = await store.read(user)
          if (!found) throw new Error('The partition is gone.')
          if ((await store.write(user, withCount(user, count(found.value) + 1), { version: found.version })) !== 'conflict') return
        }
      }
      await Promise.all(Array.from({ length: 12 }, increment))
      equal(count((await store.read(user))!.value), 12, 'count')
    },
  },
]

const listing: Check = {
  name: 'list names what was written, and nothing that was removed (where there is a list)',
  async run(store) {
    if (!store.list) return
    const users = Array.from({ length: 30 }, newUser)
    for (const user of users) await store.write(user, userValue(user), { version: null })
    await store.remove(users[0]!)
    const names: string[] = []
    for await (const name of store.list()) if (users.includes(name)) names.push(name)
    equal(names.sort(), users.slice(1).sort(), 'names')
  },
}
