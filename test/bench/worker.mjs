/** A Worker that gets a token for itself: its bytes, and how long a new isolate takes for its first answer, in workerd. */
import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync } from 'node:crypto'
import { builtinModules } from 'node:module'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { Miniflare } from 'miniflare'
import { installLibrary, libraryPath } from './support/bundle.mjs'
import { appScopes, authority, clientId } from './support/fixtures.mjs'
import { summary } from './support/measure.mjs'
import { atMost, count, digits } from './support/report.mjs'

const rounds = 30
const date = '2026-04-01'

/** In turns, one new isolate each. */
const subjects = [
  { name: 'hello', title: '(a Worker without a library)' },
  { name: 'ours', title: 'msal-isomorphic, certificate, in files', splitting: true },
  { name: 'ours-in-one', source: 'ours', title: 'msal-isomorphic, certificate, in one file' },
  { name: 'oauth4webapi', title: 'oauth4webapi, private_key_jwt' },
  { name: 'openid-client', title: 'openid-client, private_key_jwt' },
  { name: 'msal-node-secret', title: '@azure/msal-node, secret', node: true },
  { name: 'msal-node-certificate', title: '@azure/msal-node, certificate (SHA-256)', node: true },
]

/** A Worker's files by name, `main.js` first. What needs Node's modules leaves them to the runtime. */
async function bundleWorker({ name, source = name, node, splitting = false }) {
  const prefixed = {
    name: 'prefixed',
    setup: ({ onResolve }) =>
      onResolve({ filter: new RegExp(`^(${builtinModules.join('|')})$`) }, ({ path }) => ({ path: `node:${path}`, external: true })),
  }
  const { outputFiles } = await build({
    entryPoints: { main: fileURLToPath(new URL(`subjects/workers/${source}.mjs`, import.meta.url)) },
    bundle: true,
    splitting,
    outdir: '/',
    minify: true,
    format: 'esm',
    target: 'es2022',
    platform: node ? 'node' : 'neutral',
    conditions: ['workerd', 'worker', ...(node ? [] : ['browser'])],
    mainFields: ['module', 'main'],
    alias: { 'msal-isomorphic': libraryPath() },
    plugins: node ? [prefixed] : [],
    // What is CommonJS asks for Node's modules by a function that modules do not have.
    banner: node ? { js: "import{createRequire as r}from'node:module';const require=r('/');" } : {},
    external: ['node:*'],
    write: false,
    logLevel: 'silent',
  })
  const files = outputFiles.map(({ path, text }) => [basename(path), text])
  return Object.fromEntries(files.sort(([a], [b]) => Number(b === 'main.js') - Number(a === 'main.js')))
}

export async function run() {
  await installLibrary()
  const bundles = {}
  for (const subject of subjects) {
    bundles[subject.name] = { modules: await bundleWorker(subject), flags: subject.node ? ['nodejs_compat'] : [] }
  }
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  const [thumbprint, thumbprintSha256] = ['sha1', 'sha256'].map((hash) => createHash(hash).update(privateKey).digest('hex'))
  const settings = { clientId, authority, scopes: appScopes, privateKey, thumbprint, thumbprintSha256 }
  const script = async (name) => [{ type: 'ESModule', path: `${name}.mjs`, contents: (await bundleWorker({ name }))['main.js'] }]
  const workerd = new Miniflare({
    cf: false,
    workers: [
      {
        name: 'host',
        modules: await script('host'),
        compatibilityDate: date,
        workerLoaders: { LOADER: {} },
        serviceBindings: { PROVIDER: 'provider' },
        bindings: { BUNDLES: bundles, SETTINGS: settings, DATE: date },
      },
      { name: 'provider', modules: await script('provider'), compatibilityDate: date },
    ],
  })
  try {
    return report(bundles, await measure(workerd))
  } finally {
    await workerd.dispose()
  }
}

/** Milliseconds from the request to the answer of a new isolate, by subject and path; and what a subject that failed said. */
async function measure(workerd) {
  const samples = new Map()
  const failures = new Map()
  await (await workerd.dispatchFetch('http://host/')).text()
  // The first round is for the host.
  for (let round = 0; round <= rounds; round++) {
    for (const { name } of subjects) {
      for (const path of ['start', 'token']) {
        if (failures.has(name) && path === 'token') continue
        const begin = performance.now()
        const response = await workerd.dispatchFetch(`http://host/${path}?worker=${name}&number=${path}${round}`)
        const text = await response.text()
        const time = performance.now() - begin
        const good = path === 'start' || name === 'hello' ? text === 'hello' : text.startsWith('fresh-')
        if (!good) failures.set(name, text)
        else if (round) samples.set(`${name} ${path}`, [...(samples.get(`${name} ${path}`) ?? []), time])
      }
    }
  }
  return { times: new Map([...samples].map(([key, all]) => [key, summary(all)])), failures }
}

/** The main file and what it imports statically, and those in turn: all that a token takes loads at once (test/package/bundle.test.ts). */
function filesAtOnce(modules, name = 'main.js', seen = new Set()) {
  seen.add(name)
  for (const [, next] of modules[name].matchAll(/(?:from|import)"\.\/([^"]+)"/g)) if (!seen.has(next)) filesAtOnce(modules, next, seen)
  return [...seen].map((file) => modules[file])
}

const sum = (files, sizeOf) => files.reduce((all, text) => all + sizeOf(text), 0)

function report(bundles, { times, failures }) {
  const shown = (key) => {
    const { median, min } = times.get(key) ?? {}
    return median === undefined ? 'fails' : `${digits(median)} / ${digits(min)}`
  }
  const rows = subjects.map(({ name, title }) => {
    const loaded = filesAtOnce(bundles[name].modules)
    const more = (path) =>
      times.has(`${name} ${path}`) ? digits(times.get(`${name} ${path}`).median - times.get(`hello ${path}`).median) : '–'
    const own = name === 'hello' ? ['–', '–'] : [more('start'), more('token')]
    return [
      title,
      count(sum(loaded, (text) => text.length)),
      count(sum(loaded, (text) => gzipSync(text, { level: 9 }).length)),
      shown(`${name} start`),
      own[0],
      shown(`${name} token`),
      own[1],
    ]
  })
  for (const name of failures.keys()) assert.equal(name, 'msal-node-certificate', `${name}: ${failures.get(name)}`)
  const columns = ['', 'min', 'gzip -9', 'script alone', '– hello', 'first token', '– hello']
  const [ours, peer] = ['ours', 'msal-node-secret'].map((name) => times.get(`${name} token`).median)
  return {
    tables: [
      {
        title: `A Worker's first token, a new isolate each, ${rounds} rounds (ms, median / min; less the median of the bare Worker)`,
        columns,
        rows,
      },
      ...(failures.size
        ? [{ title: 'What failed', columns: ['', 'in its words'], rows: [...failures].map(([name, text]) => [name, text.slice(0, 300)]) }]
        : []),
    ],
    checks: [atMost('first token, msal-isomorphic / @azure/msal-node with a secret, median', ours / peer, 1)],
  }
}
