import { NetworkError } from '../core/index.ts'
import { randomBase64Url } from '../core/util/crypto.ts'
import { parseRecord } from '../core/util/record.ts'
import { errorCode, type FileSystem, isBusy, sleep } from './file-system.ts'

/** A holder shows this often that it lives, and is given up after that long without: taken over in less than 5 s after its death. */
const beatEvery = 1000
const deadAfter = 4000
/** The longest wait for a lock. */
const patience = 10_000
/** The longest pause between two tries. */
const longestPause = 40

export interface FileLockOptions {
  /** Ends the wait: rejects with `aborted`. */
  signal?: AbortSignal | undefined
  /** Runs before the lock of a dead or frozen holder is taken away from it, with that holder's token. */
  beforeTakeover?: ((token: string) => Promise<void>) | undefined
}

/** A lock that is held. */
export interface FileLock {
  /** Random, of this one holding. */
  readonly token: string
  /**
   * Whether nobody has taken it over, nor begun to. What was written to a file before a `true`, and is removed by `beforeTakeover`,
   * is gone before anybody else gets the lock.
   */
  isOwned(): Promise<boolean>
  /** Gives it back; once it is another's, nothing happens. */
  release(): Promise<void>
}

interface Holder {
  /** Empty while the file is being written. */
  token: string
  pid: unknown
  machine: unknown
  modified: number
}

/**
 * Holds a lock among all processes that can see a path: a file is there while it is held, and tells by whom.
 *
 * A holder that has died, or that has shown no life for 4 s (it is frozen, or on another machine), is taken over. It finds out when it asks
 * `isOwned()`, and its `release()` leaves the next holder's lock alone. Rejects with `NetworkError` `timed_out` after 10 s, `aborted` when
 * the signal is, and with the file system's error where no file can be made.
 *
 * Nobody removes a lock without a claim: a file named after the lock's token, which one process at a time can make. Under it the lock is
 * read once more. So of all who see the same dead holder one removes its lock, and none can remove the lock that follows.
 */
export async function acquireFileLock(system: FileSystem, path: string, options: FileLockOptions = {}): Promise<FileLock> {
  const { signal, beforeTakeover } = options
  const token = randomBase64Url(16)
  const started = performance.now()
  let checked = started
  let state = ''
  let unchanged = 0
  for (let pause = 2; ; pause = Math.min(pause * 1.5, longestPause)) {
    if (signal?.aborted) throw new NetworkError('aborted', 'The wait for the lock of the cache was aborted.', { cause: signal.reason })
    if (await create(system, path, token)) return held(system, path, token)
    const holder = await readHolder(system, path)
    const now = performance.now()
    if (holder) {
      const seen = `${holder.token} ${holder.modified}`
      // Observed life counts, not clocks, which differ between machines; and a waiter that was frozen itself has observed nothing.
      unchanged = seen === state ? unchanged + Math.min(now - checked, 4 * longestPause) : 0
      state = seen
      checked = now
      const over = hasEnded(system, holder) || unchanged >= deadAfter
      if (over && (await removeLock(system, path, holder.token, beforeTakeover))) continue
    }
    if (now - started >= patience) throw new NetworkError('timed_out', 'Somebody else held the lock of the cache for 10 s.')
    await sleep(pause * (0.5 + Math.random() / 2))
  }
}

function hasEnded({ machine, hasEnded }: FileSystem, holder: Holder): boolean {
  return machine !== '' && holder.machine === machine && typeof holder.pid === 'number' && hasEnded(holder.pid)
}

