// The same with oidc-client-ts: one user, kept in the page's storage.
import { UserManager, WebStorageStateStore } from 'oidc-client-ts'

export const manager = new UserManager({
  authority: 'https://login.microsoftonline.com/99999999-8888-7777-6666-555555555555/v2.0',
  client_id: '11111111-2222-3333-4444-555555555555',
  redirect_uri: `${location.origin}/finish`,
  userStore: new WebStorageStateStore({ store: localStorage }),
})
export const start = () => manager.signinCallback()
export const byPopup = (scopes) => manager.signinPopup({ scope: scopes.join(' ') })
export const byRedirect = (scopes) => manager.signinRedirect({ scope: scopes.join(' ') })
export const silent = async (scopes) => {
  const user = await manager.getUser()
  return user && !user.expired ? user : manager.signinSilent({ scope: scopes.join(' ') })
}
export const signOut = () => manager.signoutRedirect()
export const ready = Promise.resolve()
