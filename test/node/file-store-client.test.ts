import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { expect, test, vi } from 'vitest'
import { SerializableTokenCache, TokenCache } from '../../src/core/index.ts'
import { fileStore } from '../../src/node/file-store.ts'
import { publicClient, scopes } from '../core/client/support.ts'
import { alice, FakeProvider } from '../support/fake-provider.ts'
import { beside, type Files, failure, inFolder, withFiles } from './file-store-support.ts'

inFolder()

/** The code of the error with which the disk refuses; empty: it does not. */
let code = ''
const check = (concerned = true) => {
  if (code && concerned) throw failure(code)
}
const isNew = (path: unknown) => String(path).endsWith('.tmp')

/** Where a write meets the refusal. */
const places = {
  'at open': (fs) => ({
    open: (async (path: string, ...rest: [never]) => {
      check(isNew(path))
      return fs.open(path, ...rest)
    }) as Files['open'],
  }),
  'at write': (fs) => ({
    open: (async (path: string, ...rest: [never]) => {
      const handle = await fs.open(path, ...rest)
      const writeFile = handle.writeFile.bind(handle)
      const half = async (bytes: Uint8Array) => {
        await writeFile(code ? bytes.subarray(0, bytes.length / 2) : bytes)
        check()
      }
      return isNew(path) ? Object.assign(handle, { writeFile: half }) : handle
    }) as Files['open'],
  }),
  'at rename': (fs) => ({
    rename: async (from, to) => {
      check(isNew(from))
      await fs.rename(from, to)
    },
  }),
  'at everything but reading': (fs) => {
    const refusing = (name: 'mkdir' | 'rename' | 'rm' | 'utimes') => ({
      [name]: async (...parameters: unknown[]) => {
        check()
        return (fs[name] as (...parameters: unknown[]) => unknown)(...parameters)
      },
    })
    const open = (async (path: string, flags: string, ...rest: []) => {
      if (flags !== 'r') check()
      return fs.open(path, flags, ...rest)
    }) as Files['open']
    return { open, ...refusing('mkdir'), ...refusing('rename'), ...refusing('rm'), ...refusing('utimes') }
  },
} satisfies Record<string, (fs: Files) => Partial<Files>>

const cases = ['ENOSPC', 'EROFS'].flatMap((refusal) => Object.entries(places).map(([place, change]) => [refusal, place, change] as const))

test.each(cases)(
  'S49 a disk that refuses with %s %s: the token is returned, the application is told, and the old file is whole',
  async (refusal, _place, change) => {
    code = ''
    const { fileStore: moody, path } = await withFiles(change)
    await mkdir(dirname(path))
    const provider = new FakeProvider()
    const onStoreError = vi.fn()
    const clientOn = (store: typeof fileStore) =>
      publicClient(provider, { tokenCache: new TokenCache({ store: store(path), onStoreError, revalidateAfter: 0 }) })
    const app = clientOn(moody)
    const { account } = await app.acquireTokenByRefreshToken({ refreshToken: provider.refreshTokenOf(alice), scopes })
    expect(onStoreError).not.toHaveBeenCalled()
    const before = await readFile(path, 'utf8')

    code = refusal
    const request = { scopes, account, forceRefresh: true }
    const fresh = await app.acquireTokenSilentWithError(request)
    expect(fresh).toMatchObject({ tokenSource: 'identity_provider', account })
    expect(onStoreError).toHaveBeenCalledWith(expect.objectContaining({ code: refusal }))
    expect(await readFile(path, 'utf8')).toBe(before)
    expect((await beside(path)).filter((name) => !name.endsWith('.locks'))).toEqual(['cache.json'])
    const whole = new SerializableTokenCache()
    whole.deserialize(before)
    expect(await whole.find('AccessToken')).toHaveLength(1)
    // This process has the token all the same.
    expect(await app.acquireTokenSilent({ scopes, account })).toMatchObject({ tokenSource: 'cache', accessToken: fresh!.accessToken })

    code = ''
    const next = await app.acquireTokenSilentWithError(request)
    const elsewhere = await clientOn(fileStore).acquireTokenSilent({ scopes, account })
    expect(elsewhere).toMatchObject({ tokenSource: 'cache', accessToken: next!.accessToken })
  },
)
