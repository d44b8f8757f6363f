import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { fileStore } from '../../src/node/file-store.ts'
import { fileSystem } from '../../src/node/file-system.ts'
import { beside, type Files, failure, inFolder, tokenOf, user, withFiles } from './file-store-support.ts'

inFolder()

/** As if the holder of a lock had ended, so that another takes over. */
async function letDie(path: string): Promise<void> {
  await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), pid: 2 ** 22 + 1 }))
}

describe('a file system that refuses', () => {
  const temporary = (method: 'writeFile' | 'sync' | 'open', code: string) => (fs: Files) => ({
    open: (async (path: string, ...rest: ['wx', number]) => {
      if (!path.endsWith('.tmp')) return fs.open(path, ...rest)
      if (method === 'open') throw failure(code)
      return Object.assign(await fs.open(path, ...rest), { [method]: () => Promise.reject(failure(code)) })
    }) as Files['open'],
  })

  test.each([
    ['ENOSPC', 'a full disk', temporary('writeFile', 'ENOSPC')],
    ['EIO', 'a disk that cannot sync', temporary('sync', 'EIO')],
    ['EACCES', 'a folder that may not be written', temporary('open', 'EACCES')],
    ['EXDEV', 'a rename that fails', () => ({ rename: () => Promise.reject(failure('EXDEV')) })],
    ['EPERM', 'a rename that is never allowed', () => ({ rename: () => Promise.reject(failure('EPERM')) })],
  ] as const)('S49 %s, %s: the write rejects and the old file stays', async (code, _name, change) => {
    const { fileStore: failing, path } = await withFiles(change)
    await mkdir(dirname(path))
    await writeFile(path, tokenOf('one'))
    const store = failing(path)
    const writes = [store.write(user, tokenOf('two'), {}), store.remove(user)]
    expect((await Promise.allSettled(writes)).map((outcome) => (outcome as PromiseRejectedResult).reason?.code)).toEqual([code, code])
    expect((await store.read(user))?.value).toBe(tokenOf('one'))
    expect(await beside(path)).toEqual(['cache.json'])
  })

  test.each(['EPERM', 'EACCES', 'EBUSY'])('S49 %s from a rename on Windows passes', async (code) => {
    let refusals = 3
    const { fileStore, path } = await withFiles((fs) => ({
      rename: async (...parameters) => {
        if (refusals-- > 0) throw failure(code)
        await fs.rename(...parameters)
      },
    }))
    await fileStore(path).write(user, tokenOf('one'), {})
    expect((await fileStore(path).read(user))?.value).toBe(tokenOf('one'))
    expect(refusals).toBe(-1)
  })

  test.each(['open', 'rename'] as const)(
    'S31 a writer that lost its lock before its last %s begins anew, with what others wrote',
    async (step) => {
      let others: (() => Promise<void>) | undefined
      const { fileStore: frozen, path } = await withFiles((fs) => ({
        [step]: async (from: string, ...rest: [never]) => {
          if (from.endsWith('.tmp')) await others?.()
          return await fs[step](from, ...rest)
        },
      }))
      await fileStore(path).write(user, tokenOf('one'), {})
      const store = frozen(path)
      const version = (await store.read(user))!.version
      others = async () => {
        others = undefined
        // As if the process had ended and another had taken over.
        const lock = JSON.parse(await readFile(`${path}.lock`, 'utf8'))
        await writeFile(`${path}.lock`, JSON.stringify({ ...lock, pid: 2 ** 22 + 1 }))
        await fileStore(path).write(user, tokenOf('theirs'), {})
      }
      const written = [
        store.write(user, tokenOf('ours'), { version }),
        store.write('user:b.utid', tokenOf('b', 'b.utid'), { version: null }),
      ]
      expect(await Promise.all(written)).toEqual(['conflict', expect.stringMatching(/./)])
      expect((await store.read(user))?.value).toBe(tokenOf('theirs'))
      expect((await store.read('user:b.utid'))?.value).toBe(tokenOf('b', 'b.utid'))
      expect(await beside(path)).toEqual(['cache.json'])
    },
  )

  test('S31 a writer that lost its lock does not set aside what others wrote in the place of a broken file', async () => {
    let reads = 0
    const { fileStore: frozen, path } = await withFiles((fs) => ({
      readFile: (async (name: string, ...rest: []) => {
        const content = await fs.readFile(name, ...rest)
        if (name.endsWith('cache.json') && ++reads === 2) {
          await letDie(`${path}.lock`)
          await fileStore(path).write(user, tokenOf('theirs'), {})
        }
        return content
      }) as Files['readFile'],
    }))
    await mkdir(dirname(path))
    await writeFile(path, 'broken')
    await frozen(path).write('user:b.utid', tokenOf('b', 'b.utid'), {})
    expect((await fileStore(path).read(user))?.value).toBe(tokenOf('theirs'))
    expect((await beside(path)).filter((name) => name.includes('broken'))).toHaveLength(1)
  })

  test.each([
    ['without node:fs', () => Promise.reject(new Error('No such module'))],
    ['with an empty one, as bundlers make', () => ({ open: undefined, default: {} })],
  ])('%s every method rejects with environment_unsupported', async (_name, module) => {
    vi.resetModules()
    vi.doMock('node:fs/promises', module as () => object)
    const { fileStore } = await import('../../src/node/file-store.ts')
    const store = fileStore('cache.json')
    const names = store.list!()[Symbol.asyncIterator]()
    const calls = [store.read(user), store.write(user, '{}', {}), store.remove(user), store.lock!(user, async () => {}), names.next()]
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: 'environment_unsupported', action: 'reconfigure' })
  })
})

test.each([
  ['EPERM', false],
  ['ERR_ACCESS_DENIED', false],
  ['ESRCH', true],
])('a process about which the system says %s has ended: %s', async (code, ended) => {
  const kill = () => {
    throw failure(code)
  }
  vi.doMock('node:process', () => ({ kill, pid: 1, default: {} }))
  const { hasEnded } = await fileSystem('test')
  vi.doUnmock('node:process')
  expect(hasEnded(2)).toBe(ended)
})
