/** What a single-page application costs the browser: bytes, the time to load them, and a cached token. All of it beside other libraries. */
import { readFile } from 'node:fs/promises'
import { bundle, installLibrary, total } from './support/bundle.mjs'
import { hasChromium, startBrowser } from './support/chromium.mjs'
import { accountOf, authority, clientId, partitionOf, realistic, scopes, userCache } from './support/fixtures.mjs'
import { summary } from './support/measure.mjs'
import { atLeast, atMost, count, digits, time } from './support/report.mjs'

/** Bytes, gzipped. */
const limit = { firstLoad: 12 * 1024 }
const loads = 31
const rounds = 7
const milliseconds = 250

const text = (path) => readFile(new URL(path, import.meta.url), 'utf8')
const program = async (name) => bundle(await text(`pages/${name}.mjs`))

export async function run() {
  await installLibrary()
  const names = ['ours', 'ours-finish', 'msal-browser', 'msal-browser-bridge', 'oidc-client-ts', 'oauth4webapi']
  const bundles = new Map()
  for (const name of names) bundles.set(name, await program(name))
  const sizes = bytes(bundles)
  if (!hasChromium) {
    const notRun = ['Chromium', ...Array(3).fill('not run')]
    return {
      tables: [sizes.table, { ...loadTable, rows: [notRun] }, { ...hitTable, rows: [[...notRun, 'not run']] }],
      checks: sizes.checks,
    }
  }
  const load = await loadTimes(bundles)
  const hit = await hits(await program('hit'))
  return { tables: [sizes.table, load.table, hit.table], checks: [...sizes.checks, ...load.checks, ...hit.checks] }
}

function bytes(bundles) {
  const first = (name) => total(bundles.get(name).files.filter(({ first }) => first))
  const row = (label, name) => {
    const [once, all] = [first(name), total(bundles.get(name).files)]
    return [label, count(once.min), count(once.gz), count(all.min), count(all.gz)]
  }
  return {
    table: {
      title: 'A single-page application (esbuild, browser, es2022, minified, split)',
      columns: ['', 'first load, min', 'gzip -9', 'all chunks, min', 'gzip -9'],
      rows: [
        row('msal-isomorphic: popup, redirect, silent, sign-out, IndexedDB', 'ours'),
        row('… its redirect page', 'ours-finish'),
        row('@azure/msal-browser: popup, redirect, silent, sign-out, localStorage', 'msal-browser'),
        row('… its redirect page, the bridge', 'msal-browser-bridge'),
        row('oidc-client-ts: popup, redirect, silent, sign-out, localStorage', 'oidc-client-ts'),
        row('oauth4webapi: sign-in by code alone', 'oauth4webapi'),
      ],
    },
    checks: [
      atMost('single-page application, first load, gzip', first('ours').gz, limit.firstLoad),
      atLeast('@azure/msal-browser / ours, first load, gzip', first('msal-browser').gz / first('ours').gz, 6),
      atMost('redirect page / the bridge of @azure/msal-browser, gzip', first('ours-finish').gz / first('msal-browser-bridge').gz, 1),
    ],
  }
}

const loadTable = {
  title: `Import of that application in Chromium, a fresh profile each time, ${loads} rounds`,
  columns: ['', 'import, median / min', 'ready to sign in, median / min', 'of msal-isomorphic (median)'],
}

/** The files are in the browser's cache when the clock starts: what is measured is to parse and to run them. */
async function loadTimes(bundles) {
  const names = ['ours', 'msal-browser', 'oidc-client-ts']
  const files = new Map(
    names.flatMap((name) => [...bundles.get(name).contents].map(([file, content]) => [`/${name}/${file}`, Buffer.from(content)])),
  )
  const browser = await startBrowser(files)
  try {
    const samples = new Map(names.map((name) => [name, { run: [], ready: [] }]))
    // The first round warms the browser up.
    for (let round = 0; round <= loads; round++) {
      for (const name of names) {
        const { entry, files } = bundles.get(name)
        const first = files.filter(({ first }) => first).map((file) => `/${name}/${file.name}`)
        const { run, ready } = await loadOnce(browser, `/${name}/${entry}`, first)
        if (round) {
          samples.get(name).run.push(run)
          samples.get(name).ready.push(ready)
        }
      }
    }
    if (browser.strangers.length) throw new Error(`A library that is loaded asks ${browser.strangers[0]}`)
    const times = new Map([...samples].map(([name, { run, ready }]) => [name, { run: summary(run), ready: summary(ready) }]))
    const ours = times.get('ours')
    const labels = { ours: 'msal-isomorphic', 'msal-browser': '@azure/msal-browser', 'oidc-client-ts': 'oidc-client-ts' }
    const rows = [...times].map(([name, { run, ready }]) => [
      labels[name],
      time(run),
      time(ready),
      (ready.median / ours.ready.median).toFixed(2),
    ])
    return {
      table: { ...loadTable, title: `${loadTable.title} (Chromium ${browser.version})`, rows },
      checks: [
        atLeast('@azure/msal-browser / ours, import until ready, median', times.get('msal-browser').ready.median / ours.ready.median, 2),
      ],
    }
  } finally {
    await browser.close()
  }
}

