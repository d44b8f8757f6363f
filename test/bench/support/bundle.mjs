/** Bundles a few imports as an application would, and weighs what comes out. */
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const scratch = join(root, '.tools/bench')
/** The folder of an application that has the library installed: bundlers treat a package that imports itself differently. */
const app = join(scratch, 'app')
const options = { bundle: true, minify: true, format: 'esm', target: 'es2022', write: false, metafile: true, logLevel: 'silent' }

/** Installs the built library where the bundles are made. */
export async function installLibrary() {
  const { name, exports } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  const folder = join(app, 'node_modules', name)
  await rm(folder, { recursive: true, force: true })
  await cp(join(root, 'dist'), join(folder, 'dist'), { recursive: true })
  await cp(join(root, 'package.json'), join(folder, 'package.json'))
  await writeFile(join(app, 'package.json'), '{ "type": "module" }')
  const paths = Object.keys(exports).filter((path) => !path.endsWith('.json'))
  return { entryPoints: paths.map((path) => (path === '.' ? name : `${name}${path.slice(1)}`)) }
}

/** Where the entry of the installed library is, for programs that are elsewhere. */
export const libraryPath = () => join(app, 'node_modules/msal-isomorphic/dist/index.js')

/**
 * @param source the application's own text, which only imports and exports
 * @returns its files with their sizes: those that load at once, and those that load when they are needed
 */
export async function bundle(source, { platform = 'browser', splitting = true, external = [] } = {}) {
  const stdin = { contents: source, resolveDir: app, sourcefile: 'app.mjs' }
  const { metafile, outputFiles } = await build({
    ...options,
    ...{ stdin, platform, splitting, external },
    outdir: join(app, 'out'),
    absWorkingDir: app,
  })
  const contents = new Map(outputFiles.map(({ path, contents: bytes }) => [basename(path), Buffer.from(bytes)]))
  const outputs = new Map(Object.entries(metafile.outputs).map(([path, output]) => [basename(path), output]))
  const [entry] = [...outputs].find(([, { entryPoint }]) => entryPoint === 'app.mjs')
  const first = new Set()
  const follow = (name) => {
    if (first.has(name)) return
    first.add(name)
    for (const { path, kind, external } of outputs.get(name).imports) if (kind === 'import-statement' && !external) follow(basename(path))
  }
  follow(entry)
  const files = [...contents].map(([name, bytes]) => ({
    name,
    label: labelOf(name, outputs.get(name)),
    ...weigh(bytes),
    first: first.has(name),
  }))
  return { entry, files, contents }
}

const weigh = (bytes) => ({ min: bytes.length, gz: bytes.length ? gzipSync(bytes, { level: 9 }).length : 0 })

/** The largest source of a chunk gives it a name that people know. */
function labelOf(name, { inputs }) {
  const [largest] = Object.entries(inputs).sort(([, a], [, b]) => b.bytesInOutput - a.bytesInOutput)
  return largest && largest[0] !== 'app.mjs' ? largest[0].replace(/^.*node_modules\//, '') : name
}

export const total = (files) => files.reduce((sum, { min, gz }) => ({ min: sum.min + min, gz: sum.gz + gz }), { min: 0, gz: 0 })

/** Runs a bundle in this process and tells which of its files were loaded. */
export async function filesLoadedBy({ entry, files, contents }, use) {
  const folder = join(scratch, 'bundles', use.name)
  const loaded = new Set()
  globalThis.noteLoadedFile = (url) => loaded.add(basename(fileURLToPath(url)))
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  for (const [name, bytes] of contents) {
    await writeFile(join(folder, name), Buffer.concat([bytes, Buffer.from('\nglobalThis.noteLoadedFile(import.meta.url)\n')]))
  }
  await use(await import(join(folder, entry)))
  return files.filter(({ name }) => loaded.has(name))
}
