/** The time that a page's module takes to load in Chromium, in turns: on a first visit, and when a signed-in person comes back. */
import { basename } from 'node:path'
import { total } from './bundle.mjs'
import { authority, clientId, scopes, usersOf } from './fixtures.mjs'
import { summary } from './measure.mjs'
import { atLeast, atMost, count, goal, time } from './report.mjs'

const rounds = 21
/** Bytes, gzipped: all that comes until a cached token of an earlier visit is there. */
const returnLimit = 23 * 1024
const labels = { ours: 'msal-isomorphic', 'msal-browser': '@azure/msal-browser', 'oidc-client-ts': 'oidc-client-ts' }

export const loadTable = {
  title: `Import of that application in Chromium, a fresh profile each time, ${rounds} rounds (median / min)`,
  columns: ['', 'import', '… of it script', 'import until ready', 'of msal-isomorphic (median)', '(script, median)'],
}
export const returnTable = {
  title: `The page of a signed-in person, loaded again: from the import to the cached token, ${rounds} rounds (median / min)`,
  columns: ['', 'token', 'of msal-isomorphic (median)', 'files', 'gzip -9'],
}

/** Takes turns, and gives each name the summaries of what `once` measured. The first round warms the browser up. */
async function inTurns(names, once) {
  const measured = new Map(names.map((name) => [name, []]))
  for (let round = 0; round <= rounds; round++) {
    for (const name of names) {
      const times = await once(name)
      if (round) measured.get(name).push(times)
    }
  }
  const summaries = (all) => Object.fromEntries(Object.keys(all[0]).map((kind) => [kind, summary(all.map((times) => times[kind]))]))
  return Object.fromEntries([...measured].map(([name, all]) => [name, summaries(all)]))
}

/** The files are in the browser's cache when the clock starts: what is measured is to find, parse and run them. */
export async function loads(browser, bundles) {
  const names = Object.keys(labels)
  const times = await inTurns(names, (name) => loadOnce(browser, name, bundles.get(name)))
  if (browser.strangers.length) throw new Error(`A library that is loaded asks ${browser.strangers[0]}`)
  const ratio = (name, kind) => times[name][kind].median / times.ours[kind].median
  const row = (name) => {
    const { run, script, ready } = times[name]
    return [labels[name], time(run), time(script), time(ready), ratio(name, 'ready').toFixed(2), ratio(name, 'script').toFixed(2)]
  }
  return {
    table: { ...loadTable, rows: names.map(row) },
    checks: [
      atLeast('@azure/msal-browser / ours, import until ready, median', ratio('msal-browser', 'ready'), 1.5),
      atLeast('@azure/msal-browser / ours, script of the import, median', ratio('msal-browser', 'script'), 4),
    ],
  }
}

/** Microseconds from the import until the module has run and until its client can be used, and those of them that scripts took. */
async function loadOnce(browser, name, { entry, files }) {
  const page = await browser.open()
  const first = files.filter(({ first }) => first).map((file) => `/${name}/${file.name}`)
  const scriptTime = await scriptTimeOf(page)
  await page.evaluate(async (first) => {
    for (const file of first) await (await fetch(file)).arrayBuffer()
  }, first)
  browser.served.length = 0
  const before = await scriptTime()
  const times = await page.evaluate(async (entry) => {
    performance.mark('begin')
    const { ready } = await import(entry)
    performance.mark('run')
    await ready
    performance.mark('ready')
    const until = (mark) => performance.measure(mark, 'begin', mark).duration * 1000
    return { run: until('run'), ready: until('ready') }
  }, `${browser.origin}/${name}/${entry}`)
  const script = (await scriptTime()) - before
  if (browser.served.length) throw new Error(`${name} asked the network while the clock ran: ${browser.served}`)
  await page.context().close()
  return { ...times, script }
}

/** Microseconds that the page's main thread has spent on scripts. */
async function scriptTimeOf(page) {
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('Performance.enable')
  return async () => {
    const { metrics } = await devtools.send('Performance.getMetrics')
    return metrics.find(({ name }) => name === 'ScriptDuration').value * 1e6
  }
}

/** Each library has a profile of its own, in which somebody has signed in. */
export async function returns(browser, bundles) {
  const fills = { ours: 'fillIndexedDb', 'msal-browser': 'fillMsalBrowser' }
  const names = Object.keys(fills)
  const [user] = usersOf(1)
  const profiles = {}
  for (const name of names) {
    const page = await browser.open()
    profiles[name] = page.context()
    await page.evaluate(
      async ([entry, fill, parameters]) => (await import(entry))[fill](parameters),
      [
        `${browser.origin}/hit/${bundles.get('hit').entry}`,
        fills[name],
        { clientId, authority, scopes, users: [user], cacheLocation: 'localStorage' },
      ],
    )
  }
  const loaded = {}
  const times = await inTurns(names, async (name) => {
    const page = await profiles[name].newPage()
    await page.goto(`${browser.origin}/`)
    const { token, accessToken, urls } = await page.evaluate(
      async ([entry, scopes]) => {
        performance.mark('begin')
        const { ready, accounts, silent } = await import(entry)
        await ready
        const [account] = await accounts()
        const { accessToken } = await silent(scopes, account)
        performance.mark('token')
        const urls = performance.getEntriesByType('resource').map(({ name }) => name)
        return { token: performance.measure('token', 'begin', 'token').duration * 1000, accessToken, urls }
      },
      [`${browser.origin}/${name}/${bundles.get(name).entry}`, scopes],
    )
    if (accessToken !== user.accessToken) throw new Error(`${name} has not kept its token.`)
    const files = urls.map((url) => basename(url))
    loaded[name] = bundles.get(name).files.filter((file) => files.includes(file.name))
    await page.close()
    return { token }
  })
  if (browser.strangers.length) throw new Error(`A cached token asks ${browser.strangers[0]}`)
  for (const profile of Object.values(profiles)) await profile.close()
  const ratio = (name) => times[name].token.median / times.ours.token.median
  const row = (name) => {
    const { token } = times[name]
    return [labels[name], time(token), ratio(name).toFixed(2), loaded[name].length, count(total(loaded[name]).gz)]
  }
  return {
    table: { ...returnTable, rows: names.map(row) },
    checks: [
      goal(atLeast('@azure/msal-browser / ours, import to the cached token, median', ratio('msal-browser'), 1.5)),
      atMost('all that loads for the cached token of an earlier visit, gzip', total(loaded.ours).gz, returnLimit),
    ],
  }
}
