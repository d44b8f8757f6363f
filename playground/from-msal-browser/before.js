// The page with MSAL Browser. after.js is the same with msal-isomorphic.
import { InteractionRequiredAuthError, PublicClientApplication } from '@azure/msal-browser'
import { readConfig, showPage } from './page.js'

const { clientId, authority, scopes, cacheLocation, api } = await readConfig()
const app = new PublicClientApplication({
  auth: { clientId, authority, knownAuthorities: [new URL(authority).host], redirectUri: '/bridge', postLogoutRedirectUri: '/' },
  cache: { cacheLocation },
})
await app.initialize()
const arrived = await app.handleRedirectPromise()
if (arrived) app.setActiveAccount(arrived.account)

showPage({
  api,
  account: () => app.getActiveAccount(),
  async signIn() {
    const { account } = await app.acquireTokenPopup({ scopes })
    app.setActiveAccount(account)
  },
  signInByRedirect: () => app.acquireTokenRedirect({ scopes }),
  async token() {
    if (!app.getActiveAccount()) return null
    try {
      return (await app.acquireTokenSilent({ scopes })).accessToken
    } catch (error) {
      if (error instanceof InteractionRequiredAuthError) return null
      throw error
    }
  },
  signOut: () => app.logoutRedirect({ account: app.getActiveAccount() }),
})
