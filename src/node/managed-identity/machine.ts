import { platformModule, unsupported } from '../platform.ts'
import { environmentVariable, osName } from './core.ts'

/** What is asked of the machine that this runs on. */
export interface Machine {
  /** Read at every call: platforms set and replace them while a process runs. */
  env(name: string): string | undefined
  /** `linux`, `win32` and so on. */
  platform: string | undefined
  /** In lower case: the `environment` of cache entries, since a system-assigned identity is another on every machine. */
  hostname: string
  fs: {
    lstat(path: string): Promise<{ isFile(): boolean; size: number }>
    readFile(path: string, encoding: 'utf8'): Promise<string>
  }
  sleep(milliseconds: number): Promise<void>
}

export async function thisMachine(): Promise<Machine> {
  const user = 'ManagedIdentityClient'
  const [fs, os] = await platformModule(user, () => Promise.all([import('node:fs/promises'), import('node:os')]))
  // Bundlers put an empty object in the place of modules that a browser lacks.
  if (typeof fs.lstat !== 'function' || typeof os.hostname !== 'function') throw unsupported(user)
  return {
    env: environmentVariable,
    platform: osName(),
    hostname: environmentName(nameOf(os.hostname)),
    fs,
    sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
  }
}

/** The cache writes it in lower case and separates its parts by spaces. */
export const environmentName = (hostname: string): string => hostname.toLowerCase().replace(/\s+/g, '-') || 'localhost'

/** Deno asks for permission. */
function nameOf(hostname: () => string): string {
  try {
    return hostname()
  } catch {
    return ''
  }
}
