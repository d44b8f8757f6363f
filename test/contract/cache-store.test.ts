import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { encrypted } from '../../src/core/cache/encrypted.ts'
import type { CacheStore } from '../../src/core/index.ts'
import { fileStore } from '../../src/node/file-store.ts'
import { cacheStoreContract } from '../../src/testing/cache-store-contract.ts'
import { memoryStore } from '../support/memory-store.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cache-store-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const newFile = () => join(folder, crypto.randomUUID(), 'cache.json')
const newKey = () => crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
const reverse = async (bytes: Uint8Array) => Uint8Array.from(bytes).reverse()
const reused = memoryStore()
const shared = memoryStore()

const stores: [string, () => CacheStore | Promise<CacheStore>][] = [
  ['memory', memoryStore],
  ['memory that is used again', () => reused],
  ['memory that several open', () => shared.elsewhere()],
  ['fileStore', () => fileStore(newFile())],
  ['fileStore with a cipher', () => fileStore(newFile(), { cipher: { encrypt: reverse, decrypt: reverse } })],
  ['encrypted memory', async () => encrypted(memoryStore(), await newKey())],
  ['encrypted fileStore', async () => encrypted(fileStore(newFile()), await newKey())],
]

describe.each(stores)('%s', (_name, open) => {
  for (const { name, run } of cacheStoreContract(open)) test(name, run)
})

test('one file through two stores', async () => {
  const path = newFile()
  const [first, second] = [fileStore(path), fileStore(path)]
  const alternating: CacheStore = {
    ...first,
    write: (...parameters) => (Math.random() < 0.5 ? first : second).write(...parameters),
    read: (partition) => (Math.random() < 0.5 ? first : second).read(partition),
    lock: (...parameters) => (Math.random() < 0.5 ? first : second).lock!(...parameters),
  }
  for (const { run } of cacheStoreContract(() => alternating)) await run()
})

const watchTells = 'watch tells what another that was opened on the same content writes and removes'

/** Stores that do one thing wrong, and the check that says so. */
const wrong: [string, (right: CacheStore) => Partial<CacheStore>][] = [
  ['a partition that was never written is null', () => ({ read: async () => ({ value: '', version: '' }) })],
  [
    'what was written is read, with the version that write resolved to',
    (right) => ({ read: changed(right, (found) => ({ ...found, version: 'x' })) }),
  ],
  [
    'a value comes back whole',
    (right) => ({ read: changed(right, (found) => ({ ...found, value: found.value.replaceAll('__proto__', 'x') })) }),
  ],
  ['a value comes back whole', (right) => ({ read: changed(right, (found) => ({ ...found, value: found.value.slice(0, 65_536) })) })],
  ['any text is a value', (right) => ({ read: changed(right, (found) => ({ ...found, value: JSON.stringify(JSON.parse(found.value)) })) })],
  ['any text is a value', (right) => ({ read: changed(right, (found) => ({ ...found, value: found.value.replace(/^\uFEFF/, '') })) })],
  ['names are kept apart, whatever is in them', (right) => renamed(right, (name) => name.toLowerCase())],
  ['names are kept apart, whatever is in them', (right) => renamed(right, (name) => name.slice(0, 200).trim())],
  ['names are kept apart, whatever is in them', (right) => renamed(right, (name) => name.slice(name.indexOf(':')))],
  [
    'a write without a version replaces what is there',
    (right) => ({ write: async (name, value, options) => ((await right.read(name)) ? 'kept' : right.write(name, value, options)) }),
  ],
  ['one partition changes without the others', (right) => ({ remove: async () => emptied(right) })],
  ['a removed partition is null and can be written again', () => ({ remove: async () => {} })],
  [
    'a removed partition is null and can be written again',
    (right) => ({
      remove: async (name) => {
        if (!(await right.read(name))) throw new Error('absent')
        await right.remove(name)
      },
    }),
  ],
  [
    'a partition is not dropped before its ttl',
    (right) => ({
      // The limit of setTimeout, beyond which it fires at once.
      write: async (name, value, options) => ((options.ttl ?? 0) > 2 ** 31 ? 'lost' : right.write(name, value, options)),
    }),
  ],
  [
    'version null writes only what does not exist yet',
    (right) => ({ write: (name, value, { version }) => right.write(name, value, version === null ? {} : { version: version! }) }),
  ],
  [
    'the version that was read writes, once',
    (right) => ({ write: (name, value, { version }) => right.write(name, value, version === null ? { version } : {}) }),
  ],
  [
    'what was removed meanwhile is not written with its old version',
    (right) => ({ write: async (name, value, options) => right.write(name, value, (await right.read(name)) ? options : {}) }),
  ],
  ['a write to another partition is no conflict', (right) => oneVersion(right)],
  ['of many writes at once with one version, one succeeds', (right) => ({ write: racy(right) })],
  ['counting with versions loses nothing', (right) => ({ write: racy(right) })],
  ['list names what was written, and nothing that was removed', () => ({ async *list() {} })],
  ['list names what was written, and nothing that was removed', (right) => listingAll(right)],
  ['lock resolves to what the task does', () => ({ lock: async (_name, task) => void (await task()) as never })],
  ['tasks under one lock run one at a time', () => ({ lock: (_name, task) => task() })],
  [
    'a task that fails gives its error and the lock back',
    (right) => ({ lock: (...parameters) => right.lock!(...parameters).catch(() => Promise.reject(new Error('failed'))) }),
  ],
  ['a task that fails gives its error and the lock back', (right) => ({ lock: stuckAfterFailure(right) })],
  [
    'under a lock its partition can be read, written and removed',
    (right) => ({ read: (name) => right.lock!(name, () => right.read(name)) }),
  ],
  ['the lock of one partition does not hold up another', (right) => ({ lock: (_name, task, signal) => right.lock!('all', task, signal) })],
  ['the signal ends the wait, and the task never runs', (right) => ({ lock: (name, task) => right.lock!(name, task) })],
  ['a signal that is aborted later does not disturb a task', (right) => ({ lock: interruptible(right) })],
  [watchTells, () => ({ watch: () => () => {} })],
  [watchTells, (right) => ({ watch: (changed) => right.watch!((partition) => changed(partition.toLowerCase().slice(1))) })],
  [watchTells, (right) => ({ watch: (changed) => right.watch!(changed) && (() => {}) })],
  ['a watch may be stopped twice, and begun again', (right) => ({ watch: watchedOnce(right) })],
]

