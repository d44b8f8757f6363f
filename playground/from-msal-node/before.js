// Signing in with MSAL Node: its cache goes to a file through a plugin. after.js does the same with msal-isomorphic.
import { readFile, writeFile } from 'node:fs/promises'
import { ConfidentialClientApplication, CryptoProvider, InteractionRequiredAuthError } from '@azure/msal-node'

export function createAuth({ clientId, authority, privateKey, certificate, thumbprint, cacheFile, redirectUri, scopes }) {
  const app = new ConfidentialClientApplication({
    auth: {
      clientId,
      authority,
      knownAuthorities: [new URL(authority).host],
      clientCertificate: { privateKey, thumbprintSha256: thumbprint, x5c: certificate },
    },
    cache: { cachePlugin: filePlugin(cacheFile) },
  })
  const crypto = new CryptoProvider()
  const findAccount = async ({ homeAccountId }) => homeAccountId && (await app.getTokenCache().getAccountByHomeId(homeAccountId))

  return {
    /** The address of the sign-in page. What the answer is checked against waits in the session. */
    async signIn(session) {
      const { verifier, challenge } = await crypto.generatePkceCodes()
      session.flow = { codeVerifier: verifier, state: crypto.createNewGuid(), nonce: crypto.createNewGuid() }
      const { state, nonce } = session.flow
      return app.getAuthCodeUrl({ scopes: scopes.user, redirectUri, state, nonce, codeChallenge: challenge, codeChallengeMethod: 'S256' })
    },

    /** Takes the answer of the sign-in page. */
    async finish(session, url) {
      const { flow } = session
      delete session.flow
      const { code, state, client_info: clientInfo } = Object.fromEntries(url.searchParams)
      const { account } = await app.acquireTokenByCode(
        { code, scopes: scopes.user, redirectUri, clientInfo, ...flow },
        { code, state, nonce: flow.nonce },
      )
      session.homeAccountId = account.homeAccountId
    },

    /** The user's token; null where they have to sign in. */
    async userToken(session) {
      const account = await findAccount(session)
      if (!account) return null
      try {
        return (await app.acquireTokenSilent({ scopes: scopes.user, account })).accessToken
      } catch (error) {
        if (error instanceof InteractionRequiredAuthError) return null
        throw error
      }
    },

    /** The application's own token. */
    async appToken() {
      return (await app.acquireTokenByClientCredential({ scopes: scopes.application })).accessToken
    },

    /** A token for whoever called with this one. */
    async tokenOnBehalfOf(oboAssertion) {
      return (await app.acquireTokenOnBehalfOf({ oboAssertion, scopes: scopes.caller })).accessToken
    },

    async signOut(session) {
      const account = await findAccount(session)
      if (account) await app.getTokenCache().removeAccount(account)
    },
  }
}

/** Two requests at once may lose what one of them has written. */
const filePlugin = (file) => ({
  async beforeCacheAccess({ tokenCache }) {
    tokenCache.deserialize(await readFile(file, 'utf8').catch(() => ''))
  },
  async afterCacheAccess({ cacheHasChanged, tokenCache }) {
    if (cacheHasChanged) await writeFile(file, tokenCache.serialize(), { mode: 0o600 })
  },
})
