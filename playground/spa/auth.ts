import { type AccountInfo, type Interaction, PublicClientApplication, TokenCache, type UserResult } from 'msal-isomorphic'
import { accounts, indexedDbStore, logout, popup, redirect } from 'msal-isomorphic/browser'
import type { Config } from './config.ts'

/** How the person is shown the provider's pages. */
export type Way = 'popup' | 'redirect'

export const readNotes = ['api://notes/Notes.Read']
export const writeNotes = ['api://notes/Notes.Write']

/** Where a popup comes back to. */
const popupPage = '/signed-in.html'

/** Everything that this page asks of the library, in one place. */
export function createAuth({ clientId, authority, knownAuthorities }: Config, send: typeof fetch, onStoreError: (error: unknown) => void) {
  const store = indexedDbStore()
  const tokenCache = new TokenCache({ store, onStoreError })
  const app = new PublicClientApplication({
    clientId,
    authority,
    knownAuthorities,
    appName: 'msal-isomorphic playground',
    clientCapabilities: ['CP1'], // this page answers claims challenges
    tokenCache,
    fetch: send,
  })
  const interactions: Record<Way, Interaction> = { popup: popup({ redirectUri: popupPage }), redirect: redirect() }
  const known = accounts(app)

  return {
    app,
    store,
    tokenCache,
    accounts: known,

    /** Called first thing in a click: a popup opens only there. Whoever signs in becomes the account that the page works with. */
    async signIn(way: Way, options: SignInOptions): Promise<UserResult> {
      const result = await app.acquireTokenInteractive({ scopes: readNotes, ...options, interaction: interactions[way] })
      known.active = result.account
      return result
    },

    token: (options: TokenOptions = {}) => app.acquireTokenSilent({ scopes: readNotes, account: known.active, ...options }),

    signOut: (way: Way, account: AccountInfo) =>
      logout(app, {
        account,
        popup: way === 'popup',
        postLogoutRedirectUri: new URL(way === 'popup' ? popupPage : '/', location.href).href,
      }),

    forget: (account: AccountInfo) => app.removeAccount(account),
  }
}

export type Auth = ReturnType<typeof createAuth>

export interface SignInOptions {
  signal: AbortSignal
  scopes?: string[]
  prompt?: string
  loginHint?: string
  claimsChallenge?: string
}

export interface TokenOptions {
  scopes?: string[]
  forceRefresh?: boolean
  claimsChallenge?: string
  signal?: AbortSignal
}
