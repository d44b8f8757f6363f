import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { cp, mkdir, symlink, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import type { Provider } from '../../playground/provider/index.mjs'
import { tenants } from '../support/provider.ts'
import { emptyFolder, packageJson, root } from './support.ts'

/** What the README has the reader write into files and type, under one of its headings. */
export interface Start {
  files: { name: string; text: string }[]
  commands: string[]
}

export const readme = readFileSync(join(root, 'README.md'), 'utf8')

/** The text below a heading of the README, up to the next one. */
export function section(heading: string): string {
  const [, text] = readme.split(new RegExp(`^#+ ${heading}\\n`, 'm'))
  if (!text) throw new Error(`The README has no heading "${heading}".`)
  return text.split(/^#+ /m, 1)[0] ?? ''
}

/** The code blocks of a text. The first line of a file is a comment with its name. */
export function startIn(text: string): Start {
  const start: Start = { files: [], commands: [] }
  for (const [, language, code = ''] of text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)) {
    if (language === 'sh') {
      start.commands.push(...code.trim().split('\n'))
      continue
    }
    const name = /^(?:\/\/|<!--) (\S+)/.exec(code)?.[1]
    if (!name) throw new Error(`A file without a name:\n${code}`)
    start.files.push({ name, text: code })
  }
  return start
}

/** The values that the README says to replace, as it says. */
export function replaced(
  text: string,
  { url }: Pick<Provider, 'url'>,
  { clientId, secret = '' }: { clientId: string; secret?: string },
): string {
  const authority = `'${url}/${tenants.contoso.id}', knownAuthorities: ['${new URL(url).host}']`
  return text
    .replaceAll("'00001111-aaaa-2222-bbbb-3333cccc4444'", `'${clientId}'`)
    .replaceAll("'https://login.microsoftonline.com/contoso.com'", authority)
    .replaceAll('<the client secret>', secret)
}

/** Where somebody types commands. */
export class Terminal {
  readonly folder: string
  readonly #running: ChildProcess[] = []

  constructor(folder: string) {
    this.folder = folder
  }

  /** Runs a command; resolves to what it printed, and rejects where it fails. */
  run(command: string, env: Record<string, string> = {}): Promise<string> {
    return this.#start(command, env).ended
  }

  /** Starts a command and waits until what it printed matches, or something is there; it goes on until it ends by itself, or `stop`. */
  async serve(command: string, sign: RegExp | (() => Promise<boolean>), env: Record<string, string> = {}) {
    const { output, ended } = this.#start(command, env)
    let over = false
    const watched = ended.finally(() => (over = true))
    watched.catch(() => {})
    const ready = typeof sign === 'function' ? sign : async () => sign.test(output())
    while (!(await ready())) {
      if (over) throw new Error(`${command} has ended:\n${await ended}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    return { output: output(), ended: watched }
  }

  async stop(): Promise<void> {
    for (const child of this.#running.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)) {
      // The group: what a shell or npx has started ends with it.
      process.kill(-child.pid!, 'SIGTERM')
      await once(child, 'close')
    }
  }

  #start(command: string, more: Record<string, string>) {
    const { NODE_OPTIONS: _options, NODE_ENV: _env, VITEST: _vitest, BROWSER: _browser, ...inherited } = process.env
    const env = { ...inherited, ...more, PATH: [more.PATH, inherited.PATH].filter(Boolean).join(delimiter) }
    // A terminal keeps the input open: esbuild stops where it ends.
    const child = spawn('sh', ['-c', command], { cwd: this.folder, env, detached: true, stdio: 'pipe' })
    this.#running.push(child)
    let text = ''
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk) => (text += chunk))
    const ended = once(child, 'close').then(([code]) => {
      if (code !== 0) throw new Error(`${command}: ${code}\n${text}`)
      return text
    })
    return { output: () => text, ended }
  }
}

/** Somebody who follows one of the starts, in a folder that was empty before. */
export class Reader extends Terminal {
  readonly start: Start

  private constructor(folder: string, start: Start) {
    super(folder)
    this.start = start
  }

  /** `installed` is a folder where the tarball has been installed: a copy of it is the same as installing again. */
  static async create(heading: string, installed: string): Promise<Reader> {
    const reader = new Reader(await emptyFolder(), startIn(section(heading)))
    const [name, ...tools] = reader.command('npm install ').split(' ').slice(2)
    if (name !== packageJson.name) throw new Error(`"${heading}" does not install the package.`)
    for (const part of ['package.json', 'node_modules']) await cp(join(installed, part), join(reader.folder, part), { recursive: true })
    for (const tool of tools) await reader.#link(tool)
    return reader
  }

  /** A tool of the repository's in place of one from the registry; there is no wrangler here, whose workerd miniflare starts. */
  async #link(tool: string): Promise<void> {
    if (tool === 'wrangler') return
    const modules = join(this.folder, 'node_modules')
    await mkdir(join(modules, '.bin'), { recursive: true })
    await symlink(join(root, 'node_modules', tool), join(modules, tool))
    await symlink(join(root, 'node_modules', '.bin', tool), join(modules, '.bin', tool))
  }

  async writeFiles(replace: (text: string) => string): Promise<void> {
    for (const { name, text } of this.start.files) {
      await mkdir(dirname(join(this.folder, name)), { recursive: true })
      await writeFile(join(this.folder, name), replace(text))
    }
  }

  /** The one command that begins so. */
  command(beginning: string): string {
    const [found, ...more] = this.start.commands.filter((command) => command.startsWith(beginning))
    if (!found || more.length) throw new Error(`There is no command "${beginning}", or more than one.`)
    return found
  }
}
