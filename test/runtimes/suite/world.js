import { ConfidentialClientApplication, PublicClientApplication, SerializableTokenCache } from 'msal-isomorphic'

export const redirectUri = 'http://localhost:5555/redirect'
export const scopes = ['api://notes/Notes.Read']
export const appScopes = ['api://notes/.default']

/**
 * Where a check runs: the provider, the people and clients that it knows, and a person at a browser, all of them over HTTP. The helper at
 * `helperUrl` says what there is (`GET /environment`), and does what takes somebody else (`POST /sign-in` and so on).
 */
export async function openWorld(helperUrl) {
  const environment = await (await fetch(`${helperUrl}/environment`)).json()
  const { authority, knownAuthorities, clients, users, api } = environment

  /** Text is what a page may send anywhere without asking first. */
  async function ask(what, details = {}) {
    const response = await fetch(`${helperUrl}/${what}`, { method: 'POST', body: JSON.stringify(details) })
    if (!response.ok) throw new Error(`The helper failed: ${await response.text()}`)
    return response.json()
  }

  const publicClient = (options) =>
    new PublicClientApplication({ clientId: clients.native.clientId, authority, knownAuthorities, ...options })

  function confidentialClient(name, options) {
    const { clientId, secret } = clients[name]
    return new ConfidentialClientApplication({ clientId, clientCredential: secret, authority, knownAuthorities, ...options })
  }

  /** Both halves of a sign-in, with the person's part between them. */
  async function signIn(app, options) {
    const flow = await app.initiateAuthCodeFlow({ scopes, redirectUri, ...options })
    const { url, params, method } = await ask('sign-in', { authUri: flow.authUri })
    const response = method === 'POST' ? new Request(url, { method, body: new URLSearchParams(params) }) : url
    // What a server keeps of a flow is JSON.
    return app.acquireTokenByAuthCodeFlow({ flow: JSON.parse(JSON.stringify(flow)), response })
  }

  async function signedIn(options) {
    const tokenCache = new SerializableTokenCache()
    const app = publicClient({ tokenCache, ...options })
    const { username, password } = users.alice
    const result = await app.acquireTokenByUsernamePassword({ username, password, scopes })
    return { app, tokenCache, result, account: result.account }
  }

  /** What the provider was asked while `task` ran. Preflights are a browser's own business. */
  async function requestsDuring(task) {
    const before = await ask('requests')
    const result = await task()
    const all = await ask('requests')
    const requests = all.slice(before.length).filter(({ method }) => method !== 'OPTIONS')
    return { result, requests, grants: requests.filter(({ path }) => path.endsWith('/token')).map(({ grantType }) => grantType) }
  }

  async function callApi(accessToken, path = '/notes') {
    const response = await fetch(`${api}${path}`, { headers: { authorization: `Bearer ${accessToken}` } })
    return { status: response.status, body: await response.json() }
  }

  return { ...environment, ask, publicClient, confidentialClient, signIn, signedIn, requestsDuring, callApi }
}

/** A copy, as another process would read it from where it was kept, with every access token changed. */
export function changed(tokenCache, fields) {
  const content = JSON.parse(tokenCache.serialize())
  for (const token of Object.values(content.AccessToken)) Object.assign(token, fields)
  const copy = new SerializableTokenCache()
  copy.deserialize(JSON.stringify(content))
  return copy
}

const past = () => String(Math.floor(Date.now() / 1000) - 1)

export const expired = (tokenCache) => changed(tokenCache, { expires_on: past(), extended_expires_on: past() })

export const pastRefresh = (tokenCache) => changed(tokenCache, { refresh_on: past() })

/** The claims of a token of the provider's own making. */
export function claimsOf(token) {
  const bytes = Uint8Array.from(atob(token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0))
  return JSON.parse(new TextDecoder().decode(bytes))
}
