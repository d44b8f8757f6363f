import { chmod, mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { fileStore } from '../../src/node/file-store.ts'
import { beside, existing, failure, folder, inFolder, newPath, tokenOf, user, withFiles } from './file-store-support.ts'

inFolder()
const modeOf = async (path: string) => (await stat(path)).mode & 0o777

test("S49 the file is its owner's alone, and so are the folders made for it; nothing else stays there", async () => {
  const path = join(folder, 'a', 'b', 'cache.json')
  await fileStore(path).write(user, tokenOf('one'), {})
  expect([await modeOf(path), await modeOf(dirname(path)), await modeOf(join(folder, 'a'))]).toEqual([0o600, 0o700, 0o700])
  expect(await beside(path)).toEqual(['cache.json'])
})

test('S49 a file that others could read is theirs no longer; a folder that was there stays as it is', async () => {
  const path = await existing(tokenOf('one'))
  await chmod(path, 0o644)
  await chmod(dirname(path), 0o755)
  await fileStore(path).write(user, tokenOf('two'), {})
  expect([await modeOf(path), await modeOf(dirname(path))]).toEqual([0o600, 0o755])
})

test('S49 a symbolic link, a dangling one too, or a folder is refused, and what it points to stays as it is', async () => {
  const target = await existing(tokenOf('one'))
  const link = join(dirname(target), 'link')
  const dangling = join(dirname(target), 'dangling')
  await symlink(target, link)
  await symlink(join(dirname(target), 'nowhere'), dangling)
  const refusal = { name: 'ClientConfigurationError', code: 'invalid_argument' }
  for (const path of [link, dangling, dirname(target)]) {
    await expect(fileStore(path).read(user)).rejects.toMatchObject(refusal)
    await expect(fileStore(path).write(user, tokenOf('two'), {})).rejects.toMatchObject(refusal)
    await expect(fileStore(path).remove(user)).rejects.toMatchObject(refusal)
  }
  expect(await readFile(target, 'utf8')).toBe(tokenOf('one'))
  expect(await beside(target)).toEqual(['cache.json', 'dangling', 'link'])
})

test('what is read is what is in the file now, whoever wrote it', async () => {
  const path = await existing(tokenOf('one'))
  const store = fileStore(path)
  const first = await store.read(user)
  await writeFile(path, tokenOf('two'))
  expect((await store.read(user))?.value).toBe(tokenOf('two'))
  expect(await store.write(user, tokenOf('three'), { version: first!.version })).toBe('conflict')
  await rm(path)
  expect(await store.read(user)).toBeNull()
})

test('many writes at once are one or two writes of the file', async () => {
  const renames = vi.fn()
  const { fileStore, path } = await withFiles((fs) => ({ rename: renames.mockImplementation(fs.rename) }))
  const store = fileStore(path)
  const names = Array.from({ length: 50 }, (_, index) => `user:${index}.utid`)
  const versions = await Promise.all(names.map((name) => store.write(name, tokenOf(name, name.slice(5)), { version: null })))
  expect(renames.mock.calls.length).toBeLessThanOrEqual(2)
  expect(await Promise.all(names.map(async (name) => (await store.read(name))?.version))).toEqual(versions)
})

test('a path that is empty is refused at once', () => {
  for (const path of ['', undefined]) expect(() => fileStore(path as string)).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
})

describe('a broken file', () => {
  const flipped = Buffer.from(tokenOf('one'))
  flipped[5] = 0xff
  test.each([
    ['cut off', tokenOf('one').slice(0, -3)],
    ['an array', '[]'],
    ['a text', '"x"'],
    ['null', 'null'],
    ['with a section that is none', '{"AccessToken":[]}'],
    ['not UTF-8', flipped],
    ['HTML', '<html>'],
  ])('S44 %s is set aside, whole, and the cache goes on', async (_name, content) => {
    const path = await existing(content)
    const store = fileStore(path)
    expect(await store.read(user)).toBeNull()
    const [aside, ...others] = await beside(path)
    expect(aside).toMatch(/^cache\.json\.broken-\d+$/)
    expect(others).toEqual([])
    expect(await readFile(join(dirname(path), aside!))).toEqual(Buffer.from(content))
    await store.write(user, tokenOf('two'), { version: null })
    expect((await store.read(user))?.value).toBe(tokenOf('two'))
  })

  test('S44 a write sets it aside as well, and a second one does not replace the first', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const path = await existing('first')
    const store = fileStore(path)
    await store.write(user, tokenOf('one'), { version: null })
    await writeFile(path, 'second')
    expect(await store.read(user)).toBeNull()
    await writeFile(path, 'third')
    await store.remove(user)
    const copies = (await beside(path)).filter((name) => name.includes('broken'))
    expect((await Promise.all(copies.map((name) => readFile(join(dirname(path), name), 'utf8')))).sort()).toEqual([
      'first',
      'second',
      'third',
    ])
  })

  test('S44 one that cannot be renamed reads as absent, and is not overwritten', async () => {
    const { fileStore, path } = await withFiles(() => ({ rename: () => Promise.reject(failure('EXDEV')) }))
    await mkdir(dirname(path))
    await writeFile(path, 'broken')
    expect(await fileStore(path).read(user)).toBeNull()
    await expect(fileStore(path).write(user, tokenOf('one'), {})).rejects.toMatchObject({ code: 'EXDEV' })
    expect(await readFile(path, 'utf8')).toBe('broken')
  })

  test.each(['', '{"AccessToken":'])('one that another MSAL is just writing in place (%j so far) is waited for', async (start) => {
    const path = await existing(start)
    setTimeout(() => writeFile(path, tokenOf('theirs')), 20)
    const store = fileStore(path)
    await Promise.all([store.write('user:other.utid', tokenOf('ours', 'other.utid'), {}), store.read(user)])
    expect((await store.read(user))?.value).toBe(tokenOf('theirs'))
    expect(await beside(path)).toEqual(['cache.json'])
  })

  test('an empty file is an empty cache', async () => {
    const path = await existing('')
    expect(await fileStore(path).read(user)).toBeNull()
    await fileStore(path).write(user, tokenOf('one'), { version: null })
    expect(await beside(path)).toEqual(['cache.json'])
  })
})

