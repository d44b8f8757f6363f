// The same application with MSAL Browser.
import { InteractionRequiredAuthError, PublicClientApplication } from '@azure/msal-browser'

export const app = new PublicClientApplication({
  auth: {
    clientId: '11111111-2222-3333-4444-555555555555',
    authority: 'https://login.microsoftonline.com/99999999-8888-7777-6666-555555555555',
    redirectUri: '/bridge',
  },
  cache: { cacheLocation: 'localStorage' },
})
export const start = () => app.handleRedirectPromise()
export const byPopup = (scopes) => app.acquireTokenPopup({ scopes })
export const byRedirect = (scopes) => app.acquireTokenRedirect({ scopes })
export const bySession = (scopes) => app.ssoSilent({ scopes })
export const silent = (scopes, account) =>
  app.acquireTokenSilent({ scopes, account }).catch((error) => {
    if (error instanceof InteractionRequiredAuthError) return byPopup(scopes)
    throw error
  })
export const accounts = () => app.getAllAccounts()
export const signOut = (account) => app.logoutRedirect({ account })
/** Resolves when the client can be used: before, every call is refused. */
export const ready = app.initialize()
