import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { cp, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type BuildOptions, build } from 'esbuild'
import { Miniflare } from 'miniflare'
import { hasChromium, launchChromium } from '../e2e/chromium.ts'
import { root } from '../package/support.ts'

export interface Outcome {
  version: string
  results: { name: string; error?: string; ms: number }[]
  /** What `typeof` says of globals that only Node.js has. */
  globals: { process: string; Buffer: string }
}

export interface Runtime {
  name: string
  /** How the suite gets there, for the table. */
  how: string
  /** Whether it has the modules of Node.js. */
  files: boolean
  present: boolean
  /** What esbuild makes of the suite first; absent where the files run as they are. */
  bundle?: { host: string; options: BuildOptions }
  /** `folder` has the installed package and the suite, `script` is the bundle. */
  run(place: { folder: string; script: string; helperUrl: string }): Promise<Outcome>
}

const own = (path: string) => join(root, path)
const versionOf = (name: string): string => JSON.parse(readFileSync(own(`node_modules/${name}/package.json`), 'utf8')).version

async function execute(command: string, options: string[], folder: string): Promise<Omit<Outcome, 'version'> & { version?: string }> {
  // A plain process: without what Vitest sets for its own.
  const { NODE_OPTIONS: _options, NODE_ENV: _env, VITEST: _vitest, ...env } = process.env
  const more = { DENO_NO_UPDATE_CHECK: '1', DENO_DIR: join(folder, '.deno') }
  const { stdout } = await promisify(execFile)(command, options, {
    cwd: folder,
    timeout: 90_000,
    maxBuffer: 1 << 26,
    env: { ...env, ...more },
  })
  return JSON.parse(stdout)
}

const asItIs = (name: string, program: string, options: string[] = [], how = 'the files as they are'): Runtime => ({
  name,
  how,
  files: true,
  present: existsSync(program),
  run: ({ folder, helperUrl }) => execute(program, [...options, 'hosts/process.js', helperUrl], folder) as Promise<Outcome>,
})

/** This process's own program where it is that version, else what `.ci/run` has fetched. */
const nodeProgram = (major: string) =>
  process.versions.node.startsWith(`${major}.`) ? process.execPath : own(`.tools/node${major}/node_modules/.bin/node`)

const denoPermissions = ['--allow-net=localhost']

export const runtimes: Runtime[] = [
  ...['20', '24', '26'].map((major) => asItIs(`Node.js ${major}`, nodeProgram(major))),
  asItIs(
    'Deno',
    own('node_modules/.bin/deno'),
    ['run', '--no-prompt', ...denoPermissions],
    `the files as they are, \`${denoPermissions.join(' ')}\``,
  ),
  asItIs('Bun', own('node_modules/.bin/bun'), ['run']),
  {
    name: 'workerd (Cloudflare Workers)',
    how: 'one module, no compatibility flag',
    files: false,
    present: existsSync(own('node_modules/.bin/workerd')),
    bundle: { host: 'worker', options: { conditions: ['workerd', 'worker'] } },
    async run({ script, helperUrl }) {
      const contents = readFileSync(script, 'utf8')
      const worker = new Miniflare({
        modules: [{ type: 'ESModule', path: 'worker.js', contents }],
        compatibilityDate: '2026-04-01',
        compatibilityFlags: [],
        cf: false,
      })
      try {
        const response = await worker.dispatchFetch(`http://worker.example/?helper=${encodeURIComponent(helperUrl)}`)
        return { version: versionOf('workerd'), ...((await response.json()) as Omit<Outcome, 'version'>) }
      } finally {
        await worker.dispose()
      }
    },
  },
  {
    name: 'Vercel’s edge runtime',
    how: 'one script',
    files: false,
    present: existsSync(own('node_modules/@edge-runtime/vm')),
    bundle: { host: 'page', options: { conditions: ['edge-light'], format: 'iife' } },
    async run({ script, helperUrl }) {
      const host = fileURLToPath(new URL('hosts/edge-vm.mjs', import.meta.url))
      return { version: versionOf('@edge-runtime/vm'), ...(await execute(process.execPath, [host, script, helperUrl], root)) }
    },
  },
  {
    name: 'Chromium',
    how: 'one module, in a page of another origin than the provider’s',
    files: false,
    present: hasChromium,
    bundle: { host: 'page', options: { conditions: ['browser'] } },
    async run({ helperUrl }) {
      const browser = await launchChromium()
      try {
        const page = await browser.newPage()
        await page.goto(`${helperUrl}/page`)
        const text = (await page.evaluate(`runSuite(${JSON.stringify(helperUrl)})`)) as string
        return { version: browser.version(), ...JSON.parse(text) }
      } finally {
        await browser.close()
      }
    },
  },
]

/** Puts the suite beside the installed package. */
export async function placeSuite(folder: string): Promise<void> {
  for (const name of ['suite', 'hosts']) await cp(fileURLToPath(new URL(name, import.meta.url)), join(folder, name), { recursive: true })
  await mkdir(join(folder, 'bundles'))
}

/** Makes one file of the suite and the installed package. Resolves to its path, and to the packages that went into it. */
export async function bundleSuite(folder: string, name: string, { host, options }: NonNullable<Runtime['bundle']>) {
  const outfile = join(folder, 'bundles', `${name.replace(/\W+/g, '-')}.js`)
  const { metafile } = await build({
    entryPoints: [join(folder, 'hosts', `${host}.js`)],
    absWorkingDir: folder,
    outfile,
    bundle: true,
    format: 'esm',
    // What the adapters for Node.js would load there; here nothing answers to these names.
    external: ['node:*', 'undici'],
    logLevel: 'error',
    ...options,
    metafile: true,
  })
  const packages = Object.keys(metafile.inputs).map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1])
  return { script: outfile, packages: [...new Set(packages.filter((name) => name !== undefined))].sort() }
}
