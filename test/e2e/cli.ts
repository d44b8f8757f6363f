import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import type { Playground } from '../support/provider.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

export interface Run {
  /** 0 and so on; null after a signal. */
  code: number | null
  stdout: string
  stderr: string
}

export interface RunningCli {
  /** The address of the sign-in page, as `--no-browser` prints it. Rejects when the program ends without. */
  address: Promise<string>
  /** What `--device` tells the person. */
  device: Promise<{ uri: string; code: string }>
  ended: Promise<Run>
  interrupt(): void
}

/** The command-line program in processes of its own, with cache files of its own. */
export class Cli {
  readonly #folder: string
  readonly #env: Record<string, string>

  private constructor(folder: string, env: Record<string, string>) {
    this.#folder = folder
    this.#env = env
  }

  static async create(env: Record<string, string> = {}): Promise<Cli> {
    if (!existsSync(join(root, 'dist/index.js'))) throw new Error('The package is not built: run "npm run build".')
    return new Cli(await mkdtemp(join(tmpdir(), 'msal-cli-')), env)
  }

  /** A client of the playground: what `npm start` writes, as far as the program reads it. */
  static async of({ provider, api }: Playground): Promise<Cli> {
    const cli = await Cli.create()
    const { url, tenants, clients } = provider
    const environment = {
      provider: url,
      tenants: Object.values(tenants),
      clients: { native: clients.native },
      scopes: ['api://notes/Notes.Read'],
      api: `${api.url}/notes`,
    }
    await writeFile(cli.environment, JSON.stringify(environment))
    return cli
  }

  get home(): string {
    return join(this.#folder, 'home')
  }

  get environment(): string {
    return join(this.#folder, 'environment.json')
  }

  file(name: 'token-cache.json' | 'http-cache.json'): string {
    return join(this.home, name)
  }

  start(args: string[] = [], { env = {} }: { env?: Record<string, string> } = {}): RunningCli {
    const given = existsSync(this.environment) ? ['--environment', this.environment] : []
    const { AZURE_CLIENT_ID: _id, AZURE_TENANT_ID: _tenant, NODE_OPTIONS: _options, ...inherited } = process.env
    const child = spawn(process.execPath, ['playground/node-cli', ...given, ...args], {
      cwd: root,
      env: { ...inherited, MSAL_CLI_HOME: this.home, ...this.#env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stdout = ''
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (chunk) => {
      stderr += chunk
    })
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      stdout += chunk
    })
    const said = (pattern: RegExp) =>
      new Promise<string[]>((resolve, reject) => {
        child.stdout.on('data', () => {
          const found = pattern.exec(stdout)
          if (found) resolve(found.slice(1))
        })
        child.once('close', () => reject(new Error(`It ended without asking anybody to sign in:\n${stdout}${stderr}`)))
      })
    const address = said(/Open this page to sign in: (\S+)\n/).then(([url = '']) => url)
    const device = said(/open the page (\S+) and enter the code (\S+) /).then(([uri = '', code = '']) => ({ uri, code }))
    address.catch(() => {})
    device.catch(() => {})
    const ended = new Promise<Run>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code) => resolve({ code, stdout, stderr }))
    })
    return { address, device, ended, interrupt: () => child.kill('SIGINT') }
  }

  /** Runs without anybody to sign in: it is an error when the program asks. */
  async run(args: string[] = [], options: { env?: Record<string, string> } = {}): Promise<Run> {
    const running = this.start(['--no-browser', ...args], options)
    const asked = running.address.then(
      (address) => {
        running.interrupt()
        throw new Error(`It asks to sign in at ${new URL(address).pathname}`)
      },
      () => new Promise<never>(() => {}),
    )
    const run = await Promise.race([running.ended, asked])
    await this.expectDiscreet(run)
    return run
  }

  /** What a person sees never holds a token, a secret or a stack trace. */
  async expectDiscreet({ stdout, stderr }: Run): Promise<void> {
    const output = stdout + stderr
    expect(output).not.toMatch(/eyJ[\w-]{8,}/)
    expect(output).not.toMatch(/^\s+at .+:\d+/m)
    for (const secret of await this.#secrets()) expect(output).not.toContain(secret)
  }

  /** The entries of a section of the token cache. */
  async entries(section: 'AccessToken' | 'RefreshToken' | 'Account'): Promise<Record<string, string>[]> {
    const text = await readFile(this.file('token-cache.json'), 'utf8').catch(() => '{}')
    return Object.values(JSON.parse(text)[section] ?? {})
  }

  /** Makes all access tokens in the file end in the past. */
  async expire(): Promise<void> {
    const cache = JSON.parse(await readFile(this.file('token-cache.json'), 'utf8'))
    const past = String(Math.floor(Date.now() / 1000) - 10)
    const tokens: Record<string, string>[] = Object.values(cache.AccessToken)
    expect(tokens).not.toHaveLength(0)
    for (const token of tokens) Object.assign(token, { expires_on: past, extended_expires_on: past })
    await writeFile(this.file('token-cache.json'), JSON.stringify(cache))
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #secrets(): Promise<string[]> {
    const all = await Promise.all((['AccessToken', 'RefreshToken'] as const).map((section) => this.entries(section)))
    return all.flat().map(({ secret = '' }) => secret)
  }
}
