import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { onTestFinished } from 'vitest'

export const root = fileURLToPath(new URL('../..', import.meta.url))

export const packageJson: {
  name: string
  version: string
  exports: Record<string, string | { types: string; default: string }>
  dependencies: Record<string, string>
} = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** The entry points as they are imported: `msal-isomorphic`, `msal-isomorphic/node` and so on. */
export const entryPoints = Object.keys(packageJson.exports)
  .filter((path) => !path.endsWith('.json'))
  .map((path) => `${packageJson.name}${path.slice(1)}`)

/** The TypeScript files under a folder of the repository, as paths from its root. */
export function sourceFiles(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort()
}

/** An empty folder outside the repository, for the duration of a test or, where `register` says so, longer. */
export async function emptyFolder(register: (clean: () => Promise<void>) => void = onTestFinished): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'msal-isomorphic-')))
  register(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** Puts the built package and what it depends on into a folder's `node_modules`, as an installation would. */
export async function installBuild(folder: string, ...dependencies: string[]): Promise<void> {
  const target = join(folder, 'node_modules', packageJson.name)
  await mkdir(target, { recursive: true })
  await cp(join(root, 'dist'), join(target, 'dist'), { recursive: true })
  await cp(join(root, 'package.json'), join(target, 'package.json'))
  for (const name of dependencies) await cp(join(root, 'node_modules', name), join(folder, 'node_modules', name), { recursive: true })
}

const execute = promisify(execFile)

const npm = (folder: string, ...options: string[]) =>
  execute('npm', options, { cwd: folder, shell: process.platform === 'win32', timeout: 120_000 })

/** Packs the package and installs the tarball in a folder, as a user would. Resolves to the paths that the tarball holds. */
export async function installTarball(folder: string): Promise<string[]> {
  const { stdout } = await npm(root, 'pack', '--json', '--ignore-scripts', `--pack-destination=${folder}`)
  const [{ filename, files }] = JSON.parse(stdout)
  await npm(folder, 'install', '--prefer-offline', '--no-audit', '--no-fund', `./${filename}`)
  return files.map(({ path }: { path: string }) => path)
}

/** Runs Node in a folder. Resolves to what it printed; rejects when it fails or hangs. */
export async function node(folder: string, options: readonly string[], variables: Record<string, string> = {}): Promise<string> {
  // A plain process: without what Vitest sets for its own.
  const { NODE_OPTIONS: _options, NODE_ENV: _env, VITEST: _vitest, ...env } = process.env
  const { stdout } = await execute(process.execPath, options, { cwd: folder, timeout: 60_000, env: { ...env, ...variables } })
  return stdout
}

/** The files of the package that one of its files loads when they are needed, as paths in the package. */
export async function lateParts(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8')
  return [...new Set([...text.matchAll(/import\('\.\/(lazy\/[\w-]+\.js)'\)/g)].map(([, path]) => `dist/${path}`))]
}
