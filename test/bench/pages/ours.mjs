// A single-page application: every way to sign in and out, and tokens that outlive the page.
import { PublicClientApplication, TokenCache } from 'msal-isomorphic'
import { completeRedirect, indexedDbStore, logout, popup, redirect, silentFrame } from 'msal-isomorphic/browser'

const finish = '/finish'
export const app = new PublicClientApplication({
  clientId: '11111111-2222-3333-4444-555555555555',
  authority: 'https://login.microsoftonline.com/99999999-8888-7777-6666-555555555555',
  tokenCache: new TokenCache({ store: indexedDbStore() }),
  silentInteraction: silentFrame({ redirectUri: finish }),
})
export const start = () => completeRedirect(app)
export const byPopup = (scopes) => app.acquireTokenInteractive({ scopes, interaction: popup({ redirectUri: finish }) })
export const byRedirect = (scopes) => app.acquireTokenInteractive({ scopes, interaction: redirect() })
export const bySession = (scopes) => app.acquireTokenInteractive({ scopes, interaction: silentFrame({ redirectUri: finish }) })
export const silent = async (scopes, account) => (await app.acquireTokenSilent({ scopes, account })) ?? byPopup(scopes)
export const accounts = () => app.getAccounts()
export const signOut = (account) => logout(app, { account })
/** Resolves when the client can be used. */
export const ready = Promise.resolve()
