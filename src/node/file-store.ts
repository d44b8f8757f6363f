import type { CacheStore } from '../core/index.ts'
import { ClientConfigurationError, NetworkError } from '../core/index.ts'
import { encodeBase64Url } from '../core/util/base64url-encode.ts'
import { checkOptions } from '../core/util/check-options.ts'
import { sha256 } from '../core/util/crypto.ts'
import { acquireFileLock, removeOldClaims } from './file-lock.ts'
import { type FileSystem, fileSystem, sleep } from './file-system.ts'
import { UnifiedFile } from './unified-file.ts'
import { LockLost, readWhole, replaceWhole, setAside, temporaryPath } from './whole-file.ts'

/** Encrypts the content of a file: Electron's `safeStorage`, a keychain, DPAPI. */
export interface FileCipher {
  /** Bytes that only `decrypt` can read. */
  encrypt(bytes: Uint8Array): Promise<Uint8Array>
  /** Rejects what it cannot decrypt, or what has been tampered with. */
  decrypt(bytes: Uint8Array): Promise<Uint8Array>
}

/** Options of {@link fileStore}. */
export interface FileStoreOptions {
  /** Encrypts the whole file. Default: none; the file is readable by its owner only (mode 0600), and by the other MSALs. */
  cipher?: FileCipher | undefined
}

/**
 * Keeps a token cache in one file, for any number of processes at once (Node.js, Deno, Bun).
 *
 * Without a cipher the file is in the unified schema: MSAL Python, MSAL Node and MSAL .NET can use the same file in turns. It is replaced
 * as a whole, so that it is complete at any moment, and what has been acknowledged survives a crash. A file that cannot be read or
 * decrypted is renamed to `{name}.broken-{time}` and the cache starts empty. Folders that are missing are made with mode 0700. Beside the
 * file there are, while they are in use, `{name}.lock` and the folder `{name}.locks`.
 *
 * The store rejects with `NetworkError` `timed_out` where a lock cannot be had for 10 s, `aborted` where waiting for one is, with
 * `ClientConfigurationError` `invalid_argument` where the path is a symbolic link or a folder, `environment_unsupported` in a runtime
 * without the modules of Node.js, and with the file system's own error where it refuses (`ENOSPC`, `EACCES`); the file stays as it was then.
 *
 * @param path Of the file; a relative one counts from the working directory of the first use.
 * @throws ClientConfigurationError `invalid_argument` for a path that is empty, or options that are none
 * @example
 * ```ts
 * const tokenCache = new TokenCache({ store: fileStore(join(homedir(), '.my-tool', 'tokens.json')) })
 * ```
 */
export function fileStore(path: string, options: FileStoreOptions = {}): CacheStore {
  if (typeof path !== 'string' || !path) throw new ClientConfigurationError('invalid_argument', 'path must be the name of a file.')
  checkOptions(options, /cipher (?!object)/)
  const { cipher } = options
  if (cipher !== undefined && ![cipher?.encrypt, cipher?.decrypt].every((step) => typeof step === 'function'))
    throw new ClientConfigurationError('invalid_argument', 'cipher must have encrypt() and decrypt().')
  let opened: Promise<CacheFile> | undefined
  const file = () => {
    opened ??= fileSystem('fileStore()').then((system) => new CacheFile(system, system.path.resolve(path), cipher))
    return opened
  }
  return {
    read: async (partition) => await (await (await file()).content()).read(partition),
    write: async (partition, value, { version, ttl }) =>
      await (await file()).update(async (content) => {
        if (version !== undefined && version !== ((await content.read(partition))?.version ?? null)) return 'conflict'
        content.write(partition, value, ttl)
        return (await content.read(partition))?.version ?? ''
      }),
    remove: async (partition) => await (await file()).update(async (content) => content.remove(partition)),
    async *list() {
      yield* (await (await file()).content()).list()
    },
    lock: async (partition, task, signal) => await (await file()).locked(partition, task, signal),
  }
}

interface Update {
  apply(content: UnifiedFile): Promise<unknown>
  resolve(result: never): void
  reject(error: unknown): void
}

class CacheFile {
  readonly #system: FileSystem
  readonly #path: string
  readonly #cipher: FileCipher | undefined
  /** What was read last: most reads find the same bytes again. */
  #latest: { bytes: Uint8Array; content: UnifiedFile } | undefined
  #waiting: Update[] = []
  #writing = false
  #tidy = false

