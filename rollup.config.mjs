import { rm } from 'node:fs/promises'
import { basename } from 'node:path'
import { dts } from 'rollup-plugin-dts'
import esbuild from 'rollup-plugin-esbuild'

const entries = {
  index: 'src/core/index.ts',
  browser: 'src/browser/index.ts',
  node: 'src/node/index.ts',
  edge: 'src/edge/index.ts',
  redis: 'src/redis/index.ts',
  testing: 'src/testing/index.ts',
}
const external = [/^node:/, 'jose', 'idb-keyval', '@rgrove/parse-xml', 'undici']

/**
 * What loads when it is used: a module that is reached from one of these alone goes into a file of that name. One of an adapter that is not
 * listed goes into a file of its own name, one of the core into `protocol`.
 */
const lazy = {
  'auth-code': 'sign-in',
  interactive: 'sign-in',
  'silent-interaction': 'sign-in',
  'assertion-signer': 'assertion-signer',
  pkcs8: 'pkcs8',
  'verify-signature': 'verify-signature',
  'id-token-signature': 'verify-signature',
  'store-level': 'store',
  region: 'region',
  'device-code': 'device-code',
  'on-behalf-of': 'on-behalf-of',
  'username-password': 'username-password',
  issue: 'ws-trust',
  obtain: 'managed-identity',
  'popup-window': 'page',
  'redirect-flow': 'page',
  'hidden-frame': 'page',
  'sign-out': 'page',
}

/** What a page in a browser does without, so that it need not pay for it. */
const server = /\/(confidential-client-application|app-token|client-assertion|serializable-token-cache|encrypted)\.ts$/

/** What a cache that is serialized and one over a store share. */
const schema = /\/sections\.ts$/

/** What the server part and its lazy ones share. */
const credentials = /\/(credential|pem|region-name)\.ts$/

const lazyFile = (id) => lazy[basename(id, '.ts')] ?? (id.includes('/src/core/') ? 'protocol' : basename(id, '.ts'))

/** The files that nothing loads before it is used. */
const lazyFiles = new Set()

/** One file for what every start needs, one for what every request needs, and one for each rare path: sixty small modules would cost ten times the import time. */
function chunkOf(id, { getModuleInfo }) {
  const roots = new Set()
  const seen = new Set()
  const climb = (module) => {
    if (seen.has(module)) return
    seen.add(module)
    const { importers, dynamicImporters, isEntry } = getModuleInfo(module)
    if (isEntry) roots.add('entry')
    if (dynamicImporters.length) {
      roots.add(lazyFile(module))
      lazyFiles.add(lazyFile(module))
    }
    for (const importer of importers) climb(importer)
  }
  climb(id)
  if (roots.has('entry')) {
    if (server.test(id)) return 'server'
    if (credentials.test(id)) return 'credentials'
    if (schema.test(id)) return 'schema'
    if (/\/src\/core\/(?!index\.ts)/.test(id)) return 'core'
    // What an adapter's rare paths share with it must not draw them in.
    return roots.size > 1 ? `${/\/src\/(\w+)\//.exec(id)?.[1]}-shared` : undefined
  }
  return roots.size === 1 ? [...roots][0] : 'protocol'
}

/** Takes away what an earlier build left, just before this one is written. */
const clean = { name: 'clean', generateBundle: ({ dir }) => rm(dir, { recursive: true, force: true }) }

/** @type {import('rollup').RollupOptions[]} */
export default [
  {
    input: entries,
    external,
    plugins: [esbuild({ target: 'es2022', tsconfig: false }), clean],
    output: {
      dir: 'dist',
      format: 'es',
      sourcemap: true,
      entryFileNames: '[name].js',
      chunkFileNames: ({ name }) => (lazyFiles.has(name) || name === 'protocol' ? `lazy/${name}.js` : `${name}.js`),
      manualChunks: chunkOf,
      hoistTransitiveImports: false,
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
      // The clients have a method of the name `Symbol.asyncDispose`, which the libraries of few programs declare.
      banner: ({ name }) => (name === 'index' ? '/// <reference lib="esnext.disposable" />' : ''),
    },
  },
]
