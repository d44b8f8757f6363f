import { readFile, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { dts } from 'rollup-plugin-dts'
import esbuild from 'rollup-plugin-esbuild'

const entries = {
  index: 'src/core/index.ts',
  browser: 'src/browser/index.ts',
  node: 'src/node/index.ts',
  edge: 'src/edge/index.ts',
  redis: 'src/redis/index.ts',
  azure: 'src/azure/index.ts',
  testing: 'src/testing/index.ts',
}
const external = [/^node:/, 'jose', 'idb-keyval', 'undici']

/**
 * The XML parser is published as CommonJS, whose helpers a bundler puts into what every program loads first. So its sources are built in,
 * with their license.
 */
const parser = fileURLToPath(new URL('.', import.meta.resolve('@rgrove/parse-xml'))).replace(/dist.$/, '')
const xmlParser = {
  name: 'xml-parser',
  resolveId: (id, importer) =>
    id === '@rgrove/parse-xml'
      ? `${parser}src/index.ts`
      : importer?.startsWith(parser)
        ? join(dirname(importer), id.replace(/\.js$/, '.ts'))
        : null,
}

/**
 * What loads when it is used: a module that is reached from one of these alone goes into a file of that name. One of an adapter that is not
 * listed goes into a file of its own name, one of the core into `protocol`, which is no such file: list them all.
 */
const lazy = {
  'auth-code': 'sign-in',
  'form-post': 'sign-in',
  interactive: 'sign-in',
  'silent-interaction': 'sign-in',
  requesting: 'user',
  adding: 'request',
  refresh: 'user',
  persons: 'user',
  'user-event': 'user',
  'http-cache': 'failure',
  'parse-json': 'failure',
  'oauth-error': 'failure',
  refusal: 'failure',
  'basic-authorization': 'failure',
  find: 'rare',
  forget: 'rare',
  'logout-url': 'rare',
  'instance-discovery': 'rare',
  pkcs8: 'rare',
  region: 'rare',
  turns: 'request',
  'verify-signature': 'verify-signature',
  'id-token-signature': 'verify-signature',
  'store-level': 'store',
  'device-code': 'device-code',
  'on-behalf-of': 'on-behalf-of',
  'username-password': 'username-password',
  issue: 'ws-trust',
  obtain: 'managed-identity',
  'popup-window': 'page',
  'redirect-flow': 'page',
  'hidden-frame': 'page',
  'sign-out': 'page',
  'indexed-db': 'indexed-db',
}

/** What one program needs at once and another late or never, each in a file of its own. */
const apart = {
  'public-client-application': 'public',
  person: 'person',
  listing: 'person',
  'confidential-client-application': 'server',
  'serializable-token-cache': 'caches',
  encrypted: 'caches',
  sections: 'sections',
  turns: 'request',
  crypto: 'crypto',
  printable: 'printable',
  'check-options': 'options',
}

/**
 * Every late file of the core and of pages names something of `person`. A bundler makes one file of what the same starting points reach:
 * so what a public client loads at once stays one file, and what a confidential one does is another, without `person`.
 */
const person = fileURLToPath(new URL('src/core/client/person.ts', import.meta.url))
const besidePerson = {
  name: 'beside-person',
  transform: (code, id) =>
    lazy[basename(id, '.ts')] && ['core', 'browser'].includes(folderOf(id))
      ? { code: `${code}\nexport { checkSignIn as person } from ${JSON.stringify(person)}`, map: null }
      : null,
}

const folderOf = (id) => /\/src\/(\w+)\//.exec(id.startsWith(parser) ? '/src/core/' : id)?.[1]
const lazyFile = (id) => lazy[basename(id, '.ts')] ?? (folderOf(id) === 'core' ? 'protocol' : basename(id, '.ts'))

/**
 * One file for what every start needs, one for what every request needs, and one for each rare path: sixty small modules would cost ten
 * times the import time. A bundler that splits puts all that is used of a file into the first load, be it by a lazy part alone, where the
 * entry of the core comes by that file: so `core` holds nothing that only lazy parts use, and nothing lazy imports from `server` or `public`.
 * And it keeps all that a late file exports: so no program loads `protocol` itself late, but `request`, which names what is wanted of it.
 */
function chunkOf(id, { getModuleInfo }) {
  const roots = new Set()
  const seen = new Set()
  const climb = (module) => {
    if (seen.has(module)) return
    seen.add(module)
    const name = apart[basename(module, '.ts')]
    if (name) return roots.add(name)
    const { importers, dynamicImporters, isEntry } = getModuleInfo(module)
    if (isEntry) roots.add(folderOf(module))
    if (dynamicImporters.length) roots.add(lazyFile(module))
    for (const importer of importers) climb(importer)
  }
  climb(id)
  if (getModuleInfo(id).isEntry) return folderOf(id) === 'core' ? 'index' : undefined
  const has = (...names) => names.some((name) => roots.has(name))
  if (apart[basename(id, '.ts')]) return apart[basename(id, '.ts')]
  if (roots.size === 1 && !has('server')) return [...roots].find((root) => root === 'core' || !(root in entries))
  // What an adapter's rare paths share with it must not draw them in.
  if (folderOf(id) !== 'core') return `${folderOf(id)}-shared`
  if (has('core') || (has('public', 'person') && has('server'))) return 'core'
  if (has('public', 'person') && !has('node', 'edge')) return 'person'
  if (has('caches', ...Object.keys(entries))) return 'shared'
  if (has('server', 'request')) return 'protocol'
  return has('failure') ? 'failure' : 'user'
}

/** The files that an entry loads at once. */
const atOnce = /^(core|public|person|printable|options|shared|caches|sections|server|\w+-shared)$/

/** Takes away what an earlier build left, just before this one is written. */
const clean = { name: 'clean', generateBundle: ({ dir }) => rm(dir, { recursive: true, force: true }) }

/** What the sample page imports by a package's name, found as Node finds it; this package as it has just been built. */
const byName = { name: 'by-name', resolveId: (id, from) => (from && /^[\w@]/.test(id) ? fileURLToPath(import.meta.resolve(id)) : null) }

/** @type {import('rollup').RollupOptions[]} */
export default [
  {
    input: entries,
    external,
    plugins: [xmlParser, besidePerson, esbuild({ target: 'es2022', tsconfig: false, exclude: /node_modules\/(?!@rgrove)/ }), clean],
    output: {
      dir: 'dist',
      format: 'es',
      sourcemap: true,
      entryFileNames: '[name].js',
      chunkFileNames: ({ name }) => (atOnce.test(name) ? `${name}.js` : `lazy/${name}.js`),
      manualChunks: chunkOf,
      hoistTransitiveImports: false,
      banner: async ({ moduleIds }) =>
        moduleIds.some((id) => id.startsWith(parser)) ? `/*! @rgrove/parse-xml\n${await readFile(`${parser}LICENSE`, 'utf8')}*/` : '',
    },
  },
  {
    input: entries,
    external,
    plugins: [
      dts({ tsconfig: 'src/core/tsconfig.json', compilerOptions: { stripInternal: true, composite: false, emitDeclarationOnly: false } }),
    ],
    output: {
      dir: 'dist',
      format: 'es',
      entryFileNames: '[name].d.ts',
      chunkFileNames: 'types.d.ts',
      // One file for all that entries share.
      manualChunks: (id, { getModuleInfo }) => (folderOf(id) === 'core' && !getModuleInfo(id).isEntry ? 'types' : undefined),
      // The clients have a method of the name `Symbol.asyncDispose`, which the libraries of few programs declare.
      banner: ({ name }) => (name === 'index' ? '/// <reference lib="esnext.disposable" />' : ''),
    },
  },
  {
    input: { app: 'playground/spa/app.ts', 'signed-in': 'playground/spa/signed-in.ts' },
    // Of passwords that a company's own server checks, which a page never asks for.
    external: ['@rgrove/parse-xml'],
    plugins: [byName, esbuild({ target: 'es2022', tsconfig: false }), clean],
    output: {
      dir: 'playground/spa/build',
      format: 'es',
      sourcemap: true,
      entryFileNames: '[name].js',
      chunkFileNames: '[name].js',
      hoistTransitiveImports: false,
    },
  },
]
