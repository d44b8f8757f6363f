import { expect, test, vi } from 'vitest'
import { encrypted } from '../../../src/core/cache/encrypted.ts'
import type { CacheStore } from '../../../src/core/index.ts'
import { memoryStore } from '../../support/memory-store.ts'

const newKey = (length = 256, usages: KeyUsage[] = ['encrypt', 'decrypt']) =>
  crypto.subtle.generateKey({ name: 'AES-GCM', length }, false, usages)
const [first, second] = await Promise.all([newKey(), newKey()])
const user = 'user:uid.utid'
const bytesOf = (text: string) => Buffer.from(text.replace(/^A256GCM\./, ''), 'base64url')

test('what is stored is AES-256-GCM of the value, bound to the name of the partition', async () => {
  const memory = memoryStore()
  await encrypted(memory, first).write(user, 'the secret', {})
  const { value } = memory.content.get(user)!
  const bytes = bytesOf(value)
  expect(bytes.toString('latin1')).not.toContain('secret')
  const open = (partition: string) =>
    crypto.subtle.decrypt({ name: 'AES-GCM', iv: bytes.subarray(0, 12), additionalData: Buffer.from(partition) }, first, bytes.subarray(12))
  expect(Buffer.from(await open(user)).toString()).toBe('the secret')
  await expect(open('user:other')).rejects.toThrow()
})

test('each write has a new IV', async () => {
  const memory = memoryStore()
  const store = encrypted(memory, first)
  const values = new Set<string>()
  for (let index = 0; index < 50; index++) {
    await store.write(user, 'same', {})
    values.add(bytesOf(memory.content.get(user)!.value).subarray(0, 12).toString('hex'))
  }
  expect(values.size).toBe(50)
})

test('the first key writes, all read', async () => {
  const memory = memoryStore()
  await encrypted(memory, first).write(user, 'old', {})
  const rotating = encrypted(memory, [second, first])
  const found = await rotating.read(user)
  expect(found?.value).toBe('old')
  await rotating.write(user, 'new', { version: found!.version })
  expect((await encrypted(memory, [second]).read(user))?.value).toBe('new')
  expect(await encrypted(memory, first).read(user)).toBeNull()
})

test('a value of another partition is absent', async () => {
  const memory = memoryStore()
  const store = encrypted(memory, first)
  await store.write('user:rich', 'tokens', {})
  memory.content.set(user, memory.content.get('user:rich')!)
  expect(await store.read(user)).toBeNull()
  expect((await store.read('user:rich'))?.value).toBe('tokens')
})

test('S44 any bit turned, anything cut off, plain text: absent, never an error', async () => {
  const memory = memoryStore()
  const store = encrypted(memory, first)
  await store.write(user, 'tokens', {})
  const { value } = memory.content.get(user)!
  const bytes = bytesOf(value)
  const broken = ['', 'A256GCM.', 'A256GCM.!!', 'tokens', value.slice('A256GCM.'.length), `B${value.slice(1)}`]
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = Buffer.from(bytes)
    flipped[bit >> 3]! ^= 1 << (bit & 7)
    broken.push(`A256GCM.${flipped.toString('base64url')}`)
  }
  for (let length = 0; length < bytes.length; length++) broken.push(`A256GCM.${bytes.subarray(0, length).toString('base64url')}`)
  for (const text of broken) {
    memory.content.set(user, { value: text, version: 'x' })
    expect(await store.read(user), text).toBeNull()
  }
  memory.content.set(user, { value, version: 'x' })
  expect((await store.read(user))?.value).toBe('tokens')
})

test('what cannot be read can be replaced by who believes it absent, but not what can', async () => {
  const memory = memoryStore()
  await encrypted(memory, first).write(user, 'old', {})
  const store = encrypted(memory, second)
  expect(await store.read(user)).toBeNull()
  expect(await store.write(user, 'new', { version: null })).not.toBe('conflict')
  expect((await store.read(user))?.value).toBe('new')
  expect(await store.write(user, 'newer', { version: null })).toBe('conflict')
  expect((await store.read(user))?.value).toBe('new')
  // Who has read something, and finds what is not theirs to judge, reads again.
  memory.content.set(user, { value: 'unreadable', version: 'x' })
  expect(await store.write(user, 'newer', { version: 'what was read' })).toBe('conflict')
  expect(memory.content.get(user)).toEqual({ value: 'unreadable', version: 'x' })
})

test('a write that succeeds asks nothing more, and a value comes back to the letter', async () => {
  const memory = memoryStore()
  const read = vi.spyOn(memory, 'read')
  const store = encrypted(memory, first)
  const value = '\ufeff{"a":"\u00e9\ud83d\ude00"}'
  await store.write(user, value, { version: null })
  expect(read).not.toHaveBeenCalled()
  expect((await store.read(user))?.value).toBe(value)
})

test('of two who replace what cannot be read, one succeeds', async () => {
  const memory = memoryStore()
  memory.content.set(user, { value: 'unreadable', version: 'x' })
  let readers = 0
  let bothHaveRead!: () => void
  const barrier = new Promise<void>((resolve) => {
    bothHaveRead = resolve
  })
  const read = async (partition: string) => {
    const found = await memory.read(partition)
    if (++readers === 2) bothHaveRead()
    await barrier
    return found
  }
  const store = encrypted({ ...memory, read }, first)
  const outcomes = await Promise.all(['a', 'b'].map((value) => store.write(user, value, { version: null })))
  expect(outcomes.filter((outcome) => outcome === 'conflict')).toHaveLength(1)
})

test('options, names, signals and errors pass through; what the store lacks is lacking', async () => {
  const failure = new Error('store')
  const { signal } = new AbortController()
  const inner = {
    read: vi.fn(() => Promise.reject(failure)),
    write: vi.fn(async () => 'version'),
    remove: vi.fn(async () => {}),
  }
  const bare = encrypted(inner, first)
  expect(Object.keys(bare).sort()).toEqual(['read', 'remove', 'write'])
  await expect(bare.read(user)).rejects.toBe(failure)
  expect(await bare.write(user, 'x', { version: 'v', ttl: 5 })).toBe('version')
  expect(inner.write).toHaveBeenCalledWith(user, expect.stringMatching(/^A256GCM\./), { version: 'v', ttl: 5 })
  await bare.remove(user)
  expect(inner.remove).toHaveBeenCalledWith(user)
  const lock = vi.fn((_partition: string, task: () => Promise<unknown>) => task())
  const full = encrypted(
    {
      ...inner,
      list: async function* () {
        yield 'a'
      },
      lock: lock as NonNullable<CacheStore['lock']>,
    },
    first,
  )
  const names = full.list!()[Symbol.asyncIterator]()
  expect([await names.next(), await names.next()]).toMatchObject([{ value: 'a' }, { done: true }])
  expect(await full.lock!(user, async () => 'result', signal)).toBe('result')
  expect(lock).toHaveBeenCalledWith(user, expect.any(Function), signal)
})

test('keys of another kind, or without the usages they need, are refused at once', async () => {
  const hmac = await crypto.subtle.generateKey({ name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  const cbc = await crypto.subtle.generateKey({ name: 'AES-CBC', length: 256 }, false, ['encrypt', 'decrypt'])
  const refused = [
    [],
    [await newKey(128)],
    hmac,
    cbc,
    [await newKey(256, ['decrypt'])],
    [first, await newKey(256, ['encrypt'])],
    undefined,
    'key',
    [null],
  ]
  for (const keys of refused) {
    expect(() => encrypted(memoryStore(), keys as CryptoKey)).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
  }
  encrypted(memoryStore(), [first, await newKey(256, ['decrypt'])])
})
