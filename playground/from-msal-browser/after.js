// The same as before.js with msal-isomorphic. Whoever was signed in still is: bring-over.js sees to that, once.
import { PublicClientApplication, TokenCache } from 'msal-isomorphic'
import { accounts, completeRedirect, indexedDbStore, logout, popup, redirect } from 'msal-isomorphic/browser'
import { bringOver } from './bring-over.js'
import { readConfig, showPage } from './page.js'

const { clientId, authority, scopes, api } = await readConfig()
const tokenCache = new TokenCache({ store: indexedDbStore() })
const app = new PublicClientApplication({
  clientId,
  authority,
  knownAuthorities: [new URL(authority).host],
  interaction: popup({ redirectUri: '/signed-in' }),
  tokenCache,
})
await completeRedirect(app)
// No failure of it keeps people from signing in.
await bringOver({ app, tokenCache, clientId, scopes }).catch((error) => console.warn(`Not brought over: ${error.code}`))

const render = showPage({
  api,
  account: () => accounts(app).active,
  signIn: () => app.acquireTokenInteractive({ scopes }),
  signInByRedirect: () => app.acquireTokenInteractive({ scopes, interaction: redirect() }),
  async token() {
    return (await app.acquireTokenSilent({ scopes, account: accounts(app).active }))?.accessToken ?? null
  },
  signOut: () => logout(app, { account: accounts(app).active, postLogoutRedirectUri: `${location.origin}/` }),
})
// The accounts of earlier visits come as soon as the store has been read, and those of other tabs later.
accounts(app).subscribe(render)
