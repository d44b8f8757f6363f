import { copyFile, mkdtemp, writeFile } from 'node:fs/promises'
import { basename, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { type BuildOptions, build } from 'esbuild'
import { type Plugin, rollup } from 'rollup'
import { beforeAll, describe, expect, it } from 'vitest'
import { emptyFolder, entryPoints, installBuild, node, packageJson } from './support.ts'

/** What a bundler must not look into: what only a server has, and the optional peer. */
const external = ['node:*', 'undici']

/** Bytes, minified and gzipped. */
const budgets: Record<string, number> = {
  '.': 18_800,
  './browser': 8_200,
  './node': 18_000,
  './edge': 10_900,
  './redis': 6_600,
  './azure': 5_700,
  './testing': 20_700,
}

let folder: string
beforeAll(async () => {
  const cleanups: (() => Promise<void>)[] = []
  folder = await emptyFolder((clean) => cleanups.push(clean))
  await installBuild(folder, 'jose', '@rgrove/parse-xml', 'idb-keyval')
  return () => Promise.all(cleanups.map((clean) => clean()))
})

/** Bundles a program as an app would, with esbuild. */
function bundle(contents: string, options: BuildOptions = {}) {
  const stdin = { contents, resolveDir: folder, sourcefile: 'app.js' }
  const fixed = { bundle: true, write: false, metafile: true, outdir: join(folder, 'out'), absWorkingDir: folder } as const
  return build({ stdin, format: 'esm', external, treeShaking: true, minify: true, logLevel: 'error', ...options, ...fixed })
}

/** What a page fetches before its first line runs: the entry and all that it imports statically, with the modules in them. */
async function firstLoad(contents: string): Promise<{ gzipped: number; modules: string[] }> {
  const { metafile, outputFiles } = await bundle(contents, { splitting: true })
  const wanted = new Set(Object.keys(metafile.outputs).filter((path) => metafile.outputs[path]?.entryPoint === 'app.js'))
  if (!wanted.size) throw new Error('The bundle has no entry.')
  for (const path of wanted) {
    for (const { path: next, kind, external } of metafile.outputs[path]?.imports ?? []) {
      if (kind === 'import-statement' && !external) wanted.add(next)
    }
  }
  const files = [...wanted].map((path) => outputFiles.find((file) => file.path === join(folder, path))?.contents)
  return {
    gzipped: files.reduce((sum, contents) => sum + (contents?.length ? gzipSync(contents).length : 0), 0),
    modules: [...wanted].flatMap((path) => Object.keys(metafile.outputs[path]?.inputs ?? {})),
  }
}

/** What a program loads of what it imports from `./app.mjs` while it runs: every file that came, with the modules in it. */
async function loadedBy(contents: string, program: string): Promise<{ gzipped: number; modules: string[] }> {
  const options = { splitting: true, platform: 'node', outExtension: { '.js': '.mjs' } } as const
  const { metafile, outputFiles } = await bundle(contents, options)
  const outdir = await mkdtemp(join(folder, 'run-'))
  for (const { path, text } of outputFiles) {
    const isEntry = metafile.outputs[relative(folder, path)]?.entryPoint === 'app.js'
    await writeFile(join(outdir, isEntry ? 'app.mjs' : basename(path)), `${text}\nconsole.log('${basename(path)}')\n`)
  }
  await writeFile(join(outdir, 'main.mjs'), program)
  const loaded = (await node(outdir, ['main.mjs'])).trim().split('\n')
  const files = outputFiles.filter(({ path }) => loaded.includes(basename(path)))
  return {
    gzipped: files.reduce((sum, { contents }) => sum + gzipSync(contents).length, 0),
    modules: files.flatMap(({ path }) => Object.keys(metafile.outputs[relative(folder, path)]?.inputs ?? {})),
  }
}

/** A daemon, with a provider of its own in the program. */
const clientCredentials = `
import { generateKeyPairSync } from 'node:crypto'
import { ConfidentialClientApplication } from './app.mjs'
const root = 'https://login.microsoftonline.com/99999999-8888-7777-6666-555555555555'
const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
})
const fetch = async (url) => Response.json(
  String(url).endsWith('/openid-configuration')
    ? { issuer: root + '/v2.0', authorization_endpoint: root + '/authorize', token_endpoint: root + '/token' }
    : { token_type: 'Bearer', expires_in: 3600, access_token: 'a-token' },
)
const clientCredential = { privateKey, thumbprint: 'ab'.repeat(20) }
const app = new ConfidentialClientApplication({ clientId: 'a-client', authority: root, clientCredential, fetch })
const { tokenSource } = await app.acquireTokenForClient({ scopes: ['https://graph.microsoft.com/.default'] })
if (tokenSource !== 'identity_provider') throw new Error('No token came.')
`

/** Rollup's own resolution knows files only, and so nothing of `sideEffects`. */
function resolveBuild(): Plugin {
  return {
    name: 'resolve-build',
    resolveId(id) {
      const target = id.startsWith(packageJson.name) ? packageJson.exports[`.${id.slice(packageJson.name.length)}`] : undefined
      return typeof target === 'object' ? join(folder, 'node_modules', packageJson.name, target.default) : null
    },
  }
}

const use = (names: string) => `import { ${names} } from '${packageJson.name}'; globalThis.used = [${names}]`

describe('a bundle', () => {
  it.each(entryPoints)('S77 of a bare import of %s is empty', async (entryPoint) => {
    const { outputFiles } = await bundle(`import '${entryPoint}'`, { logLevel: 'silent' })
    expect(outputFiles.map(({ text }) => text)).toEqual([''])
  })

  it.each(entryPoints)('of %s is empty for a bundler that does not read `sideEffects`', async (entryPoint) => {
    const app = join(folder, 'app.js')
    await writeFile(app, `import '${entryPoint}'`)
    const { generate } = await rollup({
      input: app,
      external: [/^node:/, 'undici', 'jose', '@rgrove/parse-xml', 'idb-keyval'],
      plugins: [resolveBuild()],
      onwarn() {},
    })
    const { output } = await generate({ format: 'es' })
    expect(output[0].code.trim()).toBe('')
  })

  // Everything that an entry exports, used: what loads at first. A budget that has to grow is a decision.
  it.each(Object.entries(budgets))('of all of %s loads at most %d bytes at first', async (path, budget) => {
    const { gzipped } = await firstLoad(`export * from '${packageJson.name}${path.slice(1)}'`)
    expect(gzipped).toBeLessThanOrEqual(budget)
    expect(gzipped).toBeGreaterThan(budget * 0.8)
  })

  it('has a budget for every entry', () => {
    expect(Object.keys(budgets)).toEqual(Object.keys(packageJson.exports).filter((path) => !path.endsWith('.json')))
  })

  it('of the test for an error is small', async () => {
    const [file] = (await bundle(use('isAuthError'))).outputFiles
    expect(file!.text).toContain('msal-isomorphic.AuthError')
    expect(gzipSync(file!.contents).length).toBeLessThan(512)
    // A bundler that splits keeps what the lazy parts need beside it, used or not.
    expect((await firstLoad(use('isAuthError'))).gzipped).toBeLessThan(4.5 * 1024)
  })

  it('S58 of a page that only hands an answer over is smaller than 3 KB', async () => {
    const page = `import { completePopup } from '${packageJson.name}/browser'; completePopup()`
    const [file] = (await bundle(page)).outputFiles
    expect(file!.text).toContain('BroadcastChannel')
    expect(gzipSync(file!.contents, { level: 9 }).length).toBeLessThan(3000)
  })

  it('of a public client loads at most 7,700 bytes at first', async () => {
    const { gzipped, modules } = await firstLoad(use('PublicClientApplication'))
    expect(modules.join()).toContain('dist/core.js')
    expect(modules.join()).not.toMatch(/dist\/(server|shared|caches|sections|lazy\/)/)
    expect(gzipped).toBeLessThanOrEqual(7_700)
  })

  it('of client credentials by certificate loads at most 14 KiB in all, and no part of a person’s', async () => {
    const { gzipped, modules } = await loadedBy(`export { ConfidentialClientApplication } from '${packageJson.name}'`, clientCredentials)
    expect(modules.join()).toContain('dist/server.js')
    expect(modules.join()).not.toMatch(/person|lazy\/(?!protocol)/)
    expect(gzipped).toBeLessThanOrEqual(14 * 1024)
  })

  it('of a page that keeps its tokens and shows its accounts loads little more at first, and no database', async () => {
    const load = (names: string) =>
      firstLoad(
        `${use('PublicClientApplication, TokenCache')}; import { ${names} } from '${packageJson.name}/browser'; globalThis.page = [${names}]`,
      )
    const core = await firstLoad(use('PublicClientApplication, TokenCache'))
    const store = await load('indexedDbStore')
    expect(store.gzipped - core.gzipped).toBeLessThanOrEqual(850)
    expect(store.modules.filter((path) => path.includes('idb-keyval'))).toEqual([])
    expect((await load('indexedDbStore, accounts')).gzipped - core.gzipped).toBeLessThanOrEqual(1664)
  })

  it('of a whole page, with its store and its accounts, loads at most 12 KiB at first', async () => {
    const names = 'popup, redirect, silentFrame, logout, completeRedirect, completePopup, indexedDbStore, accounts'
    const page = `${use('PublicClientApplication, TokenCache')}; import { ${names} } from '${packageJson.name}/browser'; globalThis.page = [${names}]`
    const { gzipped } = await firstLoad(page)
    expect(gzipped).toBeGreaterThan(7 * 1024)
    expect(gzipped).toBeLessThanOrEqual(12 * 1024)
  })

  it('of all that signs in and out on a page loads at most 1.5 KiB more at first', async () => {
    const names = 'popup, redirect, silentFrame, logout, completeRedirect, completePopup'
    const page = `${use('PublicClientApplication')}; import { ${names} } from '${packageJson.name}/browser'; globalThis.page = [${names}]`
    const core = await firstLoad(use('PublicClientApplication'))
    expect((await firstLoad(page)).gzipped - core.gzipped).toBeLessThanOrEqual(1536)
  })

  it.each(['PublicClientApplication', 'ConfidentialClientApplication'])('of %s loads jose late or never', async (name) => {
    const { modules } = await firstLoad(use(name))
    expect(modules.filter((path) => path.includes('node_modules/jose/'))).toEqual([])
    const { metafile } = await bundle(use(name), { splitting: true })
    expect(Object.keys(metafile.inputs).join()).toContain('node_modules/jose/')
  })
})

describe('the walk through the package', () => {
  const program = fileURLToPath(new URL('walk-through.mjs', import.meta.url))

  it.each([
    { as: 'one module', format: 'esm' },
    { as: 'one minified module', format: 'esm', minify: true },
    { as: 'one script', format: 'iife' },
    { as: 'one CommonJS file', format: 'cjs' },
    { as: 'modules that share chunks', format: 'esm', splitting: true },
  ] satisfies ({ as: string } & BuildOptions)[])('works when esbuild makes $as of it', async ({ as: _, ...options }) => {
    const outdir = await mkdtemp(join(folder, 'out-'))
    const extension = options.format === 'esm' ? '.mjs' : '.cjs'
    const copy = join(outdir, 'walk-through.mjs')
    await copyFile(program, copy)
    await build({
      entryPoints: { main: copy },
      bundle: true,
      platform: 'node',
      external,
      outdir,
      outExtension: { '.js': extension },
      logLevel: 'error',
      ...options,
    })
    expect(await node(outdir, [`main${extension}`])).toBe('done\n')
  })

  it('works when Rollup makes one module of it', async () => {
    const outdir = await mkdtemp(join(folder, 'out-'))
    const { write } = await rollup({
      input: program,
      external: [/^node:/, 'undici', 'jose', '@rgrove/parse-xml', 'idb-keyval'],
      plugins: [resolveBuild()],
    })
    const { output } = await write({ file: join(outdir, 'main.mjs'), format: 'es', inlineDynamicImports: true })
    expect(output).toHaveLength(1)
    expect(await node(outdir, ['main.mjs'])).toBe('done\n')
  })
})