function held(system: FileSystem, path: string, token: string): FileLock {
  let beating: Promise<void> | undefined
  const timer = setInterval(() => {
    beating ??= beat(system, path, token).finally(() => {
      beating = undefined
    })
  }, beatEvery)
  // What the lock is held for keeps the process alive, or nothing does. In Deno a timer may be a number.
  ;(timer as { unref?: () => void }).unref?.()
  return {
    token,
    async isOwned() {
      // In this order: the claim goes when the lock has gone, so that one of the two is seen.
      if (await exists(system, claimPath(path, token))) return false
      return (await readHolder(system, path))?.token === token
    },
    async release() {
      clearInterval(timer)
      await beating
      try {
        // The second time where somebody died while taking it over.
        if (!(await removeLock(system, path, token))) await removeLock(system, path, token)
      } catch {
        // It is taken over by and by: no reason to fail what was done under it.
      }
    },
  }
}

async function beat(system: FileSystem, path: string, token: string): Promise<void> {
  try {
    const now = new Date()
    if ((await readHolder(system, path))?.token === token) await system.fs.utimes(path, now, now)
  } catch {
    // The next beat may succeed; without one the lock is lost, which `isOwned` tells.
  }
}

/** Makes the lock's file; false where there is one. */
async function create(system: FileSystem, path: string, token: string): Promise<boolean> {
  const { fs, pid, machine } = system
  const handle = await openNew(system, path)
  if (!handle) return false
  try {
    await handle.writeFile(JSON.stringify({ token, pid, machine }))
  } catch (error) {
    await fs.rm(path, { force: true })
    throw error
  } finally {
    await handle.close()
  }
  return true
}

async function openNew({ fs, path: { dirname } }: FileSystem, path: string) {
  for (let folderMade = false; ; folderMade = true) {
    try {
      return await fs.open(path, 'wx', 0o600)
    } catch (error) {
      if (errorCode(error) === 'EEXIST' || isBusy(error)) return undefined
      if (folderMade) throw error
      await fs.mkdir(dirname(path), { recursive: true, mode: 0o700 })
    }
  }
}

async function readHolder({ fs }: FileSystem, path: string): Promise<Holder | undefined> {
  try {
    const [text, { mtimeMs }] = await Promise.all([fs.readFile(path, 'utf8'), fs.stat(path)])
    const { token, pid, machine } = parseRecord(text) ?? {}
    return { token: typeof token === 'string' ? token : '', pid, machine, modified: mtimeMs }
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || isBusy(error)) return undefined
    throw error
  }
}

const claimSuffix = '.claim'
const claimPath = (path: string, token: string) => `${path}.${token || 'nameless'}${claimSuffix}`

/** Removes the lock with this token, if that is what is there; false where another process has the claim to do it, or has died with it. */
async function removeLock(system: FileSystem, path: string, token: string, before?: (token: string) => Promise<void>): Promise<boolean> {
  const claim = claimPath(path, token)
  const claimToken = randomBase64Url(16)
  if (!(await create(system, claim, claimToken))) {
    const claimant = await readHolder(system, claim)
    // A claim is a lock, and what was said of locks holds for it.
    if (claimant && (hasEnded(system, claimant) || Date.now() - claimant.modified > deadAfter)) {
      await removeLock(system, claim, claimant.token)
    }
    return false
  }
  try {
    if ((await readHolder(system, path))?.token !== token) return true
    await before?.(token)
    await system.fs.unlink(path)
    return true
  } finally {
    if ((await readHolder(system, claim))?.token === claimToken) await system.fs.rm(claim, { force: true })
  }
}

/** Removes the claims that processes left which died between two system calls, from a folder with names of this beginning. They are in nobody's way. */
export async function removeOldClaims({ fs, path: { join } }: FileSystem, folder: string, beginning: string): Promise<void> {
  try {
    for (const name of await fs.readdir(folder)) {
      if (!name.startsWith(beginning) || !name.endsWith(claimSuffix)) continue
      const claim = join(folder, name)
      if (Date.now() - (await fs.stat(claim)).mtimeMs > 60_000) await fs.rm(claim, { force: true })
    }
  } catch {
    // Another time.
  }
}

async function exists({ fs }: FileSystem, path: string): Promise<boolean> {
  try {
    await fs.lstat(path)
    return true
  } catch (error) {
    return errorCode(error) !== 'ENOENT'
  }
}
