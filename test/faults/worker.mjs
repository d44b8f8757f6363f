// A process of an application, with the built library. On every message it asks for the token of every user, in an order of its own.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { PublicClientApplication, TokenCache } from 'msal-isomorphic'
import { fileStore } from 'msal-isomorphic/node'
import { redisStore } from 'msal-isomorphic/redis'
import { redisClient } from './redis-client.mjs'

const { name, users, clientId, authority, scopes, file, redis, concurrency, revalidateAfter } = JSON.parse(process.argv[2])

const storeErrors = []
const delays = monitorEventLoopDelay({ resolution: 20 })
delays.enable()
const onStoreError = (error) => storeErrors.push(String(error?.message ?? error))
const store = file ? fileStore(file) : redisStore(await redisClient(redis), { timeout: redis.timeout })
const tokenCache = new TokenCache({ store, onStoreError, ...(revalidateAfter !== undefined && { revalidateAfter }) })
const app = new PublicClientApplication({ clientId, authority, knownAuthorities: [new URL(authority).host], tokenCache, appName: name })

/** Which token each user got; null where they would have to sign in. */
async function askForAll() {
  const tokens = {}
  const errors = []
  delays.reset()
  const waiting = shuffled(users)
  const lane = async () => {
    for (let user = waiting.pop(); user !== undefined; user = waiting.pop()) {
      try {
        const account = await app.getAccount({ homeAccountId: user })
        tokens[user] = (await app.acquireTokenSilent({ scopes, account }))?.accessToken ?? null
      } catch (error) {
        errors.push(`${user}: ${error.code} ${error.message}`)
      }
    }
  }
  await Promise.all(Array.from({ length: concurrency }, lane))
  return { tokens, errors, storeErrors: storeErrors.splice(0), delay: delays.max / 1e6 }
}

function shuffled(list) {
  const shuffled = [...list]
  for (let index = shuffled.length - 1; index > 0; index--) {
    const other = Math.floor(Math.random() * (index + 1))
    ;[shuffled[index], shuffled[other]] = [shuffled[other], shuffled[index]]
  }
  return shuffled
}

process.on('message', async () => process.send(await askForAll()))
process.send('ready')
