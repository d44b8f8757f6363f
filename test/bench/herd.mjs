/** Many callers at once: how many token requests go out, and whether a caller waits for a renewal that it does not need. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { msalIsomorphic, msalNode } from './subjects/herd.mjs'
import { appCache, appScopes, host, scopes, tenantId, tenantOf, userCache } from './support/fixtures.mjs'
import { atMost, digits } from './support/report.mjs'

const callers = 100
const delay = 50
const expired = { expiresIn: -60 }
const due = { expiresIn: 3600, refreshIn: -60 }
const ownCache = (times) => appCache(1, times).replaceAll(tenantOf(0), tenantId)

/** Each gets its library and makes one call for the caller of that number. */
const scenarios = [
  {
    name: 'silent, expired token, same instance',
    state: () => userCache(1, expired),
    prepare: (library) => library.userApp(),
    call: (library, app) => library.silent(app),
  },
  {
    name: 'silent, expired token, own correlation ids',
    state: () => userCache(1, expired),
    prepare: (library) => library.userApp(),
    call: (library, app) => library.silent(app, { correlationId: randomUUID() }),
  },
  {
    name: 'silent, expired token, two sets of scopes',
    least: 2,
    state: () => userCache(1, expired),
    prepare: (library) => library.userApp(),
    call: (library, app, number) => library.silent(app, { scopes: number % 2 ? scopes : ['Mail.Read'] }),
  },
  {
    name: 'silent, token due for renewal',
    state: () => userCache(1, due),
    prepare: (library) => library.userApp(),
    call: (library, app) => library.silent(app),
  },
  {
    name: 'silent, expired token, an instance per call over one cache',
    state: () => userCache(1, expired),
    prepare: () => undefined,
    call: (library) => library.silent(library.userApp()),
  },
  {
    name: 'client credentials, empty cache, same instance',
    state: () => '{}',
    prepare: (library) => library.ownApp(),
    call: (library, app) => library.own(app),
  },
  {
    name: 'client credentials, token due for renewal, same instance',
    state: () => ownCache(due),
    prepare: (library) => library.ownApp(),
    call: (library, app) => library.own(app),
  },
  {
    name: 'client credentials, empty cache, an instance per call over one cache',
    state: () => '{}',
    prepare: () => undefined,
    call: (library) => library.own(library.ownApp()),
  },
]

async function requestsOf(create, { state, prepare, call }) {
  const library = create(state(), { delay })
  const app = prepare(library)
  const results = await Promise.all(Array.from({ length: callers }, (_, number) => call(library, app, number)))
  await library.settle()
  assert(results.every(({ accessToken }) => accessToken))
  return library.sent.tokenRequests
}

/** Milliseconds until a call with a good token that is due for renewal is answered, where the provider takes 200. */
async function waitOf(create, state, call) {
  const library = create(state, { delay: 200 })
  const begin = performance.now()
  const result = await call(library)
  const wait = performance.now() - begin
  await library.settle()
  assert(library.cached(result))
  assert(library.sent.tokenRequests, 'the token is renewed')
  return wait
}

export async function run() {
  const rows = []
  const checks = []
  for (const scenario of scenarios) {
    const ours = await requestsOf(msalIsomorphic, scenario)
    rows.push([scenario.name, ours, await requestsOf(msalNode, scenario)])
    checks.push(atMost(scenario.name, ours, scenario.least ?? 1))
  }
  const waits = []
  const silent = (library) => library.silent(library.userApp())
  const own = (library) => library.own(library.ownApp(), { scopes: appScopes })
  for (const [name, state, call] of [
    ['silent', userCache(1, due), silent],
    ['client credentials', ownCache(due), own],
  ]) {
    const [ours, theirs] = [await waitOf(msalIsomorphic, state, call), await waitOf(msalNode, state, call)]
    waits.push([name, `${digits(ours)} ms`, `${digits(theirs)} ms`])
    checks.push(atMost(`${name}, wait for a renewal behind the answer / its 200 ms`, ours / 200, 0.5))
  }
  return {
    tables: [
      {
        title: `Token requests for ${callers} calls at once (${host} faked, ${delay} ms)`,
        columns: ['', 'msal-isomorphic', '@azure/msal-node'],
        rows,
      },
      {
        title: 'Wait for a good token that is due for renewal, at a provider of 200 ms',
        columns: ['', 'msal-isomorphic', '@azure/msal-node'],
        rows: waits,
      },
    ],
    checks,
  }
}
