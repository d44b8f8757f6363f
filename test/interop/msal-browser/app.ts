// A page with two libraries on it: MSAL Browser as its users have it, and ours. The tests reach what it exposes.
import { type AuthenticationResult, PublicClientApplication as Peer, type PublicClientApplication } from '@azure/msal-browser'
import * as core from 'msal-isomorphic'
import * as browser from 'msal-isomorphic/browser'

export interface Config {
  clientId: string
  authority: string
  protocolMode: 'AAD' | 'OIDC'
}

/** What both libraries say of a sign-in. */
export interface Seen {
  homeAccountId: string
  localAccountId: string | null
  tenantId: string
  username: string
  name: string | undefined
  claims: Record<string, unknown>
  fromCache: boolean
  accessToken: string
}

declare global {
  interface Window {
    peer: PublicClientApplication
    ours: core.PublicClientApplication
    browser: typeof browser
    /** What the page's own `handleRedirectPromise` and `completeRedirect` came to. */
    arrived: Promise<{ peer: Seen | null; ours: Seen | null }>
    seenByPeer(result: AuthenticationResult | null): Seen | null
    seenByOurs(result: core.UserResult | null): Seen | null
  }
}

window.seenByPeer = (result) => {
  if (!result) return null
  const { homeAccountId, localAccountId, tenantId, username, name } = result.account
  const { fromCache, accessToken, idTokenClaims } = result
  return { homeAccountId, localAccountId, tenantId, username, name, claims: { ...idTokenClaims }, fromCache, accessToken }
}
window.seenByOurs = (result) => {
  if (!result) return null
  const { homeAccountId, localAccountId, tenantId, username, name } = result.account
  const { accessToken, idTokenClaims, tokenSource } = result
  const rest = { claims: { ...idTokenClaims }, fromCache: tokenSource === 'cache', accessToken }
  return { homeAccountId, localAccountId, tenantId, username, name, ...rest }
}

const { clientId, authority, protocolMode }: Config = await (await fetch('/config.json')).json()
const knownAuthorities = [new URL(authority).host]
window.browser = browser
window.peer = new Peer({ auth: { clientId, authority, knownAuthorities, redirectUri: '/bridge' }, system: { protocolMode } })
window.ours = new core.PublicClientApplication({
  clientId,
  ...(protocolMode === 'OIDC' ? { oidcAuthority: authority } : { authority, knownAuthorities }),
  tokenCache: new core.TokenCache({ store: browser.indexedDbStore() }),
  interaction: browser.popup({ redirectUri: '/finish' }),
})

/**
 * Either library takes whatever answer is in the address: MSAL Browser drops what it did not ask for, ours refuses it. So a page with both
 * gives each an address of its own to come back to.
 */
async function arrive() {
  const { pathname } = location
  const ours = pathname === '/peer' ? null : await browser.completeRedirect(window.ours)
  await window.peer.initialize()
  const peer = pathname === '/ours' ? null : await window.peer.handleRedirectPromise()
  return { peer: window.seenByPeer(peer), ours: window.seenByOurs(ours) }
}
window.arrived = arrive()
