/** What a single-page application costs the browser: bytes, the time to load them, and a cached token. All of it beside other libraries. */
import { readFile } from 'node:fs/promises'
import { bundle, installLibrary, total } from './support/bundle.mjs'
import { hasChromium, startBrowser } from './support/chromium.mjs'
import { hits, hitTable } from './support/page-hit.mjs'
import { loads, loadTable, returns, returnTable } from './support/page-load.mjs'
import { atLeast, atMost, count } from './support/report.mjs'

/** Bytes, gzipped. */
const limit = { firstLoad: 12 * 1024 }
const programs = ['ours', 'ours-finish', 'msal-browser', 'msal-browser-bridge', 'oidc-client-ts', 'oauth4webapi', 'hit']
const text = (path) => readFile(new URL(path, import.meta.url), 'utf8')

export async function run() {
  await installLibrary()
  const bundles = new Map()
  for (const name of programs) bundles.set(name, await bundle(await text(`pages/${name}.mjs`)))
  const parts = [bytes(bundles)]
  if (hasChromium) parts.push(...(await inChromium(bundles)))
  else for (const table of [loadTable, returnTable, hitTable]) parts.push({ table: notRun(table), checks: [] })
  return { tables: parts.map(({ table }) => table), checks: parts.flatMap(({ checks }) => checks) }
}

async function inChromium(bundles) {
  const files = new Map([['/measure.mjs', await text('support/measure.mjs')]])
  for (const [name, { contents }] of bundles) {
    for (const [file, content] of contents) files.set(`/${name}/${file}`, content)
  }
  const browser = await startBrowser(files)
  try {
    return [await loads(browser, bundles), await returns(browser, bundles), await hits(browser, bundles)]
  } finally {
    await browser.close()
  }
}

const notRun = (table) => ({ ...table, rows: [table.columns.map((_, column) => (column ? 'not run' : 'Chromium is not here'))] })

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
