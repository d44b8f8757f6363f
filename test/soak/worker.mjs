// A process of an application, with the built library. It asks for tokens of random users until it is told to stop, does what it is told
// between, and reports what came. Its clock can be set.
import { PublicClientApplication, TokenCache } from 'msal-isomorphic'
import { fileStore } from 'msal-isomorphic/node'
import { redisStore } from 'msal-isomorphic/redis'
import { redisClient } from '../faults/redis-client.mjs'

const { name, users, clientId, authority, scopes, file, redis, revalidateAfter, timeout, pause, rest, sabotage } = JSON.parse(
  process.argv[2],
)

const now = Date.now.bind(Date)
let offset = 0
const TrueDate = Date
globalThis.Date = class extends TrueDate {
  constructor(...args) {
    super(...(args.length ? args : [now() + offset]))
  }
  static now = () => now() + offset
}

let report = { calls: [], storeErrors: [], gaps: [], heaps: [] }
let storeError
function onStoreError(error) {
  storeError = { at: now(), message: String(error?.message ?? error) }
  report.storeErrors.push(storeError)
}
const plain = file ? fileStore(file) : redisStore(await redisClient(redis), { timeout: redis.timeout })
const store = severed(sabotaged(plain))
const tokenCache = new TokenCache({ store, onStoreError, revalidateAfter })
const knownAuthorities = [new URL(authority).host]
const app = new PublicClientApplication({ clientId, authority, knownAuthorities, tokenCache, appName: name, timeout })

/** A library with a part out of order, to see that the soak finds it. */
function sabotaged(store) {
  const { read, write, remove, list, lock } = store
  const all = { read, write, remove, list, lock }
  if (sabotage === 'lock') return { ...all, lock: (_partition, task) => task() }
  if (sabotage === 'version')
    return { ...all, write: (partition, value, { version: _version, ...options }) => write(partition, value, options) }
  if (sabotage === 'sign-out') return { ...all, remove: async () => {} }
  return all
}

/** A store that this process alone cannot reach for a while. */
let isCutOff = false
function severed(store) {
  const reach =
    (call) =>
    async (...given) => {
      if (isCutOff) throw new Error('This process is cut off from its store.')
      return call(...given)
    }
  const { read, write, remove, list, lock } = store
  return { read: reach(read), write: reach(write), remove: reach(remove), lock: reach(lock), list }
}

async function call(user, options = {}) {
  const entry = { user, from: now() }
  try {
    const account = await app.getAccount({ homeAccountId: user })
    entry.token = (await app.acquireTokenSilent({ scopes, account, ...options }))?.accessToken ?? null
  } catch (error) {
    entry.error = `${error.code} ${error.message}`
  }
  entry.to = now()
  return entry
}

let running = true
async function lane() {
  while (running) {
    await sleep(Math.random() * pause * 2)
    if (!running) return
    const user = users[Math.floor(Math.random() * users.length)]
    report.calls.push(await call(user, { forceRefresh: Math.random() < 0.02 }))
  }
}
const lanes = Array.from({ length: 4 }, lane)

const orders = {
  jump: ({ by }) => {
    offset = by
  },
  cutOff: ({ yes }) => {
    isCutOff = yes
  },
  signOut: ({ user }) => app.removeAccount({ homeAccountId: user }),
  signIn: ({ event }) => tokenCache.add(event),
  async stop() {
    running = false
    await Promise.all(lanes)
  },
  ask: ({ user }) => call(user),
}

process.on('message', async ({ id, order, ...details }) => {
  const before = now()
  const failures = []
  const result = await Promise.resolve()
    .then(() => orders[order](details))
    .catch((error) => void failures.push(String(error?.message ?? error)))
  // What is done while the store rests after failures reaches it later: nobody may take that for done.
  if (storeError?.at >= before - rest) failures.push(storeError.message)
  process.send({ id, result, failures })
})

/** A timer that comes late tells of a process that was kept from going on. */
let tick = now()
setInterval(() => {
  const time = now()
  if (time - tick > 900) report.gaps.push({ from: tick, to: time })
  tick = time
}, 100)
setInterval(() => {
  if (!process.connected) process.exit()
  process.send({ report })
  report = { calls: [], storeErrors: [], gaps: [], heaps: [] }
}, 500)
setInterval(() => {
  gc()
  report.heaps.push({ at: now(), used: process.memoryUsage().heapUsed })
}, 10_000)

function sleep(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}

process.send({ ready: true })
