// The same as before.py with msal-isomorphic, and with the same file: whoever was signed in still is.
// Usage: node playground/from-msal-python/after.js settings.json [sign-out]
import { readFile, writeFile } from 'node:fs/promises'
import { PublicClientApplication, SerializableTokenCache } from 'msal-isomorphic'

const [, , file, command] = process.argv
const { clientId, authority, instanceDiscovery, scopes, api, cacheFile } = JSON.parse(await readFile(file, 'utf8'))

const tokenCache = new SerializableTokenCache()
tokenCache.deserialize(await readFile(cacheFile, 'utf8').catch(() => ''))

const app = new PublicClientApplication({ clientId, authority, instanceDiscovery, tokenCache })

async function signIn() {
  const flow = await app.initiateDeviceFlow({ scopes })
  console.log(flow.message)
  return app.acquireTokenByDeviceFlow({ flow })
}

async function token() {
  const [account] = await app.getAccounts()
  const { accessToken } = (await app.acquireTokenSilent({ scopes, account })) ?? (await signIn())
  return accessToken
}

async function save() {
  if (tokenCache.hasStateChanged) await writeFile(cacheFile, tokenCache.serialize(), { mode: 0o600 })
}

if (command === 'sign-out') {
  for (const account of await app.getAccounts()) await app.removeAccount(account)
  await save()
} else {
  const headers = { authorization: `Bearer ${await token()}` }
  await save()
  console.log(await (await fetch(api, { headers, signal: AbortSignal.timeout(10_000) })).text())
}
