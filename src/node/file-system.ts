import { osName } from '../core/platform.ts'
import { platformModule, unsupported } from './platform.ts'

/** What the file store and its locks use of the runtime. */
export interface FileSystem {
  fs: typeof import('node:fs/promises')
  path: typeof import('node:path')
  pid: number
  /** Where `pid` means something: this boot of this machine, in this container. Empty where that cannot be told. */
  machine: string
  /** Whether a process of this machine has ended; false where that cannot be told. */
  hasEnded(pid: number): boolean
}

/** Loads the modules, which a runtime may lack. Rejects with `environment_unsupported` then. */
export async function fileSystem(user: string): Promise<FileSystem> {
  const [fs, path, os, process] = await platformModule(user, () =>
    Promise.all([import('node:fs/promises'), import('node:path'), import('node:os'), import('node:process')]),
  )
  // Bundlers put an empty object in the place of modules that a browser lacks.
  if (typeof fs.open !== 'function' || typeof path.resolve !== 'function') throw unsupported(user)
  const { kill, pid } = process
  return { fs, path, pid, machine: await machineName(fs, os.hostname), hasEnded: (other) => hasEnded(kill, other) }
}

/** Two containers may have one host name and give the same number to different processes: hence the boot and the namespace. */
async function machineName(fs: FileSystem['fs'], hostname: () => string): Promise<string> {
  try {
    const parts = [hostname()]
    if (osName() === 'linux')
      parts.push((await fs.readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim(), await fs.readlink('/proc/self/ns/pid'))
    return parts.join(' ')
  } catch {
    return ''
  }
}

function hasEnded(kill: typeof process.kill, pid: number): boolean {
  try {
    kill(pid, 0)
    return false
  } catch (error) {
    // Another user's process exists, and a runtime may forbid the question.
    return errorCode(error) === 'ESRCH'
  }
}

export const errorCode = (error: unknown): unknown => (error as { code?: unknown } | null)?.code

/** Windows refuses a path for as long as somebody has its file open, even one already deleted. */
export const isBusy = (error: unknown): boolean => osName() === 'win32' && ['EPERM', 'EACCES', 'EBUSY'].includes(String(errorCode(error)))

export const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))
