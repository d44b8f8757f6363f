import { ClientConfigurationError } from '../core/index.ts'
import type { FileLock } from './file-lock.ts'
import { errorCode, type FileSystem, sleep } from './file-system.ts'

/** The bytes of a file; null where there is none. What is no plain file is refused: a symbolic link would let others choose what is read. */
export async function readWhole({ fs }: FileSystem, path: string): Promise<Uint8Array | null> {
  for (let attempt = 1; ; attempt++) {
    try {
      if (!(await fs.lstat(path)).isFile()) {
        throw new ClientConfigurationError('invalid_argument', 'The path of the cache file is a symbolic link, a folder or a device.')
      }
      return await fs.readFile(path)
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return null
      if (!(await worthAnotherTry(error, attempt))) throw error
    }
  }
}

/** The lock went to somebody else before the file was replaced: what was to be written may be out of date. */
export class LockLost extends Error {}

/** Where the holder of a lock writes what replaces the file. */
export const temporaryPath = (path: string, token: string): string => `${path}.${token}.tmp`

/**
 * Replaces a file under a lock: readers see all of the old content or all of the new, and once this resolves the new one is on the disk.
 * Whoever takes the lock over removes the temporary file first, so that a frozen holder that wakes up has nothing to rename. Throws
 * {@link LockLost} then, and leaves no trace when anything else fails.
 */
export async function replaceWhole(system: FileSystem, path: string, bytes: Uint8Array, lock: FileLock): Promise<void> {
  const { fs } = system
  const temporary = temporaryPath(path, lock.token)
  try {
    const handle = await fs.open(temporary, 'wx', 0o600)
    try {
      await handle.writeFile(bytes)
      await handle.sync()
    } finally {
      await handle.close()
    }
    if (!(await lock.isOwned())) throw new LockLost()
    await rename(system, temporary, path)
  } catch (error) {
    await fs.rm(temporary, { force: true }).catch(() => {})
    throw error
  }
  await syncFolder(system, path)
}

async function rename({ fs }: FileSystem, from: string, to: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await fs.rename(from, to)
    } catch (error) {
      if (errorCode(error) === 'ENOENT') throw new LockLost()
      if (!(await worthAnotherTry(error, attempt))) throw error
    }
  }
}

/** Windows refuses what virus scanners and readers have open at that moment. Elsewhere these errors are rare here, and the wait is short. */
async function worthAnotherTry(error: unknown, attempt: number): Promise<boolean> {
  if (attempt > 10 || !['EPERM', 'EACCES', 'EBUSY'].includes(String(errorCode(error)))) return false
  await sleep(attempt * 10)
  return true
}

/** A rename is on the disk once its folder is. Windows cannot sync a folder, and keeps a journal. */
async function syncFolder({ fs, path: { dirname } }: FileSystem, path: string): Promise<void> {
  try {
    const handle = await fs.open(dirname(path), 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch {
    // The content itself has been synced, and the file system has accepted its name.
  }
}

/** Gives a file that cannot be read another name, so that nothing of it is lost. */
export async function setAside({ fs }: FileSystem, path: string): Promise<void> {
  for (let stamp = Date.now(); ; stamp++) {
    const aside = `${path}.broken-${stamp}`
    try {
      await fs.lstat(aside)
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error
      return await fs.rename(path, aside)
    }
  }
}