describe('with a cipher', () => {
  const invert = (bytes: Uint8Array) => bytes.map((byte) => byte ^ 0xff)
  const cipher = { encrypt: async (bytes: Uint8Array) => invert(bytes), decrypt: async (bytes: Uint8Array) => invert(bytes) }

  test('the whole content goes through it', async () => {
    const path = newPath()
    await fileStore(path, { cipher }).write(user, tokenOf('one'), {})
    const content = await readFile(path)
    expect(content.toString('latin1')).not.toMatch(/uid|AccessToken|one/)
    expect(JSON.parse(Buffer.from(invert(content)).toString()).AccessToken).toEqual(JSON.parse(tokenOf('one')).AccessToken)
    expect((await fileStore(path, { cipher }).read(user))?.value).toBe(tokenOf('one'))
  })

  test('S44 what it cannot decrypt is set aside', async () => {
    const path = await existing('sealed by another')
    const decrypt = vi.fn(() => Promise.reject(new Error('another key')))
    expect(await fileStore(path, { cipher: { ...cipher, decrypt } }).read(user)).toBeNull()
    expect((await beside(path)).join()).toMatch(/^cache\.json\.broken-\d+$/)
    // Each call may ask a person.
    expect(decrypt.mock.calls.length).toBeLessThanOrEqual(2)
  })

  test('where it does not encrypt nothing is written', async () => {
    const path = newPath()
    await fileStore(path, { cipher }).write(user, tokenOf('one'), {})
    const encrypt = () => Promise.reject(new Error('locked'))
    const store = fileStore(path, { cipher: { ...cipher, encrypt } })
    await expect(store.write(user, tokenOf('two'), {})).rejects.toThrow('locked')
    expect((await store.read(user))?.value).toBe(tokenOf('one'))
    expect(await beside(path)).toEqual(['cache.json'])
  })
})

test('a relative path counts from the working directory of the first use', async () => {
  const path = newPath()
  const store = fileStore('cache.json')
  const before = process.cwd
  await mkdir(dirname(path))
  process.cwd = () => dirname(path)
  await store.write(user, tokenOf('one'), {})
  process.cwd = before
  expect((await store.read(user))?.value).toBe(tokenOf('one'))
  expect(await beside(path)).toEqual(['cache.json'])
})
