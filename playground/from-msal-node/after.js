// The same as before.js with msal-isomorphic, and with the same file: whoever was signed in still is.
import { ConfidentialClientApplication, TokenCache } from 'msal-isomorphic'
import { fileStore } from 'msal-isomorphic/node'

export function createAuth({ clientId, authority, privateKey, certificate, cacheFile, redirectUri, scopes }) {
  const app = new ConfidentialClientApplication({
    clientId,
    authority,
    knownAuthorities: [new URL(authority).host],
    clientCredential: { privateKey, publicCertificate: certificate },
    tokenCache: new TokenCache({ store: fileStore(cacheFile) }),
  })
  const findAccount = async ({ homeAccountId }) => (homeAccountId ? app.getAccount({ homeAccountId }) : null)

  return {
    /** The address of the sign-in page. What the answer is checked against waits in the session: the flow is plain JSON. */
    async signIn(session) {
      session.flow = await app.initiateAuthCodeFlow({ scopes: scopes.user, redirectUri })
      return session.flow.authUri
    },

    /** Takes the answer of the sign-in page. */
    async finish(session, url) {
      const { flow } = session
      delete session.flow
      const { account } = await app.acquireTokenByAuthCodeFlow({ flow, response: url })
      session.homeAccountId = account.homeAccountId
    },

    /** The user's token; null where they have to sign in. */
    async userToken(session) {
      const account = await findAccount(session)
      return (await app.acquireTokenSilent({ scopes: scopes.user, account }))?.accessToken ?? null
    },

    /** The application's own token. */
    async appToken() {
      return (await app.acquireTokenForClient({ scopes: scopes.application })).accessToken
    },

    /** A token for whoever called with this one. */
    async tokenOnBehalfOf(userAssertion) {
      return (await app.acquireTokenOnBehalfOf({ userAssertion, scopes: scopes.caller })).accessToken
    },

    async signOut(session) {
      const account = await findAccount(session)
      if (account) await app.removeAccount(account)
    },
  }
}
