import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { fileStore } from '../../src/node/file-store.ts'
import { beside, type Files, failure, inFolder, tokenOf, user, withFiles } from './file-store-support.ts'

inFolder()

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
