/**
 * A process with one library: `load.mjs <name>`. Its users ask in waves, and the provider is slow and now and then in a bad mood. What it
 * is told to do, and what it answers, are messages.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { PublicClientApplication as MsalPublic } from '@azure/msal-node'
import { PublicClientApplication, SerializableTokenCache } from 'msal-isomorphic'
import { body } from '../support/fake-provider.mjs'
import { accountOf, authority, clientId, partitionOf, scopes } from '../support/fixtures.mjs'

const users = 50
const answerTime = 200
const timeout = 2000
/**
 * Of three users one has a token for long, one has a good one that is due for renewal in each wave, and one has an expired token at first, and
 * in each wave one that is good for less than the five minutes that both libraries want.
 */
const kinds = [
  { name: 'good', cached: { expiresIn: 3600 }, answer: { expires_in: 3600 } },
  { name: 'due', cached: { expiresIn: 3600, refreshIn: -60 }, answer: { expires_in: 3600, refresh_in: 1 } },
  { name: 'ending', cached: { expiresIn: -60 }, answer: { expires_in: 302 } },
]
const kindOf = (user) => kinds[user % kinds.length]
const accounts = Array.from({ length: users }, (_, user) => accountOf(user))

/** Until when the newest token of each user is valid. */
const ends = accounts.map((_, user) => Date.now() + kindOf(user).cached.expiresIn * 1000)

/** What all users have at first. */
function state() {
  const all = {}
  accounts.forEach(({ homeAccountId }, user) => {
    for (const [section, entries] of Object.entries(JSON.parse(partitionOf(homeAccountId, kindOf(user).cached)))) {
      all[section] = { ...all[section], ...entries }
    }
  })
  return JSON.stringify(all)
}

const sent = { requests: 0, unavailable: 0, stalls: 0 }

/** After 200 ms: one token request of ten is answered with 503, one of a hundred with nothing, ever. */
async function provide(url, form, stalled) {
  if (!new URL(url).pathname.endsWith('/token')) return { status: 200, headers: {}, body: body(url, form) }
  const number = sent.requests++
  // Evenly spread, and the same for all (Weyl's sequence of the golden ratio).
  const share = (Math.imul(number, 0x9e3779b1) >>> 0) / 2 ** 32
  if (share >= 0.99) {
    sent.stalls++
    return stalled()
  }
  await sleep(answerTime)
  if (share < 0.1) {
    sent.unavailable++
    return { status: 503, headers: { 'retry-after': '1' }, body: { error: 'temporarily_unavailable' } }
  }
  const [, user] = /^refresh-(\d+)\./.exec(new URLSearchParams(String(form)).get('refresh_token'))
  const tokens = { ...body(url, form, accounts[user].homeAccountId), ...kindOf(user).answer }
  ends[user] = Date.now() + tokens.expires_in * 1000
  return {
    status: 200,
    headers: {},
    body: { ...tokens, refresh_token: `refresh-${user}.${'r'.repeat(1000)}`, access_token: `${user}.${number}` },
  }
}

const libraries = {
  msalIsomorphic() {
    const tokenCache = new SerializableTokenCache()
    tokenCache.deserialize(state())
    const fetch = async (url, { body: form, signal }) => {
      const never = () => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      const { status, headers, body } = await provide(String(url), form, never)
      return Response.json(body, { status, headers })
    }
    const app = new PublicClientApplication({ clientId, authority, tokenCache, fetch, timeout })
    return (account) => app.acquireTokenSilent({ scopes, account })
  },
  msalNode() {
    const late = async () => {
      // Its own network client has no deadline; a careful application's has.
      await sleep(timeout)
      throw new Error('timed out')
    }
    const send = (url, init) => provide(url, init?.body, late)
    const app = new MsalPublic({
      auth: { clientId, authority },
      system: { networkClient: { sendGetRequestAsync: send, sendPostRequestAsync: send } },
    })
    app.getTokenCache().deserialize(state())
    return (account) => app.acquireTokenSilent({ scopes, account })
  },
}

const silent = libraries[process.argv[2]]()
let unhandled = 0
process.on('unhandledRejection', () => unhandled++)

const heap = () => {
  gc()
  return process.memoryUsage().heapUsed
}

const orders = {
  /** So many calls at once. An error is needless where the user has a token that is still valid. */
  async wave({ calls }) {
    const errors = { needless: 0, others: 0 }
    const waits = Object.fromEntries(kinds.map(({ name }) => [name, []]))
    const before = sent.requests
    await Promise.all(
      Array.from({ length: calls }, async (_, number) => {
        const user = number % users
        const { name } = kindOf(user)
        const begin = performance.now()
        try {
          const result = await silent(accounts[user])
          if (!result?.accessToken.startsWith(`${user}.`)) throw new Error('no token of that user')
        } catch {
          errors[ends[user] > Date.now() ? 'needless' : 'others']++
        }
        waits[name].push(performance.now() - begin)
      }),
    )
    return {
      errors,
      longest: Object.fromEntries(kinds.map(({ name }) => [name, Math.max(...waits[name])])),
      requests: sent.requests - before,
    }
  },
  /** Calls one after the other of those whose token is good. */
  async hits({ calls }) {
    const good = accounts.filter((_, user) => kindOf(user).name === 'good')
    const hit = (turn) => silent(good[turn % good.length])
    for (let turn = 0; turn < calls / 5; turn++) await hit(turn)
    const times = new Float64Array(calls)
    const before = heap()
    for (let turn = 0; turn < calls; turn++) {
      const begin = performance.now()
      await hit(turn)
      times[turn] = performance.now() - begin
    }
    const growth = heap() - before
    times.sort()
    const share = (part) => times[Math.floor((calls - 1) * part)] * 1000
    return { growth, median: share(0.5), p99: share(0.99), ...sent, unhandled }
  },
}

process.on('message', async ({ order, ...details }) => {
  try {
    process.send(await orders[order](details))
  } catch (error) {
    process.send({ error: String(error?.stack ?? error) })
  }
})
