import type { spawn } from 'node:child_process'
import { platformModule } from './platform.ts'

/** What the launcher takes from the runtime. */
export interface System {
  platform: string
  /** `os.release()`: Windows Subsystem for Linux says so there. */
  release: string
  env: Readonly<Record<string, string | undefined>>
  spawn: typeof spawn
  /** Writes to the terminal. */
  write(text: string): unknown
}

type Command = [file: string, ...argv: string[]]

/** Milliseconds after which a launcher that still runs is taken for the browser itself. */
const settleTime = 5_000

/** The URL as the browser gets it, or null where it is not for a browser: `file:` and the like start programs. */
export function webUrl(url: string): string | null {
  const parsed = URL.canParse(url) ? new URL(url) : null
  return parsed?.protocol === 'https:' || parsed?.protocol === 'http:' ? parsed.href : null
}

/** Opens the system's browser; where none starts, the terminal shows the URL. `url` is a result of {@link webUrl}. */
export async function openBrowser(url: string, system?: System): Promise<void> {
  const { spawn, write, ...runtime } = system ?? (await thisSystem())
  for (const command of commands(url, runtime)) {
    if (await run(spawn, command)) return
  }
  write(`Open this page to sign in: ${url}\n`)
}

async function thisSystem(): Promise<System> {
  return await platformModule('loopback()', async () => {
    const [{ spawn }, { release }, { platform, env, stderr }] = await Promise.all([
      import('node:child_process'),
      import('node:os'),
      import('node:process'),
    ])
    return { platform, release: release(), env, spawn, write: (text) => stderr.write(text) }
  })
}

/** In order of preference. None of them goes through a shell, so the URL is always one argument. */
function commands(url: string, { platform, release, env }: Pick<System, 'platform' | 'release' | 'env'>): Command[] {
  if (platform === 'darwin') return [['/usr/bin/open', url]]
  if (platform === 'win32') {
    // By its full name: Windows would look into the current directory first.
    return [[`${env.SystemRoot ?? 'C:\\Windows'}\\System32\\rundll32.exe`, 'url.dll,FileProtocolHandler', url]]
  }
  const found: Command[] = []
  // A command name or a path. Remote editors set one; lists and patterns with %s are left to xdg-open.
  if (/^[\w./+][\w./+-]*$/.test(env.BROWSER ?? '')) found.push([env.BROWSER!, url])
  if (/microsoft|wsl/i.test(release)) found.push(['wslview', url], powershell(url))
  found.push(['xdg-open', url])
  return found
}

/** The command travels encoded, so no quoting rule but PowerShell's own applies: a quote within single quotes is doubled. */
function powershell(url: string): Command {
  const script = `Start-Process '${url.replaceAll("'", "''")}'`
  const utf16 = Array.from(script, (character) => `${character}\0`).join('')
  return ['powershell.exe', '-NoProfile', '-NonInteractive', '-EncodedCommand', btoa(utf16)]
}

function run(start: typeof spawn, [file, ...argv]: Command): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(true), settleTime)
    timer.unref()
    const done = (started: boolean) => {
      clearTimeout(timer)
      resolve(started)
    }
    try {
      // Detached: an interrupt in the terminal is not for the browser.
      const child = start(file, argv, { shell: false, detached: true, stdio: 'ignore', windowsHide: true })
      child.once('error', () => done(false))
      child.once('exit', (code) => done(code === 0))
      child.unref()
    } catch {
      done(false)
    }
  })
}