  constructor(system: FileSystem, path: string, cipher: FileCipher | undefined) {
    this.#system = system
    this.#path = path
    this.#cipher = cipher
  }

  /** The content as it is now; not to be changed. */
  async content(): Promise<UnifiedFile> {
    const found = await this.#read(true)
    if (found) return found
    try {
      return await this.update(async (content) => content)
    } catch {
      // The broken file could not be renamed; a write will say why.
      return UnifiedFile.parse('')!
    }
  }

  /** Changes the content. Whoever comes while the file is being written goes into the next writing together. */
  update<T>(apply: (content: UnifiedFile) => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ apply, resolve, reject })
      if (!this.#writing) this.#writeAll()
    })
  }

  async locked<T>(partition: string, task: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    // Names of partitions are long, and hold what no file name may.
    const name = encodeBase64Url(await sha256(partition))
    const path = this.#system.path.join(`${this.#path}.locks`, name)
    const lock = await acquireFileLock(this.#system, path, { signal })
    try {
      return await task()
    } finally {
      await lock.release()
    }
  }

  async #writeAll(): Promise<void> {
    this.#writing = true
    for (let lost = 0; this.#waiting.length; ) {
      let batch: Update[] = []
      try {
        const results = await this.#locked(async (content) => {
          batch = this.#waiting.splice(0)
          const applied: unknown[] = []
          for (const { apply } of batch) applied.push(await apply(content))
          return applied
        })
        batch.forEach(({ resolve }, index) => {
          resolve(results[index] as never)
        })
        lost = 0
      } catch (error) {
        // Somebody else has written meanwhile: once more, with what is there now.
        if (error instanceof LockLost && ++lost < 5) this.#waiting.unshift(...batch)
        else {
          lost = 0
          for (const { reject } of batch.length ? batch : this.#waiting.splice(0)) reject(failure(error))
        }
      }
    }
    this.#writing = false
  }

  /** Reads, changes and replaces the file while nobody else does. */
  async #locked<T>(change: (content: UnifiedFile) => Promise<T>): Promise<T> {
    const system = this.#system
    const lock = await acquireFileLock(system, `${this.#path}.lock`, {
      beforeTakeover: (token) => system.fs.rm(temporaryPath(this.#path, token), { force: true }),
    })
    try {
      let content = await this.#read(false)
      if (!content) {
        if (!(await lock.isOwned())) throw new LockLost()
        await setAside(system, this.#path)
        content = UnifiedFile.parse('')!
      }
      const result = await change(content)
      if (content.changed) {
        const bytes = new TextEncoder().encode(content.toString())
        await replaceWhole(system, this.#path, this.#cipher ? await this.#cipher.encrypt(bytes) : bytes, lock)
        await this.#tidyOnce()
      }
      return result
    } finally {
      await lock.release()
    }
  }

  async #tidyOnce(): Promise<void> {
    if (this.#tidy) return
    this.#tidy = true
    const { basename, dirname } = this.#system.path
    await removeOldClaims(this.#system, dirname(this.#path), `${basename(this.#path)}.lock.`)
    await removeOldClaims(this.#system, `${this.#path}.locks`, '')
  }

  /** Undefined where the file is broken. */
  async #read(shared: boolean): Promise<UnifiedFile | undefined> {
    let previous: Uint8Array | undefined
    for (let attempt = 1; ; attempt++) {
      const bytes = await readWhole(this.#system, this.#path)
      if (!bytes) return UnifiedFile.parse('')
      if (shared && this.#latest && equal(bytes, this.#latest.bytes)) return this.#latest.content
      const settled = attempt > 20 || (previous && equal(bytes, previous))
      if (settled && bytes.length) return undefined
      const content = settled || bytes.length ? await this.#decode(bytes) : undefined
      if (content) {
        if (shared) this.#latest = { bytes, content }
        return content
      }
      // Another MSAL, which writes in place, may be at it.
      previous = bytes
      await sleep(50)
    }
  }

  async #decode(bytes: Uint8Array): Promise<UnifiedFile | undefined> {
    try {
      const plain = bytes.length && this.#cipher ? await this.#cipher.decrypt(bytes) : bytes
      return UnifiedFile.parse(new TextDecoder('utf-8', { fatal: true }).decode(plain))
    } catch {
      return undefined
    }
  }
}

const failure = (error: unknown) =>
  error instanceof LockLost ? new NetworkError('timed_out', 'The lock of the cache file was lost again and again.') : error

function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false
  return true
}
