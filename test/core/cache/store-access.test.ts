import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Partition } from '../../../src/core/cache/partition.ts'
import { Partitions, type SecondLevel } from '../../../src/core/cache/partitions.ts'
import { belongs, nameOf, StoreAccess, settles } from '../../../src/core/cache/store-access.ts'
import type { CacheStore } from '../../../src/core/index.ts'
import { memoryStore } from '../../support/memory-store.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

const name = 'user:a.b'
const never = () => new Promise<never>(() => {})
const down = () => Promise.reject(new Error('down'))

function accessTo(changes: Partial<CacheStore>) {
  const onStoreError = vi.fn()
  const level: SecondLevel = { store: { ...memoryStore(), ...changes }, revalidateAfter: 0, maxPartitions: 9, onStoreError }
  const memory = new Partitions()
  return { access: new StoreAccess(memory, level), memory, level, onStoreError }
}
const badResponse = expect.objectContaining({ name: 'NetworkError', code: 'bad_response' })

describe('S44 what no store should answer', () => {
  it.each([{ value: 7, version: '1' }, { value: 'x', version: 7 }, { value: 'x' }, 'text'])('a read with %o', async (answer) => {
    const { access, onStoreError } = accessTo({ read: async () => answer as never })
    expect(await access.read(name)).toBeUndefined()
    expect(onStoreError).toHaveBeenCalledExactlyOnceWith(badResponse)
  })

  it.each([undefined, null])('a read with %o means nothing is there', async (answer) => {
    const { access, onStoreError } = accessTo({ read: async () => answer as never })
    expect(await access.read(name)).toEqual({ value: null })
    expect(onStoreError).not.toHaveBeenCalled()
  })

  it.each([undefined, 7, {}])('a write with %o', async (answer) => {
    const { access, onStoreError } = accessTo({ write: async () => answer as never })
    expect(await access.write(name, '{}', {})).toBeUndefined()
    expect(onStoreError).toHaveBeenCalledExactlyOnceWith(badResponse)
  })

  it('a list with what is no name ends there', async () => {
    const list = async function* () {
      yield* ['user:a', 7, 'user:b'] as string[]
      return 'no name'
    }
    const { access, onStoreError } = accessTo({ list })
    const names: string[] = []
    for await (const listed of access.list()) names.push(listed)
    expect(names).toEqual(['user:a'])
    expect(onStoreError).toHaveBeenCalledExactlyOnceWith(badResponse)
  })

  it('a list that ends with a value has ended', async () => {
    const list = () => ({
      [Symbol.asyncIterator]: () => ({ next: async () => ({ done: true as const, value: 'user:a' }) }),
    })
    const { access, onStoreError } = accessTo({ list: list as never })
    for await (const listed of access.list()) expect.unreachable(listed)
    expect(onStoreError).not.toHaveBeenCalled()
  })
})

describe('S51 what is reported of a failing store', () => {
  it('with nobody to tell, nothing', async () => {
    const { access, memory, level } = accessTo({ read: down })
    level.onStoreError = undefined
    expect(await access.read(name)).toBeUndefined()
    const log = vi.fn()
    memory.log = log
    await access.read(name)
    expect(log).toHaveBeenCalledExactlyOnceWith({ level: 'error', message: 'The store of the token cache failed.' })
  })

  it('those that were under way when it was given up have no news', async () => {
    const { access, onStoreError } = accessTo({ read: down })
    await Promise.all(Array.from({ length: 6 }, () => access.read(name)))
    expect(onStoreError).toHaveBeenCalledTimes(3)
  })

  it('nor has a lock that is refused then', async () => {
    let refuse = () => {}
    const refused = new Promise<never>((_, reject) => {
      refuse = () => reject(new Error('no lock'))
    })
    const { access, onStoreError } = accessTo({ read: down, lock: () => refused })
    const locking = access.lock(name, never)
    for (let turn = 0; turn < 3; turn++) await access.read(name)
    refuse()
    await locking
    expect(onStoreError).toHaveBeenCalledTimes(3)
  })

  it('one that has not answered in time', async () => {
    const { access, onStoreError } = accessTo({ remove: never })
    const removing = access.remove(name)
    await vi.advanceTimersByTimeAsync(5000)
    expect(await removing).toBeUndefined()
    expect(onStoreError).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: 'timed_out' }))
  })
})

it('a lock that never runs the task is no lock, and no failure', async () => {
  const { access, onStoreError } = accessTo({ lock: async () => undefined as never })
  const task = vi.fn()
  await access.lock(name, task)
  expect(task).not.toHaveBeenCalled()
  expect(onStoreError).not.toHaveBeenCalled()
})

describe('a watch', () => {
  it('that gives nothing to end it with is reported once, and ends by itself', async () => {
    const { access, level, onStoreError } = accessTo({ watch: (() => 7) as never })
    await access.read(name)
    await access.read(name)
    expect(onStoreError).toHaveBeenCalledExactlyOnceWith(badResponse)
    level.stopWatching!()
    expect(onStoreError).toHaveBeenCalledTimes(1)
  })

  it('that is well is not reported; one that cannot be ended is', async () => {
    const stop = () => {
      throw new Error('no end')
    }
    const { access, level, onStoreError } = accessTo({ watch: () => stop })
    await access.read(name)
    expect(onStoreError).not.toHaveBeenCalled()
    level.stopWatching!()
    expect(onStoreError).toHaveBeenCalledExactlyOnceWith(new Error('no end'))
  })

  it('concerns the partition that it names, in memory and under way', async () => {
    let tell = (_: string): void => {}
    const { access, memory } = accessTo({
      watch(changed) {
        tell = changed
        return () => {}
      },
    })
    const [here, there] = [new Partition(), new Partition()]
    here.readAt = there.readAt = 1
    memory.users.set('a.b', here)
    memory.users.set('c.d', there)
    await access.read(name)
    await access.during(name, async (work) => {
      tell('user:c.d')
      expect([work.outdated, here.readAt, there.readAt]).toEqual([false, 1, 0])
      tell(name)
      expect([work.outdated, here.readAt]).toEqual([true, 0])
    })
  })
})

it('S46 an entry belongs to the owner that it names, and to no other', () => {
  const person = { home_account_id: 'a.b' }
  expect(belongs({ user: 'a.b' }, person)).toBe(true)
  expect(belongs({ user: 'a.c' }, person)).toBe(false)
  expect(belongs({ app: 'x' }, person)).toBe(false)
  expect(belongs({ app: 'x' }, { client_id: 'c' })).toBe(true)
  expect(belongs({ user: 'a.b' }, { ...person, user_assertion_hash: 'h' })).toBe(false)
  expect(belongs({ assertion: 'h' }, { ...person, user_assertion_hash: 'h' })).toBe(true)
  expect(belongs({ assertion: 'h' }, { ...person, user_assertion_hash: 'another' })).toBe(false)
  expect(belongs({ assertion: 'h' }, person)).toBe(false)
  expect([{ user: 'a.b' }, { app: 'x y z' }, { assertion: 'h' }].map((owner) => nameOf(owner as never))).toEqual([
    'user:a.b',
    'app:x y z',
    'assertion:h',
  ])
})

it('settles: whether something ends in time; what it rejects with comes through', async () => {
  expect(await settles(Promise.resolve(), 10)).toBe(true)
  const late = settles(never(), 10)
  await vi.advanceTimersByTimeAsync(10)
  expect(await late).toBe(false)
  await expect(settles(down(), 10)).rejects.toThrow('down')
})
