// MSAL Node's turns at a cache file that others use too. Each turn is a new application: it loads the file, works, and saves it.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { ConfidentialClientApplication, PublicClientApplication } from '@azure/msal-node'

const { path, publicUrl, localUrl } = JSON.parse(process.env.PEER)
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

async function send(method, url, { headers, body } = {}) {
  const response = await fetch(url.replace(publicUrl, localUrl), { method, headers, body })
  return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.json() }
}
const networkClient = {
  sendGetRequestAsync: (url, options) => send('GET', url, options),
  sendPostRequestAsync: (url, options) => send('POST', url, options),
}

const cachePlugin = {
  async beforeCacheAccess({ tokenCache }) {
    if (existsSync(path)) tokenCache.deserialize(readFileSync(path, 'utf8'))
  },
  async afterCacheAccess(context) {
    if (context.cacheHasChanged) writeFileSync(path, context.tokenCache.serialize())
  },
}

async function work({ clientId, secret, authority, username, password, scopes }) {
  const auth = { clientId, authority, ...(secret && { clientSecret: secret }) }
  const options = { auth, cache: { cachePlugin }, system: { networkClient } }
  if (secret) return new ConfidentialClientApplication(options).acquireTokenByClientCredential({ scopes })
  const app = new PublicClientApplication(options)
  if (password) return app.acquireTokenByUsernamePassword({ scopes, username, password })
  const accounts = (await app.getTokenCache().getAllAccounts()).filter((account) => account.username === username)
  const homes = new Set(accounts.map(({ homeAccountId }) => homeAccountId))
  if (homes.size !== 1) throw new Error(`${homes.size} accounts`)
  const [, , , tenant] = authority.split('/')
  // It looks for access tokens in the tenant of the account, whatever the authority.
  const account = accounts.find(({ tenantId }) => tenantId === tenant) ?? { ...accounts[0], tenantId: tenant }
  return app.acquireTokenSilent({ account, scopes, authority })
}

async function turn(asks) {
  const results = {}
  for (const asked of asks) {
    results[asked.name] = await work(asked).then(
      ({ accessToken }) => accessToken,
      (error) => `error: ${error.errorCode} ${error.message}`,
    )
  }
  return results
}

for (let results = {}; ; ) {
  console.log(JSON.stringify({ ask: JSON.stringify(results) }))
  const { asks } = JSON.parse((await lines.next()).value)
  if (!asks) break
  results = await turn(JSON.parse(asks))
}
process.exit(0)
