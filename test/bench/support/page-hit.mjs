/** A cached token in Chromium, for one of N accounts: each library and each N has a page and a profile of its own, and they take turns. */
import { authority, clientId, scopes, userCache, usersOf } from './fixtures.mjs'
import { summary } from './measure.mjs'
import { atLeast, time } from './report.mjs'

const rounds = 5
const milliseconds = 200
const sizes = [1, 10, 100]
const kinds = [
  { name: 'inMemory', label: 'msal-isomorphic, in memory' },
  { name: 'overIndexedDb', label: 'msal-isomorphic, over indexedDbStore' },
  { name: 'overIndexedDb', label: '… that is asked each time', revalidateAfter: 0 },
  { name: 'msalBrowser', label: '@azure/msal-browser, sessionStorage', cacheLocation: 'sessionStorage' },
  { name: 'msalBrowser', label: '@azure/msal-browser, localStorage', cacheLocation: 'localStorage' },
]

export const hitTable = {
  title: 'acquireTokenSilent in Chromium, hit, one of N accounts (median / min)',
  columns: ['library', 'N', 'same account', 'rotating accounts'],
}

export async function hits(browser, bundles) {
  const entry = `${browser.origin}/hit/${bundles.get('hit').entry}`
  const subjects = []
  for (const count of sizes) for (const kind of kinds) subjects.push(await open(browser, entry, kind, count))
  browser.strangers.length = 0
  for (let round = 0; round < rounds; round++) for (const subject of subjects) await measure(subject)
  if (browser.strangers.length) throw new Error(`A hit asks ${browser.strangers[0]}`)
  for (const { page } of subjects) await page.context().close()

  const times = (kind, count) => {
    const { samples } = subjects.find((subject) => subject.kind === kind && subject.count === count)
    return { same: summary(samples.same), rotating: summary(samples.rotating) }
  }
  const row = (kind, count) => [kind.label, count, time(times(kind, count).same), time(times(kind, count).rotating)]
  const faster = (ours, peer) => (count) => {
    const ratio = times(peer, count).rotating.min / times(ours, count).rotating.min
    return atLeast(`${ours.label}, ${count} accounts, times as fast as ${peer.label}`, ratio, 10)
  }
  const [memory, store, , session, local] = kinds
  return {
    table: { ...hitTable, rows: kinds.flatMap((kind) => sizes.map((count) => row(kind, count))) },
    checks: [...sizes.map(faster(memory, session)), ...sizes.map(faster(store, local))],
  }
}

/** A page with one library, whose cache holds some users. */
async function open(browser, entry, kind, count) {
  const page = await browser.open()
  const { name, label: _, ...options } = kind
  const parameters = { clientId, authority, scopes, users: usersOf(count), cache: userCache(count), ...options }
  await page.evaluate(
    async ([measure, entry, name, parameters]) => {
      const { batchSizeOf, sample } = await import(measure)
      const operations = await (await import(entry))[name](parameters)
      const sizes = {}
      window.measure = async (operation, milliseconds) => {
        sizes[operation] ??= await batchSizeOf(operations[operation], { warmUp: milliseconds })
        return sample(operations[operation], sizes[operation], milliseconds)
      }
    },
    [`${browser.origin}/measure.mjs`, entry, name, parameters],
  )
  return { page, kind, count, samples: { same: [], rotating: [] } }
}

async function measure({ page, samples }) {
  for (const operation of Object.keys(samples)) {
    const measured = await page.evaluate((asked) => window.measure(...asked), [operation, milliseconds])
    samples[operation].push(...measured)
  }
}
