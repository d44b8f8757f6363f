import { join } from 'node:path'
import { isAuthError, PublicClientApplication, SerializableTokenCache } from 'msal-isomorphic'
import { loopback } from 'msal-isomorphic/node'
import { CliError, exitCodes } from './errors.js'
import { print, printable } from './output.js'
import { createStorage } from './storage.js'

const tokenFile = 'token-cache.json'
const httpFile = 'http-cache.json'
const activeFile = 'active-account'

/** What a person is given to sign in. */
const patience = 5 * 60_000

/** The client with its files: tokens, discovery documents, and whose turn it is. */
export async function openSession({ clientId, authority, knownAuthorities, home }, { noBrowser, device, signal }) {
  const storage = createStorage(home)
  const tokenCache = new SerializableTokenCache()
  readTokenCache(tokenCache, await storage.read(tokenFile), home)
  const httpCache = await readHttpCache(storage)
  const app = new PublicClientApplication({
    clientId,
    authority,
    ...(knownAuthorities && { knownAuthorities }),
    appName: 'msal-isomorphic playground',
    // This program answers claims challenges.
    clientCapabilities: ['CP1'],
    tokenCache,
    httpCache,
    interaction: loopback({ openBrowser: noBrowser ? showAddress : undefined }),
  })

  async function save() {
    if (tokenCache.hasStateChanged) await storage.write(tokenFile, tokenCache.serialize())
    if (httpCache.hasChanged) await storage.write(httpFile, httpCache.serialize())
  }

  return {
    app,

    /** The account of that name, else the one that was used last. */
    async findAccount(username) {
      const accounts = await app.getAccounts(username === undefined ? {} : { username })
      const active = await storage.read(activeFile)
      return accounts.find(({ homeAccountId }) => homeAccountId === active) ?? accounts[0]
    },

    /** From the cache or by a refresh token; where that is not enough, the browser opens. */
    async getToken({ scopes, account, username, login, forceRefresh, claimsChallenge }) {
      const silent = login ? { claimsChallenge } : await trySilently(app, { scopes, account, forceRefresh, claimsChallenge, signal })
      const result = silent.result ?? (await signIn({ scopes, account, username, login, claimsChallenge: silent.claimsChallenge }))
      await save()
      const { homeAccountId } = result.account
      if ((await storage.read(activeFile)) !== homeAccountId) await storage.write(activeFile, homeAccountId)
      return result
    },

    /** Waits for what is under way, as an interrupted request may still bring a token that replaces the one in the file. */
    async close() {
      await app.close()
      await save()
    },
  }

  async function signIn({ login, account, username, ...request }) {
    if (device) return signInElsewhere(request)
    if (!noBrowser) print('Opening the browser to sign in. Ctrl+C gives up.')
    const loginHint = username ?? (login ? undefined : account?.username)
    return app.acquireTokenInteractive({ ...request, loginHint, prompt: login ? 'select_account' : undefined, timeout: patience, signal })
  }

  /** The person signs in wherever there is a browser; this program asks until they have. */
  async function signInElsewhere({ scopes, claimsChallenge }) {
    const flow = await app.initiateDeviceFlow({ scopes, signal })
    print(`${printable(flow.message)} Ctrl+C gives up.`)
    return app.acquireTokenByDeviceFlow({ flow, claimsChallenge, signal })
  }
}

function readTokenCache(tokenCache, text, home) {
  try {
    tokenCache.deserialize(text)
  } catch (error) {
    throw new CliError(`${join(home, tokenFile)} is no token cache (${error.code}). Delete it and sign in again.`, exitCodes.usage)
  }
}

/** A result, or what the provider wants of the next sign-in. */
async function trySilently(app, request) {
  try {
    return { result: await app.acquireTokenSilentWithError(request), claimsChallenge: request.claimsChallenge }
  } catch (error) {
    if (!isAuthError(error, 'interaction_required')) throw error
    return { claimsChallenge: error.claims ?? request.claimsChallenge }
  }
}

function showAddress(url) {
  print(`Open this page to sign in: ${url}`)
}

/** At most this many answers are kept; the oldest go first. */
const capacity = 100

async function readHttpCache(storage) {
  const entries = new Map(parseEntries(await storage.read(httpFile)))
  return {
    hasChanged: false,
    get: (key) => entries.get(key),
    set(key, value) {
      entries.delete(key)
      entries.set(key, value)
      this.hasChanged = true
    },
    delete(key) {
      this.hasChanged = entries.delete(key) || this.hasChanged
    },
    serialize() {
      this.hasChanged = false
      return JSON.stringify([...entries].slice(-capacity))
    },
  }
}

/** It holds nothing that cannot be asked for again, so a broken file is an empty one. */
function parseEntries(text) {
  try {
    return JSON.parse(text).filter(([key, value]) => typeof key === 'string' && typeof value === 'string')
  } catch {
    return []
  }
}
