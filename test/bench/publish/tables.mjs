/** What the README and the README of the benchmarks say in numbers: written between markers, from the results. */
import { plotNames } from './plots.mjs'
import { cell, microseconds, number, occasion } from './results.mjs'

/** @import { Results, Table } from './results.mjs' */

/**
 * A text with its marked blocks written anew: `<!-- sizes -->…<!-- /sizes -->`.
 *
 * @param {string} text
 * @param {Record<string, string>} blocks
 */
export function withBlocks(text, blocks) {
  return Object.entries(blocks).reduce((before, [name, block]) => {
    const marked = new RegExp(`(<!-- ${name} -->\\n).*(<!-- /${name} -->)`, 's')
    if (!marked.test(before)) throw new Error(`There is no place for ${name}.`)
    return before.replace(marked, (_, begin, end) => `${begin}\n${block}\n\n${end}`)
  }, text)
}

/** The blocks of the README. @param {Results} results */
export const readmeBlocks = (results) => ({ figures: figures(results), sizes: sizes(results), plots: pictures() })

/** The block of the README beside this folder. @param {Results} results */
export const benchBlocks = (results) => ({ results: sections(results) })

const page = 'msal-isomorphic: popup, redirect, silent, sign-out, IndexedDB'
const msalPage = '@azure/msal-browser: popup, redirect, silent, sign-out, localStorage'

/** @param {Results} results */
function figures(results) {
  const hit = (library) => readable(microseconds(cell(results, 'hit', 'acquireTokenSilent, hit', [library, '10,000'], 'rotating users')))
  const scenario = 'client credentials, empty cache, an instance per call over one cache'
  const herd = (library) => cell(results, 'herd', 'Token requests', [scenario], library) ?? 'not run'
  const app = (row) => kilobytes(cell(results, 'browser', 'A single-page application', [row], 'gzip -9'))
  return table(
    ['', 'this library', 'MSAL', 'reproduce with'],
    [
      [
        'a cached token, for each of 10,000 users in turn',
        hit('msal-isomorphic'),
        `${hit('@azure/msal-node')} (Node.js)`,
        '`npm run bench hit`',
      ],
      [
        'token requests for 100 calls at once, a client for each',
        herd('msal-isomorphic'),
        `${herd('@azure/msal-node')} (Node.js)`,
        '`npm run bench herd`',
      ],
      [
        'a page with popup, redirect, silent and sign-out: first load, gzipped',
        app(page),
        `${app(msalPage)} (browser)`,
        '`npm run bench browser`',
      ],
    ],
  )
}

/** @param {Results} results */
function sizes(results) {
  const first = (row) => kilobytes(cell(results, 'browser', 'A single-page application', [row], 'gzip -9'))
  const own = (row) => kilobytes(cell(results, 'size', 'Bytes in a bundle', [row], 'gzip -9'))
  const peer = (row) => kilobytes(cell(results, 'size', 'Peers', [row], 'gzip -9'))
  const bare = number(cell(results, 'size', 'Bare imports', ['msal-isomorphic'], 'gzip -9'))
  return table(
    ['what loads, gzipped', 'this library', 'others'],
    [
      [
        'a page with popup, redirect, silent, sign-out and IndexedDB, at first',
        first(page),
        `\`@azure/msal-browser\` ${first(msalPage)}, \`oidc-client-ts\` ${first('oidc-client-ts: popup, redirect, silent, sign-out, localStorage')}`,
      ],
      ['`PublicClientApplication` at first', own('PublicClientApplication: first load'), ''],
      [
        'a sign-in by code and its renewal, in all',
        own('PublicClientApplication: sign-in by code, renewal'),
        `\`@azure/msal-node\` ${peer('@azure/msal-node: PublicClientApplication')}, \`oauth4webapi\`, which keeps no tokens, ${peer('oauth4webapi: sign-in by code, renewal')}`,
      ],
      [
        'a service’s token by certificate, in all',
        own('ConfidentialClientApplication: client credentials by certificate'),
        `\`@azure/msal-node\` ${peer('@azure/msal-node: ConfidentialClientApplication')}, \`openid-client\` ${peer('openid-client: client credentials by private_key_jwt')}`,
      ],
      ['`isAuthError` alone', own('isAuthError alone, in one file'), ''],
      ['an import of which nothing is used', bare === undefined ? 'not run' : `${bare} KB`, ''],
    ],
  )
}

const captions = {
  hit: 'Median time of a cached token against the number of users: microseconds for this library at any number, growing with it for the MSALs.',
  sizes: 'Bytes in a bundle, beside other libraries.',
  herd: 'Token requests that 100 calls at once send, in eight situations, beside @azure/msal-node.',
  'cold-start': 'Time to import in Node.js and in Chromium, and to the first token of a new Worker, beside other libraries.',
}

/** The plots; each says itself how and on what it was measured. */
function pictures() {
  const picture = (name) => `<picture>
  <source media="(prefers-color-scheme: dark)" srcset="test/bench/plots/${name}-dark.svg">
  <img src="test/bench/plots/${name}-light.svg" width="860" alt="${captions[name]}">
</picture>`
  return plotNames.map(picture).join('\n\n')
}

/** @param {Results} results */
function sections(results) {
  return Object.entries(results)
    .map(([name, benchmark]) => {
      const missed = benchmark.checks.filter(({ passed }) => !passed)
      const notes = missed.map((check) => `- missed: ${check.name}: ${check.value} (${check.goal ? 'goal' : 'limit'} ${check.limit})`)
      // The files of a bundle are for whoever works on it.
      const tables = benchmark.tables.filter(({ title }) => !title.startsWith('Files of'))
      const parts = tables.map(({ title, columns, rows }) => `${title}:\n\n${table(columns, rows)}`)
      return [`### ${name}`, `${occasion(benchmark)}.`, ...(notes.length ? [notes.join('\n')] : []), ...parts].join('\n\n')
    })
    .join('\n\n')
}

/** @param {string[]} columns @param {(string | number)[][]} rows */
function table(columns, rows) {
  const line = (cells) => `| ${cells.map((text) => String(text).replaceAll('|', '\\|')).join(' | ')} |`
  const isNumeric = columns.map(
    (_, index) =>
      index > 0 && rows.every((cells) => /^(–|not run|fails|-?[\d.,]+[^a-z]*( (µs|ms|KB|MB))?( \(\w.*\))?)$/.test(String(cells[index]))),
  )
  return [line(columns), `|${isNumeric.map((numeric) => (numeric ? '--:' : '---')).join('|')}|`, ...rows.map(line)].join('\n')
}

/** @param {string | undefined} text bytes */
function kilobytes(text) {
  const bytes = number(text)
  return bytes === undefined ? 'not run' : `${(bytes / 1000).toFixed(1)} KB`
}

/** @param {number | undefined} value microseconds */
function readable(value) {
  if (value === undefined) return 'not run'
  return value < 1000 ? `${Number(value.toPrecision(2))} µs` : `${Number((value / 1000).toPrecision(2))} ms`
}