/** Microseconds from the import until the module has run, and until its client can be used. */
async function loadOnce(browser, entry, first) {
  const page = await browser.open()
  browser.served.length = 0
  const times = await page.evaluate(
    async ([entry, first]) => {
      for (const file of first) await (await fetch(file)).arrayBuffer()
      performance.mark('begin')
      const { ready } = await import(location.origin + entry)
      performance.mark('run')
      await ready
      performance.mark('ready')
      const until = (mark) => performance.measure(mark, 'begin', mark).duration * 1000
      return { run: until('run'), ready: until('ready') }
    },
    [entry, first],
  )
  if (browser.served.join() !== first.join()) throw new Error(`${entry} asked the network while the clock ran: ${browser.served}`)
  await page.context().close()
  return times
}

const hitTable = {
  title: 'acquireTokenSilent in Chromium, hit, one of N accounts (median / min)',
  columns: ['library', 'N', 'same account', 'rotating accounts', 'first, each account'],
}

async function hits({ entry, contents }) {
  const files = new Map([...contents].map(([file, content]) => [`/${file}`, Buffer.from(content)]))
  files.set('/measure.mjs', await text('support/measure.mjs'))
  const browser = await startBrowser(files)
  const kinds = [
    { name: 'inMemory', label: 'msal-isomorphic, in memory' },
    { name: 'overIndexedDb', label: 'msal-isomorphic, over indexedDbStore' },
    { name: 'overIndexedDb', label: '… that is asked each time', revalidateAfter: 0 },
    { name: 'msalBrowser', label: '@azure/msal-browser, sessionStorage', cacheLocation: 'sessionStorage' },
    { name: 'msalBrowser', label: '@azure/msal-browser, localStorage', cacheLocation: 'localStorage' },
  ]
  try {
    const subjects = []
    for (const users of [1, 10, 100]) for (const kind of kinds) subjects.push(await open(browser, entry, kind, users))
    browser.strangers.length = 0
    for (let round = 0; round < rounds; round++) for (const subject of subjects) await measure(subject)
    if (browser.strangers.length) throw new Error(`A hit asks ${browser.strangers[0]}`)
    const of = (label, users) => subjects.find((it) => it.label === label && it.users === users).samples
    const rows = kinds.flatMap(({ label }) =>
      [1, 10, 100].map((users) => {
        const { samples, first } = subjects.find((it) => it.label === label && it.users === users)
        return [label, users, time(summary(samples.same)), time(summary(samples.rotating)), `${digits(first)} µs`]
      }),
    )
    const faster = (users, ours, peer) => summary(of(peer, users).rotating).min / summary(of(ours, users).rotating).min
    const [memory, store, , session, local] = kinds.map(({ label }) => label)
    return {
      table: { ...hitTable, rows },
      checks: [
        ...[1, 10, 100].map((users) =>
          atLeast(`${users} accounts, in memory, times as fast as ${session}`, faster(users, memory, session), 10),
        ),
        ...[1, 10, 100].map((users) =>
          atLeast(`${users} accounts, over indexedDbStore, times as fast as ${local}`, faster(users, store, local), 10),
        ),
      ],
    }
  } finally {
    await browser.close()
  }
}

/** A page with one library whose cache holds some users. */
async function open(browser, entry, { name, label, ...options }, count) {
  const page = await browser.open()
  const parameters = { clientId, authority, scopes, users: usersOf(count), cache: userCache(count), ...options }
  const first = await page.evaluate(
    async ([entry, name, parameters]) => {
      const { batchSizeOf, sample } = await import(`${location.origin}/measure.mjs`)
      const { facts, ...operations } = await (await import(`${location.origin}/${entry}`))[name](parameters)
      const sizes = {}
      window.measure = async (operation, milliseconds) => {
        sizes[operation] ??= await batchSizeOf(operations[operation], { warmUp: milliseconds })
        return sample(operations[operation], sizes[operation], milliseconds)
      }
      return facts.first
    },
    [entry, name, parameters],
  )
  return { page, label, users: count, first, samples: { same: [], rotating: [] } }
}

async function measure({ page, samples }) {
  for (const operation of Object.keys(samples)) {
    samples[operation].push(
      ...(await page.evaluate(([operation, milliseconds]) => window.measure(operation, milliseconds), [operation, milliseconds])),
    )
  }
}

/** The same users for every library, as each is told of them. */
function usersOf(count) {
  return Array.from({ length: count }, (_, index) => {
    const account = accountOf(index)
    const partition = partitionOf(account.homeAccountId, { sizes: realistic })
    const secretOf = (section) => Object.values(JSON.parse(partition)[section])[0].secret
    const [uid, utid] = account.homeAccountId.split('.')
    return {
      account,
      partition,
      clientInfo: Buffer.from(JSON.stringify({ uid, utid })).toString('base64url'),
      accessToken: secretOf('AccessToken'),
      idToken: secretOf('IdToken'),
      refreshToken: secretOf('RefreshToken'),
    }
  })
}
