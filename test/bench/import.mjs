/** Time to import each library in a fresh Node process, in turns. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { summary } from './support/measure.mjs'
import { atMost, digits } from './support/report.mjs'

const program = fileURLToPath(new URL('support/import-time.mjs', import.meta.url))
const specifiers = ['node:fs', 'msal-isomorphic', 'msal-isomorphic/node', 'oauth4webapi', 'jose', '@azure/msal-node']
const rounds = 21

export async function run() {
  const samples = new Map(specifiers.map((specifier) => [specifier, []]))
  // The first round fills the file system's cache.
  for (let round = 0; round <= rounds; round++) {
    for (const specifier of specifiers) {
      const { stdout } = await promisify(execFile)(process.execPath, [program, specifier])
      if (round) samples.get(specifier).push(Number(stdout))
    }
  }
  const times = new Map([...samples].map(([specifier, all]) => [specifier, summary(all)]))
  const peer = times.get('oauth4webapi')
  const rows = [...times].map(([specifier, { median, min }]) => [
    specifier,
    digits(median),
    digits(min),
    (median / peer.median).toFixed(2),
    (min / peer.min).toFixed(2),
  ])
  const columns = ['', 'median ms', 'min ms', 'of oauth4webapi (median)', '(min)']
  return {
    tables: [{ title: `Import in a fresh process, ${rounds} rounds`, columns, rows }],
    checks: [atMost('msal-isomorphic / oauth4webapi, median', times.get('msal-isomorphic').median / peer.median, 2)],
  }
}
