import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Entity } from '../../../src/core/cache/entities.ts'
import { Partition } from '../../../src/core/cache/partition.ts'
import { type Owner, Partitions, type SecondLevel } from '../../../src/core/cache/partitions.ts'
import { change, reload, reloadUsers, removeApps } from '../../../src/core/cache/store-level.ts'
import { memoryStore } from '../../support/memory-store.ts'
import { counted } from './counted-store.ts'

beforeEach(() => void vi.useFakeTimers({ now: Date.UTC(2030, 0, 1), toFake: ['Date', 'setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

/** A cache over a store that can be asked what was asked of it, and that can be told to fail. */
function setting({ maxPartitions = 100 } = {}) {
  const memory = new Partitions()
  const inner = memoryStore()
  const { lock: _, watch: __, ...plain } = inner
  const { store, calls, reset } = counted(plain)
  const moods = { fails: false }
  const asked = { writes: [] as string[], removes: [] as string[] }
  const down = () => Promise.reject(new Error('down'))
  const onStoreError = vi.fn()
  const level: SecondLevel = {
    revalidateAfter: 0,
    maxPartitions,
    onStoreError,
    store: {
      ...store,
      write(name, ...rest) {
        asked.writes.push(name)
        return moods.fails ? down() : store.write(name, ...rest)
      },
      remove(name) {
        asked.removes.push(name)
        return moods.fails ? down() : store.remove(name)
      },
    },
  }
  memory.level = level
  const put = (user: string, secret = user) => {
    const owner = { user }
    return change(memory, level, owner, () => {
      const partition = memory.get(owner) ?? new Partition()
      memory.users.set(user, partition)
      partition.load({ type: 'RefreshToken', key: secret, entity: { home_account_id: user, secret } })
    })
  }
  const drop = (user: string) =>
    change(memory, level, { user }, () => {
      memory.get({ user })?.remove(() => true)
      memory.users.delete(user)
    })
  const secretsOf = (user: string) => {
    const found = inner.content.get(`user:${user}`)
    return found && Object.values(JSON.parse(found.value).RefreshToken as Record<string, Entity>).map(({ secret }) => secret)
  }
  const look = () => reload(memory, level, { user: 'no.body' })
  return { memory, level, store, content: inner.content, calls, reset, moods, asked, onStoreError, put, drop, secretsOf, look }
}

const seconds = (count: number) => vi.advanceTimersByTimeAsync(count * 1000)
async function settled() {
  for (let turn = 0; turn < 30; turn++) await new Promise((resolve) => setImmediate(resolve))
}

describe('S51 what could not be written', () => {
  it('is tried for one partition each 10 s, and all of it once that succeeds', async () => {
    const { moods, put, look, asked, secretsOf } = setting()
    moods.fails = true
    for (const user of ['a', 'b', 'c']) await put(user)
    asked.writes.length = 0
    await look()
    await seconds(9.9)
    await look()
    expect(asked.writes).toEqual([])
    await seconds(0.1)
    await look()
    await settled()
    expect(asked.writes).toEqual(['user:a'])
    moods.fails = false
    await seconds(10)
    await look()
    await settled()
    expect(asked.writes).toEqual(['user:a', 'user:a', 'user:b', 'user:c'])
    expect(['a', 'b', 'c'].map(secretsOf)).toEqual([['a'], ['b'], ['c']])
    // A second time, soon after the first.
    moods.fails = true
    await put('d')
    moods.fails = false
    await seconds(10)
    await look()
    await settled()
    expect(secretsOf('d')).toEqual(['d'])
  })

  it.each([1, 200, 1e6])('S67 is tried soon again where the clock was set back by %d s', async (back) => {
    const { moods, put, look, asked, secretsOf } = setting()
    moods.fails = true
    await put('a')
    vi.setSystemTime(Date.now() - back * 1000)
    moods.fails = false
    // A pause of before may go on, for as long as it may last at most.
    for (let passed = 0; passed <= 10; passed++) {
      await look()
      await settled()
      await seconds(1)
    }
    await look()
    await settled()
    expect(secretsOf('a')).toEqual(['a'])
    expect(asked.writes).toEqual(['user:a', 'user:a'])
  })

  it('a sign-out the same', async () => {
    const { moods, put, drop, look, asked, content } = setting()
    await put('a')
    moods.fails = true
    await drop('a')
    await look()
    await look()
    expect(asked.removes).toEqual(['user:a'])
    moods.fails = false
    await seconds(10)
    await look()
    await settled()
    expect(asked.removes).toEqual(['user:a', 'user:a'])
    expect(content.size).toBe(0)
  })

  it('is not written by two at a time', async () => {
    const { level, moods, put, look, asked, secretsOf } = setting()
    moods.fails = true
    await put('a')
    moods.fails = false
    await seconds(10)
    let finish = () => {}
    const { write } = level.store
    level.store.write = async (...input) => {
      await new Promise<void>((resolve) => {
        finish = resolve
      })
      return write(...input)
    }
    const again = put('a', 'later')
    await settled()
    asked.writes.length = 0
    await look()
    await settled()
    finish()
    await again
    expect(asked.writes).toEqual(['user:a'])
    expect(secretsOf('a')).toEqual(['a', 'later'])
  })

  it('what is changed during a write is made again where another process was faster', async () => {
    const { level, content, put, secretsOf } = setting()
    const { write } = level.store
    const gates: (() => void)[] = []
    level.store.write = async (...input) => {
      await new Promise<void>((resolve) => void gates.push(resolve))
      return write(...input)
    }
    const first = put('a', 'first')
    await settled()
    const second = put('a', 'second')
    await settled()
    gates.shift()!()
    await first
    level.store.write = write
    // As another process leaves it.
    content.set('user:a', { value: '{"RefreshToken":{"k":{"home_account_id":"a","secret":"elsewhere"}}}', version: 'elsewhere' })
    gates.shift()!()
    await second
    expect(secretsOf('a')).toContain('second')
  })

  it('is not forgotten for the sake of an older write that has failed since', async () => {
    const { level, moods, put, secretsOf } = setting()
    const { write } = level.store
    let fail = () => {}
    level.store.write = () =>
      new Promise((_, reject) => {
        fail = () => reject(new Error('down'))
      })
    const first = put('a', 'first')
    await settled()
    level.store.write = write
    await put('a', 'second')
    moods.fails = true
    await put('a', 'third')
    fail()
    await first
    moods.fails = false
    expect(secretsOf('a')).toEqual(['first', 'second'])
    await level.close!()
    expect(secretsOf('a')).toEqual(['first', 'second', 'third'])
  })

  it('S47 is given up, oldest first, where it is more than memory may hold', async () => {
    const { moods, put, level, content } = setting({ maxPartitions: 2 })
    moods.fails = true
    for (const user of ['a', 'b', 'c', 'd']) await put(user)
    moods.fails = false
    await level.close!()
    expect([...content.keys()]).toEqual(['user:c', 'user:d'])
  })

  it('S47 the changes of one partition are as many as sixty-four, the newest', async () => {
    const { memory, moods, put, level, secretsOf } = setting()
    moods.fails = true
    for (let index = 0; index < 100; index++) await put('a', `${index}`)
    moods.fails = false
    // It is read anew, as somebody else has left it, and changed again.
    memory.users.clear()
    await level.close!()
    expect(secretsOf('a')!.length).toBe(64)
    expect(secretsOf('a')!.at(-1)).toBe('99')
  })

  it('is written also where it has left memory meanwhile, and the store had nothing', async () => {
    const { memory, moods, put, look, secretsOf } = setting()
    moods.fails = true
    await put('a')
    moods.fails = false
    memory.users.clear()
    await seconds(10)
    await look()
    await settled()
    expect(secretsOf('a')).toEqual(['a'])
  })

  it('where others are always faster, is given up after ten times, and reported', async () => {
    const { level, put, onStoreError } = setting()
    const write = vi.fn(async () => 'conflict' as const)
    level.store.write = write
    await put('a')
    expect(write).toHaveBeenCalledTimes(10)
    expect(onStoreError).toHaveBeenCalledExactlyOnceWith(new Error('A partition was changed by others each time it was to be written.'))
  })

  it('nor where it cannot be read in between', async () => {
    const { level, put, asked } = setting()
    level.store.write = async () => 'conflict'
    level.store.read = () => Promise.reject(new Error('down'))
    const write = vi.spyOn(level.store, 'write')
    await put('a')
    expect(write).toHaveBeenCalledTimes(1)
    expect(asked.writes).toEqual([])
  })
})

describe('reading', () => {
  const owner: Owner = { user: 'a' }

  it('many at a time read once', async () => {
    const { memory, level, put, calls, reset } = setting()
    await put('a')
    reset()
    await Promise.all(Array.from({ length: 10 }, () => reload(memory, level, owner)))
    expect(calls.read).toBe(1)
    await reload(memory, level, owner)
    expect(calls.read).toBe(2)
  })

  it('a read that does not end is waited for a second; then one more reads, and the others wait for that', async () => {
    const { memory, level, put } = setting()
    await put('a')
    const { read: inTime } = level.store
    const read = vi.spyOn(level.store, 'read').mockReturnValueOnce(new Promise(() => {}))
    read.mockImplementation(async (name) => {
      await new Promise((resolve) => setTimeout(resolve, 1))
      return inTime(name)
    })
    reload(memory, level, owner).catch(() => {})
    const others = Promise.all([1, 2, 3].map(() => reload(memory, level, owner)))
    await seconds(0.999)
    expect(read).toHaveBeenCalledTimes(1)
    await seconds(0.001)
    expect(read).toHaveBeenCalledTimes(2)
    await seconds(0.001)
    await others
    expect(read).toHaveBeenCalledTimes(2)
    expect(memory.get(owner)?.entries).toHaveLength(1)
  })

  it('nothing there, nothing heard, and no timer left behind', async () => {
    const { memory, level } = setting()
    const heard = vi.fn()
    memory.listeners.add(heard)
    for (let turn = 0; turn < 2; turn++) await reload(memory, level, owner)
    expect(heard).not.toHaveBeenCalled()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('what is known of a client goes with its entries, and with nobody else’s', async () => {
    const { memory, level, content } = setting()
    for (const client_id of ['one', 'other']) memory.shared.load({ type: 'AppMetadata', key: client_id, entity: { client_id } })
    await change(memory, level, owner, () => {
      const partition = new Partition()
      memory.users.set('a', partition)
      partition.load({ type: 'RefreshToken', key: 'k', entity: { home_account_id: 'a', client_id: 'one', secret: 's' } })
    })
    expect(JSON.parse(content.get('user:a')!.value).AppMetadata).toEqual({ one: { client_id: 'one' } })
  })

  it('what is no partition is reported, and counts as empty', async () => {
    const { memory, level, content, onStoreError } = setting()
    content.set('user:a', { value: '[]', version: '7' })
    await reload(memory, level, owner)
    expect(onStoreError).toHaveBeenCalledExactlyOnceWith(new Error('A stored partition is not a JSON object.'))
    expect(memory.get(owner)).toMatchObject({ entries: [], version: '7' })
  })

  it("S46 keeps somebody else's entries where they are, and serves them to nobody; what is known of clients is everybody's", async () => {
    const { memory, level, content, put } = setting()
    const other = { home_account_id: 'b', secret: 'of b' }
    const section = {
      RefreshToken: { 'b-key': other, 'c-key': { ...other, home_account_id: 'c' } },
      AppMetadata: { m: { client_id: 'x' } },
    }
    content.set('user:a', { value: JSON.stringify(section), version: '7' })
    await reload(memory, level, owner)
    expect(memory.get(owner)!.entries).toEqual([])
    expect(memory.shared.entries).toMatchObject([{ type: 'AppMetadata', entity: { client_id: 'x' } }])
    await put('a')
    const { RefreshToken } = JSON.parse(content.get('user:a')!.value)
    expect(RefreshToken).toEqual({ ...section.RefreshToken, a: { home_account_id: 'a', secret: 'a' } })
  })
})

describe('what a store can tell of', () => {
  const app = (clientId: string, tenant: string) => `${clientId} login.example ${tenant}`
  const filled = async () => {
    const found = setting()
    await found.put('a')
    for (const id of [app('client', 'one'), app('client', 'two'), app('other', 'client login.example ')])
      found.content.set(`app:${id}`, { value: `{"AccessToken":{"k":{"client_id":"${id.split(' ')[0]}"}}}`, version: '1' })
    found.content.set('user:client login.example ', { value: '{}', version: '1' })
    found.reset()
    return found
  }

  it('all its users are read, and nothing else', async () => {
    const { memory, level } = await filled()
    const read = vi.spyOn(level.store, 'read')
    memory.users.clear()
    await reloadUsers(memory, level)
    expect(new Set(read.mock.calls.map(([name]) => name))).toEqual(new Set(['user:a', 'user:client login.example ']))
    expect(memory.users.get('a')?.entries).toHaveLength(1)
  })

  it("an application's partitions are removed, and nobody else's", async () => {
    const { memory, level, content } = await filled()
    await removeApps(memory, level, (id) => id.startsWith(app('client', '')), [])
    expect([...content.keys()]).toEqual(['user:a', `app:${app('other', 'client login.example ')}`, 'user:client login.example '])
  })
})
