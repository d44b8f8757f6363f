import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, vi } from 'vitest'

export const user = 'user:uid.utid'
/** A partition's value with one token. */
export const tokenOf = (secret: string, owner = 'uid.utid') =>
  JSON.stringify({ AccessToken: { [`${owner}-token`]: { home_account_id: owner, secret } } })

export let folder: string
export const newPath = () => join(folder, crypto.randomUUID(), 'cache.json')
export const beside = (path: string) => readdir(dirname(path))

/** A file with this content, in a folder of its own. */
export async function existing(content: string | Uint8Array): Promise<string> {
  const path = newPath()
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, content)
  return path
}

export type Files = typeof import('node:fs/promises')
export const failure = (code: string) => Object.assign(new Error(code), { code })

/** A file store over a file system that behaves in another way. Other stores load the modules when they are used first: they may get it too. */
export async function withFiles(change: (fs: Files) => Partial<Files>) {
  const fs = await vi.importActual<Files>('node:fs/promises')
  vi.resetModules()
  vi.doMock('node:fs/promises', () => ({ ...fs, ...change(fs) }))
  const module = await import('../../src/node/file-store.ts')
  return { fileStore: module.fileStore, path: newPath() }
}

/** Makes the folder and takes it away, with all that was mocked. */
export function inFolder(): void {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'file-store-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))
  afterEach(() => {
    vi.doUnmock('node:fs/promises')
    vi.resetModules()
    vi.useRealTimers()
  })
}