describe('a store that is wrong is found out', () => {
  test('every check has a store that fails it', () => {
    for (const { name } of cacheStoreContract(memoryStore))
      expect(
        wrong.some(([check]) => name.startsWith(check)),
        name,
      ).toBe(true)
  })

  test.each(wrong)('%s', async (name, make) => {
    const right = memoryStore()
    const [check, ...others] = cacheStoreContract(() => opened(right.elsewhere(), make)).filter((each) => each.name.startsWith(name))
    expect(others).toEqual([])
    vi.useFakeTimers()
    const verdict = expect(check!.run()).rejects.toThrow()
    await vi.advanceTimersByTimeAsync(30_000)
    vi.useRealTimers()
    await verdict
  })

  test('an engine that compares no versions passes without those checks, one that cannot list or lock too', async () => {
    const { read, write, remove } = memoryStore()
    const simple: CacheStore = { read, remove, write: (name, value) => write(name, value, {}) }
    const checks = cacheStoreContract(() => simple, { versions: false })
    for (const { run } of checks) await run()
    expect(checks.length).toBeLessThan(cacheStoreContract(() => simple).length)
  })
})

const opened = (right: CacheStore, make: (right: CacheStore) => Partial<CacheStore>): CacheStore => ({ ...right, ...make(right) })

function watchedOnce(right: CacheStore): NonNullable<CacheStore['watch']> {
  let stopped = false
  return (changed) => {
    const stop = right.watch!(changed)
    return () => {
      if (stopped) throw new Error('stopped twice')
      stopped = true
      stop()
    }
  }
}

type Found = { value: string; version: string }

function changed(right: CacheStore, change: (found: Found) => Found): CacheStore['read'] {
  return async (name) => {
    const found = await right.read(name)
    return found && change(found)
  }
}

const renamed = (right: CacheStore, rename: (name: string) => string): Partial<CacheStore> => ({
  read: (name) => right.read(rename(name)),
  write: (name, value, options) => right.write(rename(name), value, options),
})

async function emptied(right: CacheStore): Promise<void> {
  for await (const name of right.list!()) await right.remove(name)
}

function oneVersion(right: CacheStore): Partial<CacheStore> {
  let version = '0'
  return {
    async write(name, value, options) {
      if (typeof options.version === 'string' && options.version !== version) return 'conflict'
      await right.write(name, value, {})
      version += '0'
      return version
    },
  }
}

/** Compares, waits, and writes without another look. */
const racy =
  (right: CacheStore): CacheStore['write'] =>
  async (name, value, { version }) => {
    const found = await right.read(name)
    if (version !== undefined && version !== (found?.version ?? null)) return 'conflict'
    return right.write(name, value, {})
  }

function listingAll(right: CacheStore): Partial<CacheStore> {
  const names = new Set<string>()
  return {
    write: (name, value, options) => right.write(names.add(name) && name, value, options),
    async *list() {
      yield* names
    },
  }
}

function stuckAfterFailure(right: CacheStore): NonNullable<CacheStore['lock']> {
  let failed = false
  return (name, task, signal) =>
    failed
      ? new Promise(() => {})
      : right.lock!(name, task, signal).catch((error) => {
          failed = true
          throw error
        })
}

const interruptible =
  (right: CacheStore): NonNullable<CacheStore['lock']> =>
  (name, task, signal) =>
    Promise.race([
      right.lock!(name, task, signal),
      new Promise<never>((_, reject) => signal?.addEventListener('abort', () => reject(new Error('aborted')))),
    ])
